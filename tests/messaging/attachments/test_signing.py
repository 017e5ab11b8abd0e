"""Signed addresses: for one attachment and one person, for 15 minutes."""

import time
import uuid

import pytest

from messaging.attachments import signing


@pytest.mark.parametrize("person", [7, uuid.UUID("8e3f6b0e-0000-4000-8000-000000000001")])
def test_a_signature_names_its_person(person):
    assert signing.signed_for(12, signing.signature(12, person)) == str(person)


def test_a_signature_of_one_attachment_is_not_one_of_another():
    assert signing.signed_for(13, signing.signature(12, 7)) is None


def test_a_signature_cannot_be_given_to_another_person():
    given = signing.signature(12, 7)
    assert signing.signed_for(12, given.replace("7:", "8:", 1)) is None


@pytest.mark.parametrize("given", ["", ":", "7", "7:x:y", "\0", "é" * 5000])
def test_anything_else_is_no_signature(given):
    assert signing.signed_for(12, given) is None


def test_a_signature_is_good_for_15_minutes(monkeypatch):
    given = signing.signature(12, 7)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 14.9 * 60)
    assert signing.signed_for(12, given) == "7"
    monkeypatch.setattr(time, "time", lambda: now + 15.1 * 60)
    assert signing.signed_for(12, given) is None
