"""The control room as text, for tests of what stands there."""

import re
from typing import Any

from django.test import Client

ROOM = "/ops/realtime/"


def client_of(user: Any = None) -> Client:
    """A browser of this person, or of somebody who is not signed in."""
    client = Client(headers={"accept": "text/html"})
    if user:
        client.force_login(user)
    return client


def text(html: str) -> str:
    """What one reads: without tags, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def room(user: Any, query: str = "") -> str:
    """The page as this person gets it."""
    answer = client_of(user).get(ROOM + query)
    assert answer.status_code == 200
    return answer.content.decode()


def region(html: str, name: str) -> str:
    """What one reads in a region of it."""
    return text(html.split(f'data-region="{name}"', 1)[1].split("data-region=", 1)[0])
