"""`manage.py comm_token`: a token that the API accepts, and the one line of what it refuses."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from comm_service.callers import caller_of
from tests.comm_service.asking import U


def printed(*arguments):
    out = io.StringIO()
    call_command("comm_token", *arguments, stdout=out)
    return out.getvalue().strip()


def caller(token):
    return caller_of(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


def test_the_token_says_who_it_is_for():
    found = caller(printed(str(U), "--role", "student", "--email", "a@example.com"))
    assert (found.user_id, found.role, found.email) == (U, "student", "a@example.com")


def test_a_service_has_a_token_of_its_own():
    found = caller(json.loads(printed(str(U), "--service", "--json"))["token"])
    assert found.is_service
    assert found.sees_all


def test_what_is_no_user_is_refused():
    with pytest.raises(CommandError, match="is no UUID"):
        printed("nonsense")


@pytest.mark.parametrize("seconds", ["0", "-5", "many"])
def test_what_is_no_time_is_refused(seconds):
    with pytest.raises(CommandError, match="is not a whole number"):
        printed(str(U), f"--seconds={seconds}")


def test_without_a_key_there_are_no_tokens(settings):
    settings.JWT_SECRET_KEY = ""
    with pytest.raises(CommandError, match="JWT_SECRET_KEY is not set"):
        printed(str(U))
