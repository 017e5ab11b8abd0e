"""Two people write to each other so that only their browsers can read it."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from messaging import sending
from messaging.events import MessageCreated
from messaging.models import Conversation, DeviceKey, Message, MessageEdit
from projeng.access import Role
from realtime.log.models import Event, OutboxEvent
from tests.support.people import person
from tests.support.site import Site

from .support import FAILED_REQUESTS, until, until_state
from .test_accessibility import DESK, PHONE, _serious
from .test_messages import log, message, say
from .test_screens import FOLDER

pytestmark = pytest.mark.timeout(150)
SECRET, BETTER = "The safe is behind the mirror.", "The safe is in the cellar."


@pytest.fixture
def site(sites, on_database) -> Site:
    running = sites("gunicorn", "sqlite")
    on_database(running.database_url)
    return running


@pytest.fixture
def people(site) -> tuple[User, User]:
    return (
        person(Role.HEAD, first_name="Maria", last_name="Reyes"),
        person(Role.ENGINEER, first_name="Paolo", last_name="Lim"),
    )


@pytest.fixture
def conversation(people) -> Conversation:
    message, _ = sending.send(sender=people[1], receiver=people[0], text="Write to me encrypted.")
    return message.conversation


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="End-to-end encryption")


def open_dialog(page: Page) -> None:
    page.get_by_label("What you can do with this conversation").press("Enter")
    page.get_by_role("button", name="End-to-end encryption").press("Enter")
    expect(dialog(page)).to_be_visible()


def switch_on(page: Page) -> None:
    open_dialog(page)
    dialog(page).get_by_role("button", name="Switch on").press("Enter")
    expect(dialog(page).get_by_role("button", name="Switch off")).to_be_visible()


def close(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


def refused(page: Page) -> None:
    """A text was refused, since it would be encrypted for keys that the person has not looked at."""
    alert = page.get_by_role("alert").filter(has_text="Not sent. The keys of this conversation have changed.")
    expect(alert).to_be_visible()


def number(page: Page) -> str:
    shown = dialog(page).locator(".encryption-number")
    expect(shown).to_have_text(re.compile(r"^(\d{5} ){11}\d{5}$"))
    return shown.inner_text()


def everything_kept(site: Site) -> str:
    """What the database, the log of events and the server's own log hold; decrypted, what is encrypted at rest."""
    texts = [one.text for one in (*Message.objects.all(), *MessageEdit.objects.all())]
    for event in Event.objects.filter(type__in=("message_created", "message_edited")):
        texts.append(f"event: {MessageCreated.opened(event.fields)['message']['text']}")
    others = [f"{one.fields}" for one in (*Event.objects.all(), *OutboxEvent.objects.all())]
    return "\n".join([*texts, *others, site.log.read_text(errors="replace")])


