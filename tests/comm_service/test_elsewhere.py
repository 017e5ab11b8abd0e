"""Paths that are not this service's, where it is served alone."""

import pytest
from django.http import Http404

from comm_service.callers import make_token
from comm_service.elsewhere import elsewhere
from tests.comm_service.asking import U


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/", "/ws/notifications/x/", "/admin/"])
def test_an_unknown_path_asks_for_a_token_in_either_form(rf, settings, path):
    for compat in (True, False):
        settings.COMM_COMPAT = compat
        response = elsewhere(rf.get(path))
        assert response.status_code == 401
        assert response.content == b'{"error": "Authorization header required", "code": "NO_TOKEN"}'
        assert elsewhere(rf.get(path, headers={"Authorization": "Bearer x"})).status_code == 401


@pytest.mark.parametrize("path", ["/health/x", "/metrics", "/comm", "/comm/nothing"])
def test_a_free_path_is_not_found(rf, path):
    with pytest.raises(Http404):
        elsewhere(rf.get(path))


def test_with_a_token_an_unknown_path_is_not_found(rf):
    with pytest.raises(Http404):
        elsewhere(rf.get("/nothing", headers={"Authorization": f"Bearer {make_token(U)}"}))
