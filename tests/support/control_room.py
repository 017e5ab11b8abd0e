"""The control room's page and its visible text, for tests."""

import re
from typing import Any

from django.test import Client

CONTROL_ROOM_URL = "/ops/realtime/"


def client_of(user: Any = None) -> Client:
    """Return a test client of this user, or of an anonymous one."""
    client = Client(headers={"accept": "text/html"})
    if user:
        client.force_login(user)
    return client


def visible_text(html: str) -> str:
    """Return the text of HTML without tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page_html(user: Any, query: str = "") -> str:
    """Return the page as HTML for this user."""
    answer = client_of(user).get(CONTROL_ROOM_URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


def region_text(html: str, name: str) -> str:
    """Return the text of a region of the page."""
    return visible_text(html.split(f'data-region="{name}"', 1)[1].split("data-region=", 1)[0])
