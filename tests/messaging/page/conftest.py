"""The page's endpoints, asked as somebody who is signed in."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

API = "/messages/api/"


class Asking:
    """Asks the endpoints as one person."""

    def __init__(self, user: Any) -> None:
        self.client = Client()
        if user is not None:
            self.client.force_login(user)

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer."""
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        response = self.client.generic(method, API + path, **content)
        return response.status_code, response.json()

    def get(self, path: str) -> dict[str, Any]:
        """What a GET brings, which must succeed."""
        status, answer = self("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture
def asking() -> Callable[[Any], Asking]:
    return Asking
