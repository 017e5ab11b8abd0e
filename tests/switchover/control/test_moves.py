"""The list of moves, and the page of one: what it shows, and its buttons."""

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from projeng.access import Role
from switchover.demotions.models import Demotion
from switchover.evidence.models import AnswerCount
from switchover.shadow.models import Difference
from tests.support.control_room import client_of, visible_text
from tests.support.people import person

pytestmark = pytest.mark.django_db
PAGE = "/ops/moves/greeting/"


@pytest.fixture
def staff():
    return person(Role.HEAD, "maria", is_staff=True)


def text(user, address=PAGE):
    answer = client_of(user).get(address)
    assert answer.status_code == 200
    return visible_text(answer.content.decode())


def told(user, **fields):
    answer = client_of(user).post(PAGE, fields)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_every_move_is_listed_with_where_it_stands(move, staff):
    shown = text(staff, "/ops/moves/")
    assert "The greeting" in shown
    assert "How live updates reach browsers" in shown
    assert "Phase 0, the system as it was" in shown


@pytest.fixture
def phases(settings, tmp_path):
    """Two phases of the move, the first of which is in force."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "env").mkdir()
    for number, way in enumerate(("morning", "evening")):
        (tmp_path / "env" / f"greeting-phase-{number}.env").write_text(f"# Phase {number}, {way}:\nGREETING={way}\n")


@pytest.mark.usefixtures("move", "phases")
def test_a_move_between_phases_says_once_why(staff, settings):
    settings.GREETING = "noon"
    shown = text(staff, "/ops/moves/")
    assert "Between phases" in shown
    assert shown.count("GREETING=noon") == 1


@pytest.mark.usefixtures("move", "phases")
def test_the_checklist_offers_the_next_phase(staff):
    page = client_of(staff).get(PAGE).content.decode()
    assert '<option value="1" selected>' in page


@pytest.mark.usefixtures("move")
def test_the_button_that_takes_the_new_way_away_comes_before_what_is_long(staff):
    page = client_of(staff).get(PAGE).content.decode()
    assert page.index('id="demotions"') < page.index('id="evidence"') < page.index('id="differences"')


@pytest.mark.usefixtures("move")
def test_what_was_not_compared_is_shown_with_the_evidence(staff):
    AnswerCount.objects.create(
        move="greeting",
        way="evening",
        endpoint="POST /files",
        kind="skipped",
        within_ms=1,
        count=3,
        minute=timezone.now(),
    )
    assert "Never compared: POST /files" in text(staff)


def test_the_page_of_the_transport_is_the_control_room(staff):
    answer = client_of(staff).get("/ops/moves/transport/")
    assert (answer.status_code, answer["Location"]) == (302, "/ops/realtime/")


@pytest.mark.usefixtures("move")
def test_only_staff_find_it():
    assert client_of(person(Role.ENGINEER, "ana")).get(PAGE).status_code == 404
    assert client_of().get(PAGE).status_code == 302


def test_a_move_that_there_is_not_is_not_found(staff):
    assert client_of(staff).get("/ops/moves/nothing/").status_code == 404


@pytest.mark.usefixtures("move")
def test_shares_differences_and_the_verdict_are_shown(staff):
    about = {"move": "greeting", "endpoint": "GET /hello/{id}/", "minute": timezone.now(), "within_ms": 20}
    AnswerCount.objects.create(way="morning", kind="served", count=30, **about)
    AnswerCount.objects.create(way="evening", kind="served", count=10, **about)
    AnswerCount.objects.create(way="evening", kind="different", count=2, **about)
    Difference.objects.create(
        move="greeting", endpoint="GET /hello/{id}/", kind="field", path="name", old='"aaa"', new="<b>", digest="x"
    )
    shown = text(staff)
    assert "Answered by morning 75 % 30" in shown
    assert "Answered by evening 25 % 10" in shown
    assert "Verdict on evening Bad Different answers: 2 (of 2) is over the limit of 0." in shown
    assert "GET /hello/{id}/ 10 0 2 0 0" in shown
    assert "morning &quot;aaa&quot; evening &lt;b&gt;" in shown


def test_a_page_costs_a_fixed_number_of_queries(move, staff, django_assert_max_num_queries):
    for number in range(40):
        Difference.objects.create(move="greeting", endpoint="GET /", kind="status", digest=str(number))
        move.demotions.demote("caller", str(number), reason="asked", by="ops")
    client = client_of(staff)
    with django_assert_max_num_queries(20):
        client.get(PAGE)


def test_taken_and_given_back_with_who_and_why(move, staff):
    assert told(staff, action="take", scope="caller", subject="ana", reason="asked").startswith("The way evening of")
    [held] = move.demotions.held()
    assert (held.scope, held.subject, held.reason, held.by) == ("caller", "ana", "asked", "maria")
    assert "already" in told(staff, action="take", scope="caller", subject="ana", reason="again")
    assert "Given back" in told(staff, action="give_back", scope="caller", subject="ana")
    assert "Nothing was taken" in told(staff, action="give_back", scope="all")
    assert Demotion.objects.get().lifted_by == "maria"
    assert "Taken away from caller ana" in text(staff)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action": "take", "scope": "all"},
        {"action": "take", "scope": "caller", "reason": "why"},
        {"action": "take", "scope": "user", "subject": "ana", "reason": "why"},
        {"action": "take", "scope": "caller", "subject": "a" * 151, "reason": "why"},
        {"action": "take", "scope": "caller", "subject": "a\0b", "reason": "why"},
        {"action": "take", "scope": "all", "reason": "a" * 301},
    ],
)
@pytest.mark.usefixtures("move")
def test_what_cannot_be_done_is_told_and_nothing_is_changed(staff, fields):
    assert told(staff, **fields).startswith("Nothing was changed.")
    assert not Demotion.objects.exists()


@pytest.mark.parametrize("query", ["?days=7", "?days=x", "?days=-1", "?to=9", "?to=x", "?days=%00"])
@pytest.mark.usefixtures("move")
def test_any_query_is_answered(staff, query):
    text(staff, PAGE + query)
