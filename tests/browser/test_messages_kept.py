"""What stays on the page of messages, whatever happens: what is typed, what was corrected, what was chosen."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, Request, Route, expect

from messaging import conversations, preferences, sending
from messaging.models import Conversation, Message, Participant
from projeng.access import Role
from tests.support.people import person
from tests.support.site import Site

from .support import FAILED_REQUESTS, until, until_state
from .test_accessibility import DESK, _serious
from .test_messages import log, message, say

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def site(sites, on_database) -> Site:
    running = sites("gunicorn", "sqlite")
    on_database(running.database_url)
    return running


@pytest.fixture
def people(site) -> tuple[User, User]:
    return (
        person(Role.HEAD, first_name="Maria", last_name="Torres"),
        person(Role.ENGINEER, first_name="Luis", last_name="Ramos"),
    )


def field(page: Page):
    return page.get_by_role("textbox", name="Message", exact=True)


def test_a_reset_reads_everything_anew_and_keeps_what_somebody_is_typing(site, browse, people):
    head, engineer = people
    one, _ = sending.send(sender=engineer, receiver=head, text="As it was")
    group = conversations.create(creator=head, kind="group", participants=[engineer], subject="Drainage")
    sending.send(sender=engineer, conversation=group, text="Who comes?")
    page = browse(site).open(head, f"/messages/{one.conversation_id}/", viewport=DESK, tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    expect(message(page, "As it was")).to_be_visible()
    page.evaluate("window.opened = true")
    field(page).press_sequentially("Half a sent")
    page.context.set_offline(True)
    until(page, lambda: page.locator("#connection").get_attribute("data-state") != "live", "the connection is lost")
    # As after a restore: the state is another one, and no event tells of it. The browser's cursor says nothing.
    Message.objects.filter(pk=one.pk).update(text="As it is")
    Conversation.objects.filter(pk=group.pk).update(title="Drainage of Apokon")
    page.route(
        re.compile("last_event_id="),
        lambda route: route.continue_(url=re.sub(r"last_event_id=[^&]*", "last_event_id=999999999", route.request.url)),
    )
    # What fails at first is asked for again.
    page.route(
        re.compile(r"/conversations/\d+/messages/"),
        lambda route: route.fulfill(status=503, json={"error": "Not now.", "code": "away"}),
        times=1,
    )
    page.context.set_offline(False)
    expect(page.get_by_role("navigation", name="Conversations")).to_contain_text("Drainage of Apokon")
    expect(message(page, "As it is")).to_be_visible()
    expect(log(page)).not_to_contain_text("As it was")
    assert page.evaluate("window.opened"), "it was not loaded as a whole"
    expect(field(page)).to_be_focused()
    page.keyboard.type("ence")
    expect(field(page)).to_have_value("Half a sentence")


def test_a_correction_that_fails_while_one_is_elsewhere_is_offered_again_in_its_conversation(site, browse, people):
    head, engineer = people
    one, _ = sending.send(sender=head, receiver=engineer, text="The concrete comes at 6.")
    group = conversations.create(creator=head, kind="group", participants=[engineer], subject="Drainage")
    sending.send(sender=head, conversation=group, text="Who comes?")
    path = f"/messages/{one.conversation_id}/"
    page = browse(site).open(head, path, viewport=DESK, reduced_motion="reduce", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    expect(message(page, "comes at 6")).to_be_visible()
    field(page).fill("A draft")
    held: list[Route] = []
    page.route("**/api/messages/*/", lambda route: held.append(route), times=1)
    message(page, "comes at 6").focus()
    page.get_by_role("button", name="Edit", exact=True).press("Enter")
    say(page, "The concrete comes at 7.")
    until(page, lambda: held, "the correction is on its way")
    page.get_by_role("link", name=re.compile("Drainage")).click()
    expect(message(page, "Who comes?")).to_be_visible()
    field(page).fill("Another draft")
    held[0].fulfill(status=403, json={"error": "Not now.", "code": "forbidden"})
    expect(page.locator(".messages-notice")).to_have_text("Not now. Your correction is kept in its conversation.")
    expect(field(page)).to_have_value("Another draft")
    # Also after a reload; then it is saved, and the draft is there again.
    page.goto(path)
    expect(page.locator(".composer-about")).to_contain_text("Edit your message")
    expect(field(page)).to_have_value("The concrete comes at 7.")
    field(page).press("Enter")
    expect(message(page, "comes at 7")).to_contain_text("edited")
    expect(field(page)).to_have_value("A draft")
    assert page.evaluate("JSON.stringify({...localStorage})").count("comes at 7") == 0
    # One that is only begun stays, too, until one leaves it.
    message(page, "comes at 7").focus()
    page.get_by_role("button", name="Edit", exact=True).press("Enter")
    field(page).fill("The concrete comes at 8.")
    page.get_by_role("link", name=re.compile("Drainage")).click()
    expect(field(page)).to_have_value("Another draft")
    page.get_by_role("link", name=re.compile("Luis Ramos")).click()
    expect(field(page)).to_have_value("The concrete comes at 8.")
    field(page).press("Escape")
    expect(field(page)).to_have_value("A draft")
    page.reload()
    expect(field(page)).to_have_value("A draft")


def test_privacy_is_chosen_by_keyboard_and_what_is_unread_is_found_behind_what_is_not(site, browse, people):
    head, engineer = people
    sending.send(sender=engineer, receiver=head, text="Long ago")
    now = timezone.now()
    rows = Conversation.objects.bulk_create(
        Conversation(kind="group", title=f"Group {number}", last_message_at=now) for number in range(40)
    )
    Participant.objects.bulk_create(Participant(conversation=row, person=head) for row in rows)
    page = browse(site).open(head, "/messages/", viewport=DESK, reduced_motion="reduce")
    until_state(page, "live")
    expect(page.get_by_role("link", name=re.compile("Group"))).to_have_count(30)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "/api/conversations/" in request.url else None)
    page.get_by_role("button", name="Unread").press("Enter")
    links = page.get_by_role("navigation", name="Conversations").get_by_role("link")
    expect(links).to_have_count(1)
    expect(links).to_contain_text("Long ago")
    assert len(asked) == 1
    links.press("Enter")
    expect(message(page, "Long ago")).to_be_visible()
    expect(links.locator(".unread-count")).to_have_count(0)
    expect(links).to_have_count(1)  # it is read by now, and stays in sight while it is open
    page.get_by_role("button", name="Unread").press("Enter")
    expect(page.get_by_text("Nothing is unread.")).to_be_visible()
    # Privacy, with nothing but keys; a screen reader is told the names.
    page.get_by_role("button", name="Privacy").press("Enter")
    dialog = page.get_by_role("dialog", name="Privacy")
    expect(dialog.get_by_role("button", name="Save")).to_be_enabled()
    expect(dialog.get_by_role("checkbox", name="Others see what you have read")).to_be_checked()
    assert _serious(page) == []
    dialog.get_by_role("combobox", name="Who sees when you were last here").press("N")
    dialog.get_by_role("checkbox").press("Space")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(".messages-notice")).to_have_text("Saved.")
    expect(page.get_by_role("button", name="Privacy")).to_be_focused()
    chosen = preferences.preference_of(head)
    assert (chosen.last_seen, chosen.sends_read_receipts) == ("nobody", False)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("combobox")).to_have_value("nobody")
    expect(dialog.get_by_role("checkbox")).not_to_be_checked()
