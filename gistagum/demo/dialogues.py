"""What the demo's people say to each other."""

from typing import NamedTuple

from projeng.demo.people import ENGINEERS, FINANCE, HEAD

FIRST, SECOND, THIRD = ENGINEERS
GROUP_TITLE = "Site visits"


class Line(NamedTuple):
    """Who says what. ``answers`` is the place, in its dialogue, of the line that it answers."""

    who: str
    text: str
    answers: int | None = None


class Dialogue(NamedTuple):
    """Lines between two people, in the group of the site visits, or (``is_about_project``) about a project."""

    people: tuple[str, ...]
    lines: tuple[Line, ...]
    is_about_project: bool = False


DIALOGUES = (
    Dialogue(
        (HEAD, FIRST),
        (
            Line(FIRST, "Good morning Ma'am. The concrete for the covered court came at 7."),
            Line(HEAD, "Good. Did they bring the results of the slump test?"),
            Line(FIRST, "Yes, 95 mm. I bring the sheet this afternoon.", 1),
            Line(HEAD, "Thank you. Please take pictures before they pour."),
            Line(FIRST, "Of course. One more thing: the crane is only free until Thursday."),
        ),
    ),
    Dialogue(
        (HEAD, FINANCE),
        (
            Line(FINANCE, "The voucher for the drainage is back from the accountant, two signatures are missing."),
            Line(HEAD, "Mine, I suppose. Please leave it on my desk."),
            Line(FINANCE, "It is there. The supplier asks when he is paid."),
            Line(HEAD, "On Friday, if the receipts are complete by then.", 2),
            Line(FINANCE, "They are complete since noon."),
        ),
    ),
    Dialogue(
        (FINANCE, SECOND),
        (
            Line(FINANCE, "The receipt for the steel bars cannot be read. Could you scan it again?"),
            Line(SECOND, "I'm on site, in an hour at the office."),
            Line(FINANCE, "That is early enough, thank you."),
            Line(SECOND, "Done, it is with the cost now."),
        ),
    ),
    Dialogue(
        (HEAD, FIRST, SECOND, THIRD),
        (
            Line(HEAD, "Who can be on site tomorrow at 8?"),
            Line(SECOND, "I can.", 0),
            Line(THIRD, "Me too, with the level.", 0),
            Line(FIRST, "I come later, about 9:30. The bridge is closed, so take the road by the market."),
            Line(HEAD, "Then we begin with the drainage and wait for you with the rest."),
            Line(THIRD, "It rains since an hour. Do we go all the same?"),
            Line(HEAD, "If it stops by 10. I tell you at 9:45.", 5),
        ),
    ),
    Dialogue(
        (HEAD, FIRST, FINANCE),
        (
            Line(FIRST, "Formwork is ready for inspection."),
            Line(HEAD, "I come at 2."),
            Line(FINANCE, "The plywood was more than in the quotation: is that a change order?"),
            Line(FIRST, "Yes, the second one. I file it today.", 2),
            Line(HEAD, "Inspected, you can pour."),
        ),
        is_about_project=True,
    ),
)
REACTIONS = ("👍", "🙏", "✅", "❤️")
