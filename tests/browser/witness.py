"""What a page has handled, and how its connection moved, against what happened: the same set, each once, in order."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page, expect

from projeng import inbox
from projeng.models import Project, ProjectProgress
from realtime.access import authority
from realtime.access.audience import may_see
from realtime.log import replay
from tests.support.log import logged

from .support import FAILED_REQUESTS, Browsing, until

# From before the page's own scripts: the events that it hands out, each state of its connection and when, and when it
# tried a WebSocket.
WATCH = """
globalThis.witness = { handled: [], times: [], moves: [], sockets: [] };
globalThis.WebSocket = class extends WebSocket {
  constructor(...about) {
    witness.sockets.push(Date.now());
    super(...about);
  }
};
let manager_;
Object.defineProperty(globalThis, "realtimeManager", {
  configurable: true,
  get: () => manager_,
  set(manager) {
    manager_ = manager;
    const take = ({ id }) => {
      if (id === undefined) return;
      witness.handled.push(id);
      witness.times.push(Date.now());
    };
    manager.connectNotifications(take);
    manager.connectProjects(take);
    manager.onState((state, { transport }) => {
      const last = witness.moves.at(-1);
      if (last?.state !== state || last?.transport !== transport)
        witness.moves.push({ at: Date.now(), state, transport });
    });
  },
});
"""


def watched(browsing: Browsing, user: User, *scripts: str, **options: Any) -> BrowserContext:
    """A browser of this person's own whose pages keep account."""
    context = browsing.browser_of(user, **options)
    for script in (WATCH, *scripts):
        context.add_init_script(script)
    return context


def tab(browsing: Browsing, context: BrowserContext, path: str = "", transport: str | None = None) -> Page:
    """A tab of it, once it is live by this transport (``None``: not waited for)."""
    page = browsing.tab(context, path, tolerate=[FAILED_REQUESTS, "WebSocket connection to"])
    if transport:
        until_live(page, transport)
    return page


def status(page: Page, name: str) -> Any:
    """What the page's connection says of itself; ``None`` while the page has none yet."""
    return page.evaluate("(name) => globalThis.realtimeManager?.getStatus()[name]", name)


def until_live(page: Page, transport: str, seconds: float = 30.0) -> None:
    """Wait until the page is live by this transport, and its indicator says so."""
    until(page, lambda: (status(page, "state"), status(page, "transport")) == ("live", transport), transport, seconds)
    words = {"websocket": "WebSocket", "sse": "SSE", "poll": "polling"}
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.locator("#connection-transport")).to_have_text(words[transport])


def moves(page: Page) -> list[dict[str, Any]]:
    """The states of the page's connection: ``at`` (milliseconds since 1970, by its clock), ``state``, ``transport``."""
    return page.evaluate("witness.moves")


def moved(page: Page, transport: str, since: float = 0.0) -> float:
    """When (seconds since 1970, by the browser) the page was live by this transport for the first time after that."""
    return next(
        move["at"] / 1000
        for move in moves(page)
        if (move["state"], move["transport"]) == ("live", transport) and move["at"] / 1000 > since
    )


def first_try(page: Page) -> float:
    """When (seconds since 1970, by the browser) the page tried a WebSocket for the first time."""
    return page.evaluate("witness.sockets[0]") / 1000


def newest(page: Page) -> int:
    """The id of the event that the page has handled last."""
    return page.evaluate("witness.handled.at(-1) ?? 0")


def handled_at(page: Page, event: int) -> float:
    """When (seconds since 1970, by the browser) the page has handled this event."""
    return page.evaluate("(id) => witness.times[witness.handled.indexOf(id)]", event) / 1000


def happened_for(user: User, after: int) -> list[int]:
    """The ids of the log's events after this one that this person may see."""
    keys = authority.load([user.pk])[user.pk].keys
    rows = map(replay.Frame, logged().filter(pk__gt=after).order_by("pk"))
    return [frame.id for frame in rows if frame.topic and may_see(keys, frame.audience)]


def whole(user: User, *pages: Page, seconds: float = 30.0) -> None:
    """Each of these pages has handled what happened since it was made: no event more or less or twice, in order."""
    for page in pages:
        wanted = happened_for(user, int(page.evaluate("document.documentElement.dataset.cursor")))
        assert wanted, "nothing happened, so this proves nothing"
        handled = until(
            page,
            lambda page=page, wanted=wanted: (
                (got := page.evaluate("witness.handled")) and got[-1] >= wanted[-1] and got
            ),
            f"event {wanted[-1]} is handled",
            seconds,
        )
        assert handled == wanted


class Work:
    """A day at the office, quickly: each call is a change, some with a notification."""

    def __init__(self, project: Project, *people: User) -> None:
        self._changes = self._all(project, people)

    def __call__(self) -> None:
        next(self._changes)

    def during(self, page: Page, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
        """Go on with it until ``condition`` gives something true, and for a few changes more."""

        def go_on() -> Any:
            self()
            return condition()

        until(page, go_on, what, seconds)
        for _ in range(3):
            self()

    @staticmethod
    def _all(project: Project, people: tuple[User, ...]) -> Iterator[None]:
        for number in range(100_000):
            if number % 3 == 0:
                ProjectProgress.objects.create(project=project, percentage_complete=number % 101)
            else:
                inbox.send(people, f"Message {number}")
            yield
