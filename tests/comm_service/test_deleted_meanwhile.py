"""A row that is deleted between being read and being changed is not found."""

import pytest

from comm_service.models import Message
from tests.comm_service.asking import LEAST, ask, row_of, shown

CHECKS = {
    "legacy": ["comm_service.access.check_change", "comm_service.access.check_action"],
    "ninja": ["comm_service.api.routes.check_change", "comm_service.api.routes.check_action"],
}


@pytest.mark.parametrize("side", CHECKS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "", {"subject": "x"}), ("PUT", "", LEAST["messages"]), ("POST", "mark_read/", None)],
)
def test_a_row_that_is_deleted_meanwhile_is_not_found(legacy, settings, monkeypatch, side, method, path, body):
    settings.COMM_API = side
    row = row_of("messages")

    def deleting(*_):
        Message.objects.filter(pk=row.pk).delete()

    for check in CHECKS[side]:
        monkeypatch.setattr(check, deleting)
    answer = ask(legacy, method, f"messages/{row.pk}/{path}", body)
    assert (answer.status_code, shown(answer)) == (404, {"detail": "Not found."})
