"""The front: which side answers, and what it says of that."""

import pytest
from django.db import OperationalError

from tests.comm_service.asking import ask


@pytest.mark.parametrize("shown", [True, False])
def test_an_answer_says_which_side_gave_it_if_that_is_wanted(legacy, settings, shown):
    settings.COMM_SHOW_SIDE = shown
    for path in ("messages/", "messages", "nothing/"):
        assert ask(legacy, "GET", path).get("X-Served-By") == ("legacy" if shown else None)


@pytest.mark.parametrize("side", ["legacy", "ninja"])
def test_the_switch_chooses_the_side(legacy, settings, side):
    settings.COMM_API, settings.COMM_SHOW_SIDE = side, True
    assert ask(legacy, "GET", "messages/")["X-Served-By"] == side


def test_pages_of_any_origin_may_call_in_the_compatibility_form_alone(client, db, settings):
    for compat in (True, False):
        settings.COMM_COMPAT = compat
        response = ask(client, "GET", "messages/", HTTP_ORIGIN="http://anywhere.example")
        assert response["Vary"] == "origin"
        allowed = "http://anywhere.example" if compat else None
        assert response.get("Access-Control-Allow-Origin") == allowed
        exposed = response.get("Access-Control-Expose-Headers", "").split(", ")
        assert {"link", "location", "x-served-by"} <= set(exposed) or not compat
        other = client.get("/api/v1/people/", HTTP_ORIGIN="http://anywhere.example")
        assert not other.has_header("Access-Control-Allow-Origin")


def test_the_health_page_says_the_services_name(client, db):
    said = client.get("/comm/health").json()
    assert list(said) == ["status", "service", "time"]
    assert (said["status"], said["service"]) == ("ok", "comm-service")
    assert client.head("/comm/health").status_code == 200
    assert client.post("/comm/health").status_code == 405


@pytest.mark.urls("gistagum.parts.comm_urls")
def test_while_the_database_is_away_the_answer_is_503_and_json(client, db, settings, monkeypatch):
    settings.COMM_COMPAT = True
    client.raise_request_exception = False

    def away(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr("comm_service.access.visible", away)
    monkeypatch.setattr("gistagum.errors.is_unavailable", lambda error: isinstance(error, OperationalError))
    response = ask(client, "GET", "messages/")
    assert (response.status_code, response["Content-Type"]) == (503, "application/json")
    assert response.has_header("Retry-After")
