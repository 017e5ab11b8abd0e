"""Real pages in a real browser, watched: whatever a page complains of fails the test that opened it."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Page, expect, sync_playwright

from tests.support.people import session_cookie
from tests.support.site import Site

# What the console says of requests that are meant to fail in a test.
FAILED_REQUESTS = "Failed to load resource"

_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""
# Pages spread their requests at random over seconds, for the server's sake; nobody has to wait for that here.
NO_SPREAD = "Math.random = () => 0.01;"


def launch(chromium: BrowserType, *, program: str = "chromium", **options: Any) -> Browser:
    """Chromium: the system's, or else Playwright's own."""
    path = shutil.which(program) or shutil.which("chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return chromium.launch(executable_path=path, args=sandbox, **options)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium. Open it before the test's Django is led to a site's database, and close it afterwards.

    Playwright's loop runs in this thread: Django takes the test for a coroutine, and gives it other connections than it
    had before.

    Rather its headless shell, where that is installed: the same engine without a browser's windows and without pages
    that are kept for the way back. A page in a context of its own takes a quarter of the processor's time there.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            started = launch(playwright.chromium, program="chromium-headless-shell")
            yield started
            started.close()


class Browsing:
    """Opens pages of a site as this or that person, and remembers what they complained of."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.site = site
        self.problems: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def browser_of(self, user: User | None, **options: Any) -> BrowserContext:
        """A browser of its own (cookies, connections), in which this person is signed in; ``None``: nobody is."""
        context = self._browser.new_context(base_url=self.site.url, **options)
        context.set_default_timeout(20_000)
        context.add_init_script(_REPORT_VIOLATIONS)
        self._contexts.append(context)
        if user is not None:
            name, _, value = session_cookie(user).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": self.site.url}])
        return context

    def tab(self, context: BrowserContext, path: str = "", *, tolerate: Iterable[str] = ()) -> Page:
        """A new tab of this browser, watched. ``tolerate``: parts of complaints that this test expects."""
        page = context.new_page()
        tolerated = tuple(tolerate)

        def complain(text: str) -> None:
            if not any(part in text for part in tolerated):
                self.problems.append(f"{page.url}: {text}")

        def console(message: ConsoleMessage) -> None:
            if message.type == "error":
                complain(message.text)

        page.on("console", console)
        page.on("pageerror", lambda error: complain(f"{error.name}: {error.message}"))
        if path:
            page.goto(path)
        return page

    def open(self, user: User | None, path: str, *, tolerate: Iterable[str] = (), **options: Any) -> Page:
        """A page in a browser of this person's own."""
        return self.tab(self.browser_of(user, **options), path, tolerate=tolerate)

    def close(self) -> None:
        """Close everything that was opened."""
        for context in self._contexts:
            context.close()


def until(page: Page, condition: Callable[[], Any], what: str, seconds: float = 20.0, *, pause: int = 50) -> Any:
    """Wait until ``condition`` gives something true, and return that; the page's events go on meanwhile.

    ``pause``: the milliseconds between two looks; more for a condition that costs the page something.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain until: {what}")
        page.wait_for_timeout(pause)


def connection_state(page: Page) -> str | None:
    """What the page's indicator stands at: live, reconnecting and so on."""
    return page.locator("#connection").get_attribute("data-state")


def until_state(page: Page, state: str, seconds: float = 30.0) -> None:
    """Wait until the page's indicator stands at ``state``."""
    until(page, lambda: connection_state(page) == state, f"{page.url} is {state}", seconds)


def expect_unread(page: Page, count: int) -> None:
    """Wait until the bell shows this many, as it shows them: "99+" above 99."""
    expect(page.locator("#notification-count")).to_have_text("99+" if count > 99 else str(count))


def unread(page: Page) -> int:
    """What the bell shows; 0 when its badge is hidden."""
    badge = page.locator("#notification-count")
    return int(badge.inner_text()) if badge.is_visible() else 0
