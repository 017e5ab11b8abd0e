"""The example in a browser, on another origin than the site: people who write to each other see what the other does."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.messaging.attachments import samples
from tests.support import http

REPORTS = Path(__file__).resolve().parents[3] / "reports" / "react-chat"
LATEST = ".messages li:last-child"


def open_conversation(page: Page, person: dict[str, str]) -> None:
    """Find a person, and open the conversation with them."""
    page.get_by_label("Find somebody").fill(person["full_name"])
    page.locator(".found button", has_text=person["full_name"]).click()
    expect(page.get_by_role("heading", name=person["full_name"])).to_be_visible()


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble", has_text=text)).to_be_visible()


def post(college, sender: dict[str, str], receiver: dict[str, str], text: str) -> None:
    """Send a message from elsewhere."""
    answer = http.post(
        f"{college.url}/api/v1/communication/chats/",
        json={"receiver_id": receiver["id"], "message": text},
        headers={"Authorization": f"Token {sender['token']}"},
        timeout=20,
    )
    assert answer.status_code == 201, answer.text


def shot(page: Page, name: str) -> None:
    REPORTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=REPORTS / f"{name}.png")


def violations(page: Page) -> list[str]:
    """What axe finds."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_a_wrong_password_is_said(browser, served):
    page = browser.new_context().new_page()
    page.goto(served)
    shot(page, "sign-in")
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Unable to log in with provided credentials.")
    page.context.close()


def test_two_people_see_at_once_what_the_other_does(sign_in, people):
    ana, ben = sign_in("ana"), sign_in("ben")
    open_conversation(ana, people["ben"])
    write(ana, "Hello Ben")
    row = ben.locator(".conversation", has_text=people["ana"]["full_name"])
    expect(row.locator(".preview")).to_have_text("Hello Ben")
    expect(row.locator(".badge")).to_contain_text("1")
    expect(ben).to_have_title("(1) Chat")
    expect(ana.locator(f"{LATEST} .mark")).to_contain_text("delivered")
    row.click()
    expect(ben.locator(f"{LATEST} .text")).to_have_text("Hello Ben")
    expect(ana.locator(f"{LATEST} .mark.read")).to_contain_text("read")
    expect(ben).to_have_title("Chat")
    ben.get_by_role("textbox", name="Message").press_sequentially("Hi")
    expect(ana.locator(".window .presence")).to_have_text("typing…")
    ben.get_by_role("button", name="Send").click()
    expect(ana.locator(f"{LATEST} .text")).to_have_text("Hi")
    expect(ana.locator(".window .presence")).to_have_text("online")
    expect(ana.locator(".bubble")).to_have_count(2)
    shot(ana, "window-light")


def test_a_second_tab_shows_what_was_sent_and_read_in_the_first(sign_in, people, college):
    first, second = sign_in("ana"), sign_in("ana")
    open_conversation(first, people["ben"])
    write(first, "From the first tab")
    row = second.locator(".conversation", has_text=people["ben"]["full_name"])
    expect(row.locator(".preview")).to_have_text("You: From the first tab")
    open_conversation(first, people["cora"])
    post(college, people["ben"], people["ana"], "An answer")
    expect(row.locator(".badge")).to_contain_text("1")
    first.locator(".conversation", has_text=people["ben"]["full_name"]).click()
    expect(row.locator(".badge")).to_have_count(0)


def test_what_is_sent_while_the_connection_is_broken_arrives_once_when_it_is_back(sign_in, people, college):
    ben = sign_in("ben")
    post(college, people["ana"], people["ben"], "Before")
    ben.locator(".conversation", has_text=people["ana"]["full_name"]).click()
    expect(ben.locator(f"{LATEST} .text")).to_have_text("Before")
    with ben.expect_request(lambda request: "last-event-id" in request.headers, timeout=60_000):
        college.stop()
        expect(ben.locator(".connection[data-status=waiting]")).to_have_text("No connection. Trying again…")
        shot(ben, "connection-lost")
        college.start()
        for number in range(3):
            post(college, people["ana"], people["ben"], f"Missed {number}")
    expect(ben.locator(f"{LATEST} .text")).to_have_text("Missed 2", timeout=60_000)
    expect(ben.locator(".bubble .text")).to_have_text(["Before", "Missed 0", "Missed 1", "Missed 2"])
    expect(ben.locator(".connection[data-status=open]")).to_be_attached()


