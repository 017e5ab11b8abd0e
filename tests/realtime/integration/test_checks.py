"""System checks: what could not keep its promises is said before it serves anybody."""

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers
from django.core.checks import run_checks
from django.utils.module_loading import import_string

from gistagum.layers import channel_layers as layers_for


def said() -> list[str]:
    return [message.id for message in run_checks() if message.id.startswith("realtime.")]


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1"])
def test_the_layers_of_the_settings_can_be_followed(url, monkeypatch):
    layer = layers_for(url)["default"]
    made = import_string(layer["BACKEND"])(**layer.get("CONFIG", {}))
    monkeypatch.setitem(channel_layers.backends, "default", made)
    assert said() == []


def test_a_layer_whose_groups_cannot_be_followed_is_named(monkeypatch):
    monkeypatch.setitem(channel_layers.backends, "default", InMemoryChannelLayer())
    [fault] = [message for message in run_checks() if message.id == "realtime.E002"]
    assert "channels.layers.InMemoryChannelLayer" in fault.msg
    assert "realtime.channel_layer.backends" in fault.hint