def test_two_people_write_what_neither_the_database_nor_the_log_can_tell(site, browse, people, conversation):
    head, engineer = people
    browsing = browse(site)
    path = f"/messages/{conversation.pk}/"
    desk = browsing.open(head, path, viewport=DESK, reduced_motion="reduce", tolerate=[FAILED_REQUESTS])
    phone = browsing.open(engineer, path, viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    for page in (desk, phone):
        until_state(page, "live")
        expect(message(page, "Write to me encrypted.")).to_be_visible()
    # One of them alone: it is said that nothing can be sent encrypted, and nothing goes out in the clear.
    switch_on(desk)
    expect(dialog(desk).locator(".encryption-state")).to_contain_text("Paolo Lim has no device with keys yet.")
    expect(dialog(desk).get_by_role("heading", name="Compare the keys")).to_be_hidden()
    expect(dialog(desk).get_by_role("list", name="Devices")).to_contain_text("This browser")
    close(desk)
    expect(desk.locator(".encryption-line")).to_contain_text("Paolo Lim has no device with keys yet")
    say(desk, SECRET)
    expect(desk.get_by_role("alert").filter(has_text="Not sent. The other person has no device")).to_be_visible()
    assert not Message.objects.filter(sender=head).exists()
    # Both of them: the same number, which nobody who names other keys could show.
    switch_on(phone)
    expect(dialog(phone).get_by_role("heading", name="Compare the keys")).to_be_visible()
    dialog(phone).get_by_role("button", name="Switch off").scroll_into_view_if_needed()
    expect(dialog(phone).locator(".encryption-state")).to_be_in_viewport(ratio=1)  # what the button at the foot answers
    theirs = number(phone)
    close(phone)
    desk.get_by_role("button", name="Try again").press("Enter")
    expect(message(phone, SECRET)).to_be_visible()
    expect(message(desk, SECRET).locator(".mark")).to_have_text("Read")
    expect(message(phone, SECRET).locator(".lock")).to_have_text("End-to-end encrypted")
    expect(desk.locator(".encryption-line")).to_contain_text("End-to-end encrypted")
    expect(desk.get_by_role("button", name="Attach files")).to_be_hidden()
    open_dialog(desk)
    assert number(desk) == theirs
    expect(dialog(desk).get_by_role("button", name="We have compared it")).to_be_hidden()
    assert _serious(desk) == []
    desk.screenshot(path=FOLDER / "messages-encryption-desk-light.png")
    close(desk)
    # An answer and a correction; what a screen reader hears of it, and what the list shows.
    message(phone, SECRET).locator(".message-text").click()
    phone.get_by_role("button", name="Answer", exact=True).click()
    say(phone, "Which mirror, ñ?")
    expect(message(desk, "Which mirror, ñ?").get_by_role("button", name=SECRET)).to_be_visible()
    expect(desk.locator(".messages-spoken")).to_have_text(re.compile("Which mirror, ñ\\?$"))
    expect(desk.get_by_role("navigation", name="Conversations")).to_contain_text("[Encrypted message]")
    desk.get_by_role("textbox", name="Message", exact=True).press("ArrowUp")
    expect(desk.get_by_role("textbox", name="Message", exact=True)).to_have_value(SECRET)
    say(desk, BETTER)
    expect(message(phone, BETTER).first).to_contain_text("edited")
    # A reload reads it all again, with a draft; the private key cannot be taken out of the browser.
    desk.get_by_role("textbox", name="Message", exact=True).fill("Half a sec")
    desk.reload()
    expect(message(desk, BETTER).first).to_be_visible()
    expect(desk.get_by_role("textbox", name="Message", exact=True)).to_have_value("Half a sec")
    extractable = desk.evaluate(
        """async (person) => {
          const { DeviceStore } = await import("/static/messaging/js/device_store.js");
          return (await new DeviceStore(person).read()).privateKey.extractable;
        }""",
        head.pk,
    )
    assert extractable is False
    phone.screenshot(path=FOLDER / "messages-encrypted-phone-light.png")
    kept = everything_kept(site)
    assert 'event: {"v":1' in kept
    assert "Write to me encrypted." in kept, "what is not encrypted end to end is found"
    for text in (SECRET, BETTER, "Which mirror", "Half a sec"):
        assert text not in kept
    assert conversation.messages.filter(kind="encrypted").count() == 2


def test_a_browser_without_the_keys_says_so_and_whoever_has_some_answers_encrypted(site, browse, people, conversation):
    engineer = people[1]
    browsing = browse(site)
    path = f"/messages/{conversation.pk}/"
    here, there = (browsing.open(one, path, viewport=DESK) for one in people)
    for page in (here, there):
        switch_on(page)
        close(page)
    say(here, SECRET)
    expect(message(there, SECRET)).to_be_visible()
    # Whoever has keys answers encrypted, also where they have chosen nothing.
    there.evaluate("localStorage.clear()")
    there.reload()
    expect(message(there, SECRET)).to_be_visible()
    expect(there.locator(".encryption-line")).to_contain_text("End-to-end encrypted")
    expect(there.get_by_placeholder("Encrypted message")).to_be_visible()
    # A copy of keys reads what is written since.
    open_dialog(there)
    dialog(there).get_by_text("Keep a copy").press("Enter")
    dialog(there).get_by_label("Passphrase").fill("too short")
    dialog(there).get_by_role("button", name="Save a copy").press("Enter")
    expect(dialog(there).get_by_role("alert")).to_have_text("The passphrase has at least 12 characters.")
    dialog(there).get_by_label("Passphrase").fill("correct horse battery")
    with there.expect_download() as saved:
        dialog(there).get_by_role("button", name="Save a copy").press("Enter")
    close(there)
    say(here, "For the copy, too.")
    refused(here)
    here.get_by_role("button", name="Details").press("Enter")
    expect(dialog(here).get_by_role("button", name="We have compared it")).to_be_visible()
    close(here)
    here.get_by_role("button", name="Try again").press("Enter")
    expect(message(there, "For the copy, too.")).to_be_visible()
    # Another browser of the same person reads nothing of it, and says why.
    other = browsing.open(engineer, path, viewport=PHONE)
    other.emulate_media(color_scheme="dark")
    expect(log(other)).to_contain_text("Encrypted. This browser has no keys for it.")
    assert _serious(other) == []
    expect(other.locator(".encryption-line")).to_contain_text("This browser has no keys")
    switch_on(other)
    expect(dialog(other).get_by_role("list", name="Devices").get_by_role("listitem")).to_have_count(4)
    dialog(other).get_by_text("Keep a copy").press("Enter")
    assert _serious(other) == []
    dialog(other).get_by_label("File of a copy").set_input_files(saved.value.path())
    dialog(other).get_by_label("Passphrase").fill("correct horse battery")
    dialog(other).get_by_role("button", name="Read with the copy").press("Enter")
    expect(message(other, "For the copy, too.")).to_be_attached()
    close(other)
    expect(log(other)).to_contain_text("Encrypted. It was not encrypted for this browser.")
    # A device more: the others are told that the keys have changed, and write for it once they have looked.
    say(here, BETTER)
    refused(here)
    expect(here.locator(".encryption-line")).to_contain_text("The keys of this conversation have changed.")
    here.get_by_role("button", name="Details").press("Enter")
    dialog(here).get_by_role("button", name="We have compared it").press("Enter")
    close(here)
    expect(here.locator(".encryption-line")).to_contain_text("End-to-end encrypted")
    here.get_by_role("button", name="Try again").press("Enter")
    expect(message(other, BETTER)).to_be_visible()
    # Switched off, it says so; the keys are forgotten for good.
    open_dialog(other)
    dialog(other).get_by_role("button", name="Switch off").press("Enter")
    close(other)
    expect(other.locator(".encryption-line")).to_contain_text("What you write here is not encrypted.")
    say(other, "For everybody")
    expect(message(here, "For everybody")).to_be_visible()
    expect(message(here, "For everybody").locator(".lock")).to_have_count(0)
    open_dialog(other)
    dialog(other).get_by_role("button", name="Forget this browser’s keys").press("Enter")
    other.get_by_role("dialog", name="Forget the keys").get_by_role("button", name="Forget").press("Enter")
    until(other, lambda: DeviceKey.objects.filter(person=engineer).count() == 2, "the key is taken back")
    close(other)
    expect(log(other)).not_to_contain_text(BETTER)
    kinds = Message.objects.filter(conversation=conversation).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["text", "encrypted", "encrypted", "encrypted", "text"]
