"""Markup in events of each transport is displayed as text in toasts, badges, rows and panels of open pages."""

import re

import pytest
from playwright.sync_api import expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project, ProjectProgress
from tests.browser.support import FAILED_REQUESTS, NO_SPREAD, until
from tests.browser.test_transports import NO_SOCKETS
from tests.browser.witness import until_live
from tests.support.people import person

from .markup import PAYLOADS
from .test_markup import MARK

pytestmark = pytest.mark.timeout(150)
STREAM = "**/api/realtime/events/**"
TELLING = PAYLOADS[:4] + PAYLOADS[8:9] + PAYLOADS[16:17]


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_what_comes_live_is_text(transport, socket_site, browse):
    head = person(Role.HEAD, first_name=PAYLOADS[0], last_name=PAYLOADS[1])
    engineer = person(Role.ENGINEER, first_name=PAYLOADS[2], last_name=PAYLOADS[3])
    project = Project.objects.create(name="Covered court", barangay="Apokon", created_by=head)
    browsing = browse(socket_site)
    context = browsing.browser_of(head)
    for script in (MARK, NO_SPREAD) + ((NO_SOCKETS,) if transport != "websocket" else ()):
        context.add_init_script(script)
    if transport == "poll":
        context.route(STREAM, lambda route: route.abort())
    asked: list[str] = []
    context.on("request", lambda request: request.url.startswith(socket_site.url) or asked.append(request.url))
    context.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    paths = ("/projeng/projects/", f"/projeng/projects/{project.pk}/", "/dashboard/notifications/")
    pages = [browsing.tab(context, path, tolerate=[FAILED_REQUESTS, "WebSocket connection to"]) for path in paths]
    rows, detail, panel = pages
    panel.bring_to_front()
    until_live(panel, transport)
    for payload in TELLING[:2] if transport == "poll" else TELLING:  # polling takes a few seconds for each
        project.name, project.description = payload[:200], payload
        project.save()
        inbox.send([head], payload, project)
        for toast in (re.compile(re.escape(payload) + "."), payload):  # of the project, then the message itself
            expect(panel.locator("#toast-message")).to_have_text(toast)
            panel.locator("#toast-close").dispatch_event("click")  # else the next one waits for five seconds
        until(panel, lambda payload=payload: payload in panel.locator("#notifications-list").inner_text(), payload)
    ProjectProgress.objects.create(project=project, percentage_complete=7, created_by=engineer, description=payload)
    for page in (rows, detail):
        page.bring_to_front()
        place = page.locator(f'[data-project-id="{project.pk}"]')
        expect(place.locator(".project-name").first).to_have_text(project.name)
    expect(detail.locator("[data-region=progress-reports]")).to_contain_text(PAYLOADS[2])
    assert asked == []
    assert all(page.evaluate("globalThis.__ran") is None for page in pages)
