"""What two people see of each other's messages: on a desk and on a phone, over either transport."""

import itertools
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from messaging import conversations, receipts, sending
from messaging.models import Message
from projeng.access import Role
from projeng.models import Project
from tests.support.people import person
from tests.support.site import Site

from .support import FAILED_REQUESTS, NO_SPREAD, until, until_state
from .test_accessibility import DESK, PHONE, STRUCTURE, _serious
from .test_screens import FOLDER

pytestmark = pytest.mark.timeout(150)
PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)
numbers = itertools.count(1)
over_sse = pytest.mark.parametrize("site", ["gunicorn-sqlite"], indirect=True)


@pytest.fixture
def site(request, sites, on_database) -> Site:
    running = sites(*request.param.split("-"))
    on_database(running.database_url)
    return running


@pytest.fixture
def people() -> Callable[[], tuple[User, User]]:
    """A head and an engineer, whom no other test knows."""

    def make() -> tuple[User, User]:
        number = f"{next(numbers):03}"  # no name is part of another one
        head = person(Role.HEAD, first_name="Maria", last_name=f"Santos {number}")
        return head, person(Role.ENGINEER, first_name="Jose", last_name=f"Cruz {number}")

    return make


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def say(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Message", exact=True)
    field.fill(text)
    field.press("Enter")


def message(page: Page, text: str) -> Locator:
    return log(page).get_by_role("listitem").filter(has_text=text)


def badge(page: Page) -> Locator:
    return page.locator("#messages-count")


def two_people_write(site: Site, browse, head: User, engineer: User) -> None:
    """From the first word to a read one, and what one can do with a message."""
    browsing = browse(site)
    desk = browsing.open(head, "/messages/", viewport=DESK, reduced_motion="reduce")
    phone = browsing.open(engineer, "/projeng/", viewport=PHONE, has_touch=True, is_mobile=True)
    for page in (desk, phone):
        until_state(page, "live")
    # The desk begins a conversation with nothing but the keyboard.
    desk.get_by_role("button", name="New", exact=True).press("Enter")
    desk.get_by_role("searchbox", name="To whom").fill(engineer.last_name)
    desk.get_by_role("button", name=engineer.get_full_name()).press("Enter")
    desk.get_by_role("button", name="Begin").press("Enter")
    say(desk, "The concrete comes at 7.")
    expect(desk).to_have_url(re.compile(r"/messages/\d+/$"))
    mark = message(desk, "The concrete").locator(".mark")
    # The phone is on another page: it hears of it there, and the desk that it has arrived.
    expect(badge(phone)).to_have_text("1")
    expect(phone.locator("#toast-message")).to_have_text(f"{head.get_full_name()}: The concrete comes at 7.")
    expect(mark).to_have_text("Delivered")
    phone.locator("#toast-link").click()
    expect(message(phone, "The concrete")).to_be_visible()
    expect(phone.locator(".messages-side")).to_be_hidden()
    expect(mark).to_have_text("Read")
    expect(badge(phone)).to_be_hidden()
    # Typing, and what comes of it.
    phone.get_by_role("textbox", name="Message", exact=True).press_sequentially("Good")
    expect(desk.locator(".typing-line")).to_have_text(f"{engineer.get_full_name()} is typing")
    expect(desk.locator(".window-status")).to_have_text("Online")
    phone.get_by_role("button", name="Send").click()
    expect(message(desk, "Good")).to_be_visible()
    expect(desk.locator(".typing-line")).to_be_empty()
    expect(desk.locator(".messages-spoken")).to_have_text(re.compile("Good$"))
    # An answer, a reaction, a correction, a deletion.
    message(desk, "Good").focus()
    desk.get_by_role("button", name="Answer", exact=True).press("Enter")
    say(desk, "<b>Who</b> is there?")
    expect(message(phone, "<b>Who</b> is there?").get_by_role("button", name="Good")).to_be_visible()
    message(phone, "<b>Who</b>").locator(".message-text").click()
    phone.get_by_role("button", name="React with 👍").click()
    expect(message(desk, "<b>Who</b>").get_by_role("button", name=f"👍: {engineer.get_full_name()}")).to_be_visible()
    message(desk, "<b>Who</b>").focus()
    celebrate = desk.get_by_role("button", name="React with 🎉")
    celebrate.press("Enter")
    expect(message(desk, "<b>Who</b>").get_by_role("button", name="🎉: You")).to_be_visible()
    expect(celebrate).to_be_focused()  # although the message was made anew
    desk.get_by_role("textbox", name="Message", exact=True).press("ArrowUp")
    say(desk, "Who will be there?")
    expect(message(phone, "Who will be there?")).to_contain_text("edited")
    message(desk, "The concrete").focus()
    desk.get_by_role("button", name="Delete", exact=True).press("Enter")
    desk.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    expect(log(phone)).to_contain_text("This message was deleted")
    expect(log(phone)).not_to_contain_text("The concrete")


@over_sse
def test_two_people_write_to_each_other(site, browse, people):
    two_people_write(site, browse, *people())


def test_two_people_write_to_each_other_over_websocket(socket_site, browse, people):
    two_people_write(socket_site, browse, *people())


@over_sse
def test_what_is_written_without_a_connection_is_sent_once_and_in_order(site, browse, people):
    head, engineer = people()
    sending.send(sender=engineer, receiver=head, text="Are you there?")
    conversation = conversations.open_direct(head, engineer)
    path = f"/messages/{conversation.pk}/"
    page = browse(site).open(head, path, tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    expect(log(page)).to_contain_text("Are you there?")
    page.context.set_offline(True)
    for text in ("First", "Second"):
        say(page, text)
    page.get_by_role("textbox", name="Message", exact=True).fill("Half a sent")
    expect(message(page, "Second")).to_have_attribute("data-state", re.compile("waiting"))
    page.context.set_offline(False)
    expect(message(page, "Second").locator(".mark")).to_have_text(re.compile("Sent|Delivered"))
    texts = Message.objects.filter(conversation=conversation, sender=head).order_by("seq")
    assert [one.text for one in texts] == ["First", "Second"]
    # The answer to a message was lost: it is sent again, and is there once. A draft survives the reload.
    page.route("**/api/messages/", lambda route: (route.fetch(), route.abort()), times=1)
    field = page.get_by_role("textbox", name="Message", exact=True)
    field.fill("Third")
    field.press("Enter")
    until(page, lambda: texts.all().count() == 3, "the server has the third message")
    expect(message(page, "Third").locator(".mark")).to_have_text(re.compile("Sent|Delivered"))
    message(page, "Are you there?").focus()
    page.get_by_role("button", name="Answer", exact=True).press("Enter")
    field.fill("Half a sent")
    page.reload()
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_have_value("Half a sent")
    expect(page.locator(".composer-about")).to_contain_text("Are you there?")
    expect(message(page, "Third")).to_have_count(1)
    expect(message(page, "Third").locator(".mark")).to_have_text(re.compile("Sent|Delivered"))
    assert texts.all().count() == 3
    # What was refused keeps its text and says why.
    refusal = {"status": 403, "json": {"error": "Not now.", "code": "forbidden"}}
    page.route("**/api/messages/", lambda route: route.fulfill(**refusal), times=1)
    say(page, "Fourth")
    expect(page.get_by_role("alert").filter(has_text="Not sent. Not now.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(message(page, "Fourth").locator(".mark")).to_have_text(re.compile("Sent|Delivered"))
    # A correction, too, as long as it may be tried again.
    page.route("**/api/messages/*/", lambda route: route.fulfill(**refusal), times=1)
    field.press("ArrowUp")
    say(page, "Fourth and last")
    expect(page.locator(".messages-notice")).to_have_text("Not now.")
    expect(field).to_have_value("Fourth and last")
    field.press("Enter")
    expect(message(page, "Fourth and last")).to_contain_text("edited")
    # Nothing of it stays for whoever signs in next.
    page.get_by_role("textbox", name="Message", exact=True).fill("For nobody else")
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('messages'))") == []


@over_sse
def test_files_go_with_a_message_and_history_comes_as_one_scrolls(site, browse, people):
    head, engineer = people()
    for number in range(1, 101):
        sending.send(sender=engineer, receiver=head, text=f"Line {number}.")
    conversation = conversations.open_direct(head, engineer)
    page = browse(site).open(head, f"/messages/{conversation.pk}/", viewport=DESK, reduced_motion="reduce")
    until_state(page, "live")
    expect(message(page, "Line 100.")).to_be_attached()
    expect(message(page, "Line 20.")).to_have_count(0)

    def scrolled_to_the_first() -> bool:
        page.locator(".thread-scroller").evaluate("(element) => element.scrollTo(0, 0)")
        return message(page, "Line 1.").count() == 1

    until(page, scrolled_to_the_first, "the first message is there")
    assert log(page).get_by_role("listitem").filter(has_text=re.compile("Line")).count() == 100
    page.get_by_role("button", name="To the newest message").click()
    expect(message(page, "Line 100.")).to_be_in_viewport()
    # Chosen with the button, pasted, and dropped.
    page.get_by_label("Files", exact=True).set_input_files(
        [
            {"name": "site.png", "mimeType": "image/png", "buffer": PICTURE},
            {"name": "list.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"},
        ]
    )
    page.get_by_role("textbox", name="Message", exact=True).evaluate(
        """(field) => {
          const data = new DataTransfer();
          data.items.add(new File(["pasted"], "note.txt", { type: "text/plain" }));
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    page.locator(".window-head").evaluate(
        """(head) => {
          const data = new DataTransfer();
          data.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
          head.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    tray = page.get_by_role("list", name="Files of the next message")
    expect(tray.locator('[data-state="done"]')).to_have_count(4)
    for name in ("note.txt", "dropped.txt"):
        tray.get_by_role("button", name=f"Remove {name}").click()
    say(page, "Two files")
    expect(message(page, "Two files").get_by_role("link", name="site.png")).to_be_visible()
    picture = message(page, "Two files").get_by_role("img", name="site.png")
    until(page, lambda: picture.evaluate("(image) => image.naturalWidth > 0"), "the thumbnail is shown")
    expect(message(page, "Two files").get_by_role("link", name="list.csv 8 bytes")).to_be_visible()


@over_sse
def test_a_project_has_a_conversation_that_one_loses_with_the_project(site, browse, people):
    head, engineer = people()
    project = Project.objects.create(name="Covered court", barangay="Apokon", created_by=head)
    project.assigned_engineers.add(engineer)
    browsing = browse(site)
    page = browsing.open(head, f"/projeng/projects/{project.pk}/", viewport=DESK)
    page.context.add_init_script(NO_SPREAD)
    until_state(page, "live")
    page.locator(".panel-summary").click()
    expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    other = browsing.open(engineer, f"/messages/about/project:{project.pk}/", tolerate=[FAILED_REQUESTS], viewport=DESK)
    until_state(other, "live")
    expect(other.get_by_role("heading", name="Covered court")).to_be_visible()
    say(page, "Formwork is ready.")
    expect(message(other, "Formwork is ready.")).to_be_visible()
    project.assigned_engineers.remove(engineer)
    expect(other.locator(".messages-notice")).to_have_text("This conversation is no longer yours to see.", timeout=2000)
    expect(log(other)).to_be_hidden()
    expect(other.get_by_role("navigation", name="Conversations")).not_to_contain_text("Covered court")
    say(page, "Nobody of them reads this.")
    expect(message(page, "Nobody of them").locator(".mark")).to_have_text("Sent")
    expect(badge(other)).to_be_hidden()
    assert other.goto(f"/messages/about/project:{project.pk}/").status == 404


@over_sse
def test_the_page_is_sound_on_a_desk_and_a_phone_in_light_and_dark(site, browse, people):
    head, engineer = people()
    group = conversations.create(
        creator=head, kind="group", participants=[engineer], subject="Drainage", settings={"shows_history": True}
    )
    asked, _ = sending.send(sender=head, conversation=group, text="Who can be on site tomorrow at 8?")
    sending.send(sender=engineer, conversation=group, text="I can.", parent_id=asked.pk)
    receipts.mark_read(engineer, conversation=group, up_to=asked.pk)
    sending.send(sender=engineer, receiver=head, text="The concrete comes at 7.")
    page = browse(site).open(head, "/messages/", reduced_motion="reduce")
    until_state(page, "live")
    first = page.get_by_role("link", name=re.compile("concrete"))
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=re.compile("Drainage"))).to_be_focused()
    for size, scheme in itertools.product({"desk": DESK, "phone": PHONE}.items(), ("light", "dark")):
        page.set_viewport_size(size[1])
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for pane in ("list", "conversation"):
            if pane == "conversation":
                page.get_by_role("link", name=re.compile("Drainage")).click()
                expect(message(page, "I can.")).to_be_visible()
                expect(message(page, "Who can be on site").first.locator(".mark")).to_have_text("Read by all")
            page.screenshot(path=FOLDER / f"messages-{pane}-{size[0]}-{scheme}.png")
            structure = page.evaluate(STRUCTURE)
            assert structure["headings"] == ["Messages"]
            assert (structure["unlabelled"], structure["nameless"], structure["ids"]) == ([], [], [])
            assert structure["wide"] <= 0
            assert _serious(page) == []
        if size[0] == "phone":
            page.get_by_role("button", name="Back to the list").click()
        else:
            page.goto("/messages/")
        expect(first).to_be_visible()
    # The dialogs, on the phone in dark: sound, and left with Escape or the button.
    page.get_by_role("button", name="New", exact=True).click()
    dialog = page.get_by_role("dialog", name="New conversation")
    dialog.get_by_role("searchbox", name="To whom").fill(engineer.last_name)
    expect(dialog.get_by_role("button", name=engineer.get_full_name())).to_be_visible()
    assert _serious(page) == []
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Privacy").click()
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    assert _serious(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name=re.compile("Drainage")).click()
    page.get_by_label("What you can do with this conversation").press("Enter")
    page.get_by_role("button", name="People").press("Enter")
    expect(page.get_by_role("dialog", name="People")).to_contain_text(f"{head.get_full_name()} (you)")
    assert _serious(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="People")).to_be_hidden()
