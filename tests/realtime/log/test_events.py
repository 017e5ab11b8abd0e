"""The one wire shape: what the JSON of an event holds, and how."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from realtime.log import events
from realtime.log.events import CATALOGUE, EventType, envelope, to_json, topic_of

MOMENT = datetime(2026, 11, 20, 16, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def catalogue(monkeypatch):
    monkeypatch.setattr(events, "CATALOGUE", {})
    return events.CATALOGUE


def test_the_envelope_is_the_fields_with_id_type_and_time():
    shape = json.loads(envelope(7, "cost_updated", MOMENT, {"amount": "1.00", "nested": {"a": [1, None]}}))
    assert shape == {
        "id": 7,
        "type": "cost_updated",
        "at": "2026-11-21T00:30:00.123456+08:00",
        "amount": "1.00",
        "nested": {"a": [1, None]},
    }
    assert list(shape)[:3] == ["id", "type", "at"]


def test_times_are_those_of_the_office():
    assert events.iso(MOMENT) == "2026-11-21T00:30:00.123456+08:00"
    assert events.iso(MOMENT.replace(microsecond=0)) == "2026-11-21T00:30:00+08:00"


def test_json_is_on_one_line_whatever_it_says():
    text = to_json({"message": "one\ntwo\r\nthree", "name": "Brgy. Niño ₱ 😀"})
    assert "\n" not in text
    assert "\r" not in text
    assert "Niño ₱ 😀" in text
    assert ": " not in text


def test_dates_and_amounts_travel_as_text():
    written = json.loads(to_json({"day": date(2026, 1, 2), "amount": Decimal("0.10"), "uuid": uuid4()}))
    assert (written["day"], written["amount"]) == ("2026-01-02", "0.10")


def test_declaring_an_event_enters_it_in_the_catalogue(catalogue):
    @dataclass(frozen=True, kw_only=True)
    class Rang(EventType):
        type = "rang"
        topic = "doors"
        door: int

    assert catalogue == {"rang": Rang}
    assert topic_of("rang") == "doors"
    assert Rang(door=3).fields() == {"door": 3}


def test_a_base_that_events_share_is_none_of_them(catalogue):
    @dataclass(frozen=True, kw_only=True)
    class Door(EventType):
        topic = "doors"

    assert catalogue == {}


def test_two_events_cannot_have_the_same_type(catalogue):
    class Rang(EventType):
        type = "rang"
        topic = None

    with pytest.raises(TypeError, match="'rang' is declared twice"):

        class Other(EventType):
            type = "rang"
            topic = None


def test_a_type_that_is_no_longer_declared_has_no_topic_so_nobody_is_sent_it():
    assert topic_of("of_a_former_release") is None


def test_what_is_for_the_servers_only_has_no_topic():
    assert {name for name, declared in CATALOGUE.items() if declared.topic is None} == {
        "authority_changed",
        "credential_ended",
        "epoch_began",
        "presence_changed",
        "session_ended",
        "transport_changed",
    }
