"""Both sides answer the corpus alike: a ninth of it on SQLite, a twentieth on PostgreSQL. All: make comm-corpus."""

import pytest

from comm_service.contract import ENDPOINTS
from tests.support.database import using_database

from .corpus.cases import every
from .corpus.made import replay_all
from .corpus.report import Ran, document, page


def chosen(step: int) -> list:
    return every()[::step]


def differences(outcomes) -> list[str]:
    return [f"{one.case.endpoint}: {one.case.name}\n{one.old}\n{one.new}" for one in outcomes if not one.same]


@pytest.mark.django_db
def test_both_sides_answer_alike_on_sqlite():
    outcomes = replay_all(chosen(9))
    assert len(outcomes) > 400
    assert differences(outcomes) == []


def test_both_sides_answer_alike_on_postgresql(new_database, django_db_blocker):
    with django_db_blocker.unblock(), using_database(new_database("postgres")):
        outcomes = replay_all(chosen(20))
    assert len(outcomes) > 200
    assert differences(outcomes) == []


def test_every_endpoint_has_valid_boundary_and_hostile_cases():
    kinds = {}
    for case in every():
        kinds.setdefault(case.endpoint, set()).add(case.kind)
    assert len(ENDPOINTS) == 35
    for one in ENDPOINTS:
        assert kinds[f"{one.method} {one.path}"] == {"valid", "boundary", "hostile"}, one.path


@pytest.mark.django_db
def test_a_difference_is_seen_and_reported(monkeypatch):
    monkeypatch.setattr("comm_service.api.values.NO_UUID", "Input should be a valid UUID")
    [wrong] = [case for case in every() if case.endpoint == "POST messages/" and case.name == 'sender_id = ""']
    [right] = [case for case in every() if case.endpoint == "GET messages/" and case.name == ""]
    outcomes = replay_all([wrong, right])
    assert [one.same for one in outcomes] == [False, True]
    ran = [Ran("a database", outcomes, 1.0)]
    assert "| `POST messages/` | 0 | 0 | 1 | 1 differ |" in document(ran)
    assert "| `GET messages/` | 1 | 0 | 0 | same |" in document(ran)
    assert "Input should be a valid UUID" in page(ran)
