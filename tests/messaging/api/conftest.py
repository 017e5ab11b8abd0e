"""Clients of the API, each with a person's token."""

from typing import Any

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient


class Caller(APIClient):
    """A client that speaks JSON and knows the API's addresses."""

    def __init__(self, person: Any) -> None:
        super().__init__(raise_request_exception=True)
        self.person = person
        if person is not None:
            token, _ = Token.objects.get_or_create(user=person)
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {token.key}")

    def call(self, method: str, path: str, body: Any = None, status: int | None = None, **headers: Any) -> Any:
        """The JSON of an answer, which must have this status (any 2xx without one)."""
        sent = {} if body is None else {"data": body, "format": "json"}
        answer = getattr(self, method)(f"/api/v1/{path}", **sent, **headers)
        expected = answer.status_code == status if status else 200 <= answer.status_code < 300
        assert expected, (answer.status_code, answer.content)
        return answer.json() if answer.content else None


@pytest.fixture
def caller():
    """Makes a client for a person, or for nobody."""
    return Caller
