"""System checks: what could not keep its promises is said before it serves anybody."""

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers
from django.core.checks import run_checks

from realtime.following import FollowedInMemoryLayer, FollowedPubSubLayer


def said() -> list[str]:
    return [message.id for message in run_checks() if message.id.startswith("realtime.")]


@pytest.mark.parametrize("kind", [FollowedInMemoryLayer, FollowedPubSubLayer])
def test_a_layer_whose_groups_can_be_followed_is_right(kind, monkeypatch):
    monkeypatch.setitem(channel_layers.backends, "default", kind(hosts=["redis://127.0.0.1:1"]))
    assert said() == []


def test_a_layer_whose_groups_cannot_be_followed_is_named(monkeypatch):
    monkeypatch.setitem(channel_layers.backends, "default", InMemoryChannelLayer())
    [fault] = [message for message in run_checks() if message.id == "realtime.E002"]
    assert "channels.layers.InMemoryChannelLayer" in fault.msg
    assert "realtime.following" in fault.hint
