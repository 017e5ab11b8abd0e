"""People who write to each other, and what they write."""

from typing import Any

import pytest

from messaging import sending, turns
from messaging.models import Message
from realtime.transports.token_buckets import TokenBuckets
from tests.support.people import person


@pytest.fixture(autouse=True)
def _nobody_has_written_yet(monkeypatch):
    """Ids of people may begin anew with each test, and so must what was counted about them."""
    for kind in ("senders", "typists"):
        monkeypatch.setattr(turns, kind, TokenBuckets(200, 10))


@pytest.fixture
def ana() -> Any:
    return person(first_name="Ana", last_name="Reyes")


@pytest.fixture
def ben() -> Any:
    return person(first_name="Ben", last_name="Cruz")


@pytest.fixture
def cora() -> Any:
    return person(first_name="Cora", last_name="Lim")


def write(sender: Any, where: Any, text: str = "Hello", **values: Any) -> Message:
    """Send a message to a person or into a conversation, and return it."""
    place = {"receiver": where} if hasattr(where, "username") else {"conversation": where}
    message, _ = sending.send(sender=sender, text=text, **place, **values)
    return message
