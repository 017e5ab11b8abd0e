"""What the old side's changes do to a row, and what they leave alone."""

from datetime import UTC, datetime

import pytest

from comm_service.models import EmailQueue, Message, Notification
from tests.comm_service.asking import LEAST, U, ask, content, row_of, shown

THEN = datetime(2025, 1, 15, 10, 30, 0, 120000, tzinfo=UTC)


def test_put_keeps_the_optional_fields_that_are_left_out(legacy):
    row = row_of("messages", subject="kept", metadata={"a": 1})
    response = ask(legacy, "PUT", f"messages/{row.pk}/", {**LEAST["messages"], "body": "new"})
    assert response.status_code == 200
    said = shown(response)
    assert (said["subject"], said["body"], said["metadata"]) == ("kept", "new", {"a": 1})


def test_put_wants_the_required_fields(legacy):
    row = row_of("messages")
    assert ask(legacy, "PUT", f"messages/{row.pk}/", {"subject": "x"}).status_code == 400


def test_patch_of_nothing_is_no_change(legacy):
    row = row_of("documents", filename="a.pdf")
    response = ask(legacy, "PATCH", f"documents/{row.pk}/", {})
    assert (response.status_code, shown(response)["filename"]) == (200, "a.pdf")


def test_no_request_sets_what_the_service_itself_keeps(legacy):
    row = row_of("notifications", status="failed", attempts=3, last_error="no")
    body = {"status": "sent", "attempts": 0, "sent_at": "2025-01-01", "last_error": None, "id": str(U), "title": "t"}
    assert ask(legacy, "PATCH", f"notifications/{row.pk}/", body).status_code == 200
    after = Notification.objects.get()
    assert (after.pk, after.status, after.attempts, after.sent_at) == (row.pk, "failed", 3, None)
    assert (after.last_error, after.title) == ("no", "t")


def test_a_change_saves_only_the_columns_that_it_is_about(legacy, django_assert_num_queries, monkeypatch):
    row = row_of("messages")

    def read_meanwhile(self, *args, **kwargs):
        """Another request marks the message as read between this one's reading and saving."""
        Message.objects.filter(pk=row.pk).update(read_at=THEN)
        return given(self, *args, **kwargs)

    from comm_service.legacy.serializers import MessageWrite

    given = MessageWrite.update
    monkeypatch.setattr(MessageWrite, "update", read_meanwhile)
    assert ask(legacy, "PATCH", f"messages/{row.pk}/", {"subject": "new"}).status_code == 200
    row.refresh_from_db()
    assert (row.subject, row.read_at) == ("new", THEN)


def test_a_row_that_is_deleted_meanwhile_is_not_found(legacy, monkeypatch):
    row = row_of("messages")
    from comm_service.legacy.serializers import MessageWrite

    given = MessageWrite.update

    def deleted_meanwhile(self, *args, **kwargs):
        Message.objects.all().delete()
        return given(self, *args, **kwargs)

    monkeypatch.setattr(MessageWrite, "update", deleted_meanwhile)
    response = ask(legacy, "PATCH", f"messages/{row.pk}/", {"subject": "new"})
    assert (response.status_code, content(response)) == (404, b'{"detail":"Not found."}')


def test_mark_read_keeps_the_first_time(legacy):
    row = row_of("messages")
    first = shown(ask(legacy, "POST", f"messages/{row.pk}/mark_read/"))["read_at"]
    assert first is not None
    again = ask(legacy, "POST", f"messages/{row.pk}/mark_read/", "no json", content_type="text/plain")
    assert (again.status_code, shown(again)["read_at"]) == (200, first)


@pytest.mark.parametrize(("path", "model"), [("notifications", Notification), ("email_queue", EmailQueue)])
def test_retry_takes_a_failed_row_up_again_and_keeps_its_attempts(legacy, path, model):
    row = row_of(path, status="failed", attempts=3, last_error="no", sent_at=THEN)
    said = shown(ask(legacy, "POST", f"{path}/{row.pk}/retry/", "no json", content_type="text/plain"))
    assert (said["status"], said["last_error"], said["attempts"]) == ("pending", None, 3)
    assert said["sent_at"] == "2025-01-15T10:30:00.120000Z"


@pytest.mark.parametrize("status", ["pending", "sent", "sending"])
def test_retry_leaves_a_row_that_has_not_failed(legacy, status):
    row = row_of("email_queue", status=status, last_error="earlier")
    response = ask(legacy, "POST", f"email_queue/{row.pk}/retry/")
    said = shown(response)
    assert (response.status_code, said["status"], said["last_error"]) == (200, status, "earlier")


@pytest.mark.parametrize("path", sorted(LEAST))
def test_a_row_that_is_deleted_is_gone(legacy, path):
    row = row_of(path)
    assert ask(legacy, "DELETE", f"{path}/{row.pk}/").status_code == 204
    assert ask(legacy, "DELETE", f"{path}/{row.pk}/").status_code == 404


def test_times_have_six_digits_or_none(legacy):
    row = row_of("messages")
    for moment, text in ((THEN, "2025-01-15T10:30:00.120000Z"), (THEN.replace(microsecond=0), "2025-01-15T10:30:00Z")):
        Message.objects.update(read_at=moment, created_at=moment)
        said = shown(ask(legacy, "GET", f"messages/{row.pk}/"))
        assert (said["read_at"], said["created_at"]) == (text, text)


def test_rows_that_were_written_by_sql_are_shown_as_they_are(legacy):
    row = row_of("notifications", type="sms", status="lost", metadata=["no object"], attempts=-1)
    said = shown(ask(legacy, "GET", f"notifications/{row.pk}/"))
    assert (said["type"], said["status"], said["metadata"], said["attempts"]) == ("sms", "lost", ["no object"], -1)