def test_a_message_that_cannot_be_sent_is_kept_and_a_retry_sends_it_once(sign_in, people):
    ana, ben = sign_in("ana"), sign_in("ben")
    open_conversation(ana, people["ben"])
    ana.route("**/chats/", lambda route: route.abort())
    ana.get_by_role("textbox", name="Message").fill("Important")
    ana.keyboard.press("Enter")
    expect(ana.locator(".bubble.failed")).to_contain_text("Not sent: The server cannot be reached.")
    shot(ana, "not-sent")
    ana.unroute("**/chats/")
    ana.get_by_role("button", name="Try again").click()
    expect(ana.locator(".bubble.failed")).to_have_count(0)
    expect(ben.locator(".conversation .preview")).to_have_text("Important")
    expect(ana.locator(".bubble")).to_have_count(1)


def test_a_picture_is_sent_and_shown_to_both(sign_in, people):
    ana, ben = sign_in("ana"), sign_in("ben")
    open_conversation(ana, people["ben"])
    picture = {"name": "plan.png", "mimeType": "image/png", "buffer": samples.picture("PNG", (640, 320))}
    ana.get_by_test_id("file").set_input_files(picture)
    expect(ana.locator(".chosen")).to_contain_text("plan.png")
    ana.get_by_role("button", name="Send").click()
    ben.locator(".conversation", has_text=people["ana"]["full_name"]).click()
    for page in (ana, ben):
        image = page.locator(".picture img")
        expect(image).to_be_visible()
        page.wait_for_function("document.querySelector('.picture img')?.naturalWidth === 640")
    shot(ben, "picture")


def test_a_file_of_a_type_that_is_not_accepted_is_refused_in_words(sign_in, people):
    ana = sign_in("ana")
    open_conversation(ana, people["ben"])
    ana.get_by_test_id("file").set_input_files({"name": "a.exe", "mimeType": "image/png", "buffer": b"MZ\0\1"})
    ana.get_by_role("button", name="Send").click()
    expect(ana.locator(".bubble.failed")).to_contain_text("Not sent: Files of this type are not accepted.")
    ana.get_by_role("button", name="Discard").click()
    expect(ana.locator(".bubble")).to_have_count(0)


def test_history_is_loaded_page_by_page_and_the_place_is_kept(sign_in, people, college):
    for number in range(60):
        post(college, people["ben"], people["ana"], f"Message {number}")
    ana = sign_in("ana")
    ana.locator(".conversation").click()
    expect(ana.locator(".bubble")).to_have_count(50)
    expect(ana.locator(f"{LATEST} .bubble")).to_be_in_viewport()
    ana.locator(".messages").evaluate("box => { box.scrollTop = 0; }")
    ana.get_by_role("button", name="Earlier messages").click()
    expect(ana.locator(".bubble")).to_have_count(60)
    expect(ana.get_by_text("Message 10", exact=True)).to_be_in_viewport()
    expect(ana.get_by_role("button", name="Earlier messages")).to_have_count(0)


def test_whoever_is_signed_out_elsewhere_has_to_sign_in_again(sign_in, people, college):
    ana = sign_in("ana")
    answer = http.post(
        f"{college.url}/api/v1/auth/logout/", headers={"Authorization": f"Token {people['ana']['token']}"}, timeout=20
    )
    assert answer.status_code == 200
    expect(ana.get_by_role("heading", name="Sign in to chat")).to_be_visible(timeout=60_000)


def test_it_works_by_keyboard_alone(sign_in, people):
    ana = sign_in("ana")
    ana.get_by_label("Find somebody").focus()
    ana.keyboard.type(people["ben"]["full_name"])
    expect(ana.locator(".found button")).to_have_count(1)
    ana.keyboard.press("Tab")
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("heading", name=people["ben"]["full_name"])).to_be_focused()
    for _ in range(3):
        ana.keyboard.press("Tab")
    expect(ana.get_by_role("textbox", name="Message")).to_be_focused()
    ana.keyboard.type("By keyboard")
    ana.keyboard.press("Enter")
    expect(ana.locator(f"{LATEST} .text")).to_have_text("By keyboard")
    expect(ana.get_by_role("textbox", name="Message")).to_be_focused()


def test_axe_finds_nothing_on_a_desk_in_light_and_on_a_phone_in_dark(sign_in, people, college):
    post(college, people["ben"], people["ana"], "Hello")
    post(college, people["cora"], people["ana"], "Have you seen the plan of the new library? It is on the board.")
    desk = sign_in("ana", color_scheme="light")
    phone = sign_in("ana", color_scheme="dark", viewport={"width": 390, "height": 780}, has_touch=True)
    for page, name in ((desk, "desk"), (phone, "phone")):
        expect(page.locator(".conversation")).to_have_count(2)
        shot(page, f"{name}-list")
        assert violations(page) == [], f"the list on a {name}"
        page.locator(".conversation").first.click()
        expect(page.locator(LATEST)).to_be_visible()
        write(page, f"Written on a {name}")
        shot(page, f"{name}-window")
        assert violations(page) == [], f"the conversation on a {name}"
    phone.get_by_role("button", name="Back to the conversations").click()
    expect(phone.locator(".conversation").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
