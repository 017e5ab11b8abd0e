"""E-mails over SMTP, to a real server: taken, refused, broken off."""

import io
import json

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command

from comm_service.email import claiming, composing
from comm_service.email.sending import Outcome, send
from comm_service.models import EmailQueue

from .rows import queued, row, shown, wait_over

pytestmark = pytest.mark.django_db


def one_pass() -> dict[str, int]:
    out = io.StringIO()
    call_command("process_pending_emails", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_pass_sends_what_is_due(over_smtp):
    email = queued(to_addresses=["Ana Reyes <ana@example.com>", "ben@example.com"], headers={"X-Ref": "7"})
    assert one_pass() == {"sent": 1, "failed": 0, "unknown": 0}
    [message] = over_smtp.received
    assert over_smtp.recipients == [["ana@example.com", "ben@example.com"]]
    assert (message["Subject"], message["X-Ref"], message["Message-ID"]) == ("Hello", "7", f"<{email.pk}@localhost>")
    assert shown(email) == ("sent", 1, None)
    assert row(email.pk).sent_at
    assert one_pass() == {"sent": 0, "failed": 0, "unknown": 0}


def test_a_server_that_is_away_gets_three_tries_and_a_retry_another(over_smtp, settings):
    settings.COMM_EMAIL_RETRY_SECONDS = 0
    email = queued()
    over_smtp.stop()
    for attempts, status in enumerate(["pending", "pending", "failed"], start=1):
        assert one_pass()["failed"] == 1
        assert shown(email)[:2] == (status, attempts)
        assert "ConnectionRefusedError" in (shown(email)[2] or "")
    assert one_pass()["failed"] == 0
    over_smtp.start()
    from comm_service import services
    from comm_service.callers import INTERNAL

    services.retry(row(email.pk), INTERNAL)
    assert one_pass()["sent"] == 1
    assert shown(email) == ("sent", 4, None)
    assert over_smtp.subjects() == ["Hello"]


def test_an_address_that_the_server_refuses_is_named(over_smtp):
    over_smtp.refused = {"ana@example.com"}
    email = queued()
    assert send(email.pk) is Outcome.FAILED
    assert shown(email) == ("pending", 1, "SMTPRecipientsRefused: Refused: ana@example.com (550 no such mailbox)")
    assert not over_smtp.received


def test_of_several_addresses_those_that_were_refused_are_named_and_the_others_get_it_once(over_smtp):
    over_smtp.refused = {"eve@example.com"}
    email = queued(to_addresses=["ana@example.com", "eve@example.com"])
    assert send(email.pk) is Outcome.SENT
    assert over_smtp.recipients == [["ana@example.com"]]
    assert shown(email) == ("sent", 1, "Refused: eve@example.com (550 no such mailbox)")


def test_content_that_the_server_refuses_is_tried_again(over_smtp):
    over_smtp.answer = "451 try later"
    email = queued()
    assert send(email.pk) is Outcome.FAILED
    assert shown(email) == ("pending", 1, "SMTPDataError: 451 try later")
    over_smtp.answer = "250 taken"
    wait_over(email)
    assert send(email.pk) is Outcome.SENT


def test_a_connection_that_ends_before_the_content_is_tried_again(over_smtp):
    over_smtp.cut_off = "mail"
    email = queued()
    assert send(email.pk) is Outcome.FAILED
    assert shown(email)[:2] == ("pending", 1)


def test_a_connection_that_ends_before_the_answer_to_the_content_is_never_tried_again_by_itself(over_smtp):
    over_smtp.cut_off = "data"
    email = queued()
    assert send(email.pk) is Outcome.UNKNOWN
    status, attempts, error = shown(email)
    assert (status, attempts) == ("sending", 1)
    assert "unknown whether the server has accepted it" in (error or "")
    over_smtp.cut_off = ""
    assert one_pass() == {"sent": 0, "failed": 0, "unknown": 0}
    assert len(over_smtp.received) == 1


def test_what_a_person_lets_be_tried_again_is_sent_under_the_same_message_id(over_smtp):
    over_smtp.cut_off = "data"
    email = queued()
    send(email.pk)
    over_smtp.cut_off = ""
    out = io.StringIO()
    call_command("unconfirmed_emails", stdout=out)
    assert str(email.pk) in out.getvalue()
    call_command("unconfirmed_emails", "--again", str(email.pk), stdout=out)
    assert one_pass()["sent"] == 1
    assert {one["Message-ID"] for one in over_smtp.received} == {f"<{email.pk}@localhost>"}
    assert shown(email) == ("sent", 2, None)


@pytest.mark.parametrize(
    "columns",
    [
        {"subject": "Hi\r\nBcc: eve@example.com"},
        {"headers": {"X-Ref": "7\nBcc: eve@example.com"}},
        {"to_addresses": ["ana@example.com\nRCPT TO:<eve@example.com>"]},
        {"to_addresses": {"any": "JSON"}},
    ],
    ids=["subject", "header", "address", "no list"],
)
def test_what_must_not_be_sent_fails_at_once_with_the_reason(over_smtp, columns):
    email, good = queued(**columns), queued(subject="Good")
    assert one_pass() == {"sent": 1, "failed": 1, "unknown": 0}
    status, attempts, error = shown(email)
    assert (status, attempts) == ("failed", 1)
    assert error
    assert over_smtp.subjects() == ["Good"]
    assert shown(good)[0] == "sent"


@pytest.mark.parametrize(
    "step",
    [(composing, "compose"), (EmailMessage, "message"), (claiming, "claim")],
    ids=["composed", "written", "claimed"],
)
def test_an_email_that_breaks_what_handles_it_holds_up_no_other(over_smtp, monkeypatch, step):
    bad, good = queued(), queued(subject="Good")
    call = getattr(*step)

    def breaking(given, *args, **options):  # an id, a row, or its message
        if given == bad.pk or getattr(given, "subject", "") == bad.subject:
            raise RecursionError("maximum recursion depth exceeded")
        return call(given, *args, **options)

    monkeypatch.setattr(*step, breaking)
    assert one_pass() == {"sent": 1, "failed": 1, "unknown": 0}
    assert over_smtp.subjects() == ["Good"]
    assert (shown(bad)[0], shown(good)[0]) == ("pending", "sent")


def test_what_is_deleted_while_the_connection_opens_is_not_sent(over_smtp, monkeypatch):
    email = queued()
    hand_over = claiming.hand_over

    def deleted_first(held):
        EmailQueue.objects.filter(pk=held.email.pk).delete()
        return hand_over(held)

    monkeypatch.setattr(claiming, "hand_over", deleted_first)
    assert send(email.pk) is Outcome.NOT_OURS
    assert not over_smtp.received


def test_without_an_address_of_a_server_each_email_is_a_file_in_the_outbox(settings, tmp_path):
    from gistagum.email_url import email_settings

    for name, value in email_settings("", tmp_path / "outbox").items():
        setattr(settings, name, value)
    email = queued(subject="In a file")
    assert send(email.pk) is Outcome.SENT
    [file] = (tmp_path / "outbox").iterdir()
    assert "Subject: In a file" in file.read_text()
    assert shown(email)[0] == "sent"
