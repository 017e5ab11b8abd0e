"""What of a row may be sent, and as what: the API takes any JSON, so it is refused here."""

from uuid import UUID

import pytest

from comm_service.email.composing import MAX_RECIPIENTS, RefusedError, compose
from comm_service.models import EmailQueue

ID = UUID("6f1c9a52-6d8b-4b3e-9f51-0c2f6f4f1a11")


def email(**columns) -> EmailQueue:
    return EmailQueue(**{"id": ID, "to_addresses": ["ana@example.com"], "subject": "Hello", "body": "Text", **columns})


def wire(**columns) -> str:
    return compose(email(**columns)).message().as_bytes(linesep="\r\n").decode()


def test_a_row_becomes_a_message_with_an_id_of_its_own(settings):
    settings.DEFAULT_FROM_EMAIL = "Office <office@tagum.example>"
    message = compose(email(to_addresses=["ana@example.com", "Ben Cruz <ben@example.com>", "ana@example.com"]))
    assert message.recipients() == ["ana@example.com", "Ben Cruz <ben@example.com>"]
    text = message.message().as_string()
    assert f"Message-ID: <{ID}@tagum.example>" in text
    assert "From: Office <office@tagum.example>" in text


def test_what_is_null_is_sent_empty():
    message = compose(email(subject=None, body=None))
    assert (message.subject, message.body) == ("", "")


def test_text_in_any_language_is_sent():
    text = wire(subject="Début ₱ ñ 🎉", body="Ça va", headers={"X-Course": "Médecine"})
    assert "Subject: =?utf-8?" in text
    assert "X-Course: =?utf-8?" in text
    assert text.endswith("Ça va")


def test_headers_are_sent_and_html_is_asked_for_by_content_type():
    text = wire(headers={"Reply-To": "desk@example.com", "X-Ref": "7", "Content-Type": "text/html; charset=utf-8"})
    assert "Reply-To: desk@example.com\r\n" in text
    assert "X-Ref: 7\r\n" in text
    assert 'Content-Type: text/html; charset="utf-8"' in text


ADDRESSES = {
    "no list": "ana@example.com",
    "an object": {"to": "ana@example.com"},
    "nobody": [],
    "a number": [5],
    "null": [None],
    "no address": ["ana"],
    "blank": [" "],
    "a line break": ["ana@example.com\nBcc: eve@example.com"],
    "a carriage return in the name": ["Ana\r\nBcc: eve@example.com <ana@example.com>"],
    "two in one": ["ana@example.com, eve@example.com"],
    "two in one, the first with a name": ["Ana <ana@example.com>, eve@example.com"],
    "NUL": ["ana@example.com\0"],
    "half a pair": ["\ud800@example.com"],
    "half a pair in the name": ["\ud800 <ana@example.com>"],
    "a line separator": ["Ana\u2028 <ana@example.com>"],
    "a command in the local part": ['"ana@example.com> RCPT TO:<eve"@example.com'],
    "comments within each other": ["(" * 600],
    "comments within each other, as many as fit": ["(" * 320],
    "a name that is too long": ["A" * 400 + " <ana@example.com>"],
    "too many": [f"p{n}@example.com" for n in range(MAX_RECIPIENTS + 1)],
}


@pytest.mark.parametrize("what", ADDRESSES)
def test_what_is_no_list_of_addresses_is_refused(what):
    with pytest.raises(RefusedError, match="to_addresses"):
        compose(email(to_addresses=ADDRESSES[what]))


HEADERS = {
    "no object": ["X-Ref"],
    "text": "X-Ref: 7",
    "a line break in the value": {"X-Ref": "7\r\nBcc: eve@example.com"},
    "a lone line feed": {"X-Ref": "7\n\nbody"},
    "a line break in the name": {"X-Ref\nBcc": "eve@example.com"},
    "a colon in the name": {"X-Ref: 7": "8"},
    "a blank in the name": {"X Ref": "7"},
    "no name": {"": "7"},
    "no text": {"X-Ref": 7},
    "another receiver": {"Bcc": "eve@example.com"},
    "another receiver in lower case": {"cc": "eve@example.com"},
    "another sender": {"From": "eve@example.com"},
    "the subject again": {"Subject": "Hi"},
    "another encoding": {"Content-Transfer-Encoding": "binary"},
    "several parts": {"Content-Type": "multipart/mixed; boundary=x"},
    "no address to reply to": {"Reply-To": "eve"},
    "comments within each other": {"Reply-To": "(" * 600},
    "too long": {"X-Ref": "7" * 1000},
    "half a pair": {"X-Ref": "\udfff"},
    "too many": {f"X-{n}": "7" for n in range(60)},
}


@pytest.mark.parametrize("what", HEADERS)
def test_headers_that_would_change_the_message_are_refused(what):
    with pytest.raises(RefusedError, match="eader"):
        compose(email(headers=HEADERS[what]))


@pytest.mark.parametrize("subject", ["Hi\nBcc: eve@example.com", "Hi\r\n\r\nbody", "Hi\0", "Hi\x85", "\ud800"])
def test_a_subject_of_several_lines_is_refused(subject):
    with pytest.raises(RefusedError, match="subject"):
        compose(email(subject=subject))


def test_a_body_with_half_a_pair_is_refused():
    with pytest.raises(RefusedError, match="body"):
        compose(email(body="\ud800"))


def test_lines_of_a_body_are_never_headers():
    text = wire(subject="Hi", body="Bcc: eve@example.com\r\n.\r\nMAIL FROM:<eve@example.com>")
    head, _, body = text.partition("\r\n\r\n")
    assert "eve" not in head
    assert body.startswith("Bcc: eve@example.com")
