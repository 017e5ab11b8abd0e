"""Open dashboards of a large office: what they cost the server, and how soon a change is on a screen.

Clients hold connections as dashboards do, with the regions of their page. Beside them Chromium shows a dashboard, whose
paints are timed.
"""

import statistics
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.support.site import collect_static

from ..contenders import Contender
from ..process import CLIENT_CORE, Failed, cpu_seconds_of_all, starting_on
from ..size import Size
from ..stage import Office, Stage

CONTENDERS = ("daphne-ws", "gunicorn-sse")  # one of each kind of server and transport
RATE = 2  # changes a second: a progress report, then a cost, each of another project
CHROMIUM = "/usr/bin/chromium"
READY_SECONDS = 30
# The moment of the frame after each line of the timeline came to be on the page, by its id.
TIME_PAINTS = """
globalThis.painted = {};
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => requestAnimationFrame(() => {
  for (const line of document.querySelectorAll("[data-activity-id]")) painted[line.dataset.activityId] ??= Date.now();
})).observe(document.body, { childList: true, subtree: true }));
"""


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Return the share of a core that the dashboards take, and the delays from the commit to the paint."""
    static = office.folder / "static"
    collect_static(static)
    with Stage(office, contender, size.dashboards, STATIC_ROOT=str(static)) as stage:
        stage.publisher("fill", 120, projects=size.projects)
        heads = office.cookies[: stage.publisher("heads")["heads"]]
        stage.open_as(heads, size.dashboards, "&pages=dashboard")
        with sync_playwright() as playwright, starting_on(CLIENT_CORE):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = _dashboard(browser.new_context(), heads[0], stage.port)
            stage.publisher("work", rate=RATE, changes=4)  # completes one-time work of the server
            idle = _cpu_percent(stage, lambda: time.sleep(size.paint_seconds / 3))
            found: dict[str, Any] = {}

            def work() -> None:
                stage.publisher.send("work", rate=RATE, changes=round(RATE * size.paint_seconds))
                page.wait_for_timeout(size.paint_seconds * 1000)
                found.update(stage.publisher.answer("work", 60))

            busy = _cpu_percent(stage, work)
            page.wait_for_timeout(2_000)
            painted = page.evaluate("painted")
            browser.close()
    return {"cpu_percent": busy - idle, "idle_percent": idle, **delays(painted, found["committed"])}


def _dashboard(context: Any, cookie: str, port: int) -> Page:
    name, _, value = cookie.partition("=")
    url = f"http://127.0.0.1:{port}"
    context.add_cookies([{"name": name, "value": value, "url": url}])
    page = context.new_page()
    page.add_init_script(TIME_PAINTS)
    page.goto(f"{url}/dashboard/")
    page.locator('#connection[data-state="live"]').wait_for(timeout=READY_SECONDS * 1000)
    return page


def _cpu_percent(stage: Stage, do: Any) -> float:
    """The processor time of the server meanwhile, in percent of a core."""
    begun, before = time.monotonic(), cpu_seconds_of_all(stage.pid)
    do()
    return 100 * (cpu_seconds_of_all(stage.pid) - before) / (time.monotonic() - begun)


def delays(painted: dict[str, float], committed: list[tuple[int, float]]) -> dict[str, float]:
    """Return percentiles of the milliseconds from each commit to its paint, and the share that was not painted.

    ``painted``: milliseconds by the line's id, as a text. ``committed``: a line's id, and seconds. Raise Failed if
    nothing was painted.
    """
    found = sorted(painted[str(number)] - 1000 * at for number, at in committed if str(number) in painted)
    if not found:
        raise Failed(f"none of {len(committed)} changes was painted")
    return {
        "p50_ms": statistics.median(found),
        "p99_ms": found[min(len(found) - 1, round(len(found) * 0.99))],
        "missing_percent": 100 * (len(committed) - len(found)) / len(committed),
    }
