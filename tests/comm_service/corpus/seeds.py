"""The rows that are there when a case begins. Ids and times are fixed, so answers can be compared as bytes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from comm_service.models import Document, EmailQueue, Message, Notification

ANA, BEN, EVA = (UUID(f"0000000{n}-aaaa-4aaa-8aaa-aaaaaaaaaaaa") for n in (1, 2, 3))
NOBODY = UUID("99999999-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
OFFER = UUID("0000000a-cccc-4ccc-8ccc-cccccccccccc")
BEGIN = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
# Microseconds that are written with six digits, with zeros at the end, and not at all.
FRACTIONS = (123456, 120000, 0, 120999, 1)
# What a column of JSON may hold: keys in an order that PostgreSQL changes, numbers that writers write differently.
JSON_VALUES: tuple[Any, ...] = (
    {},
    {"longer": 1, "b": [1, 2.5, None, True], "a": {"é": "ü 😀 \u2028 \u2029 </script>"}},
    [],
    "a text",
    1e16,
    {"big": 2**70, "small": 1e-7, "tenth": 0.1, "whole": 1.0, "minus": -0.0},
    {"control": '\x01\x1f\x7f\t"\\/'},
    0,
    False,
    [[[]], {"": ""}],
)
TEXTS = (None, "", "Report", "é ü 😀 \u2028\u2029", 'quotes " and \\ and \x01\x7f', "x" * 255)


def _moment(n: int) -> datetime:
    return BEGIN - timedelta(hours=n) + timedelta(microseconds=FRACTIONS[n % len(FRACTIONS)])


def row_id(table: int, n: int) -> UUID:
    """The id of the nth row of a table."""
    return UUID(f"{table:08x}-bbbb-4bbb-8bbb-{n:012x}")


def plant() -> None:
    """Write the rows."""
    for n in range(12):
        text, value = TEXTS[n % len(TEXTS)], JSON_VALUES[n % len(JSON_VALUES)]
        Message.objects.create(
            id=row_id(1, n), sender_id=(ANA, BEN)[n % 2], receiver_id=(BEN, EVA)[n % 2], subject=text,
            body=TEXTS[(n + 1) % len(TEXTS)], read_at=_moment(n) if n % 3 == 0 else None, metadata=value,
        )  # fmt: skip
        Notification.objects.create(
            id=row_id(2, n), user_id=(ANA, BEN)[n % 2], type=("email", "push", "system", "other")[n % 4], title=text,
            content=TEXTS[(n + 2) % len(TEXTS)], status=("pending", "sent", "failed", "FAILED")[n % 4],
            related_object_type=(None, "offer", "STAGE", "student", "encadrant", "x", "")[n % 7],
            related_object_id=OFFER if n % 2 else None, attempts=n, metadata=value,
            sent_at=_moment(n) if n % 4 == 1 else None, last_error="refused" if n % 4 == 2 else None,
        )  # fmt: skip
        Document.objects.create(
            id=row_id(3, n), owner_user_id=(ANA, None)[n % 2], student_id=(None, EVA)[n % 2],
            offer_id=(OFFER, None)[n % 2], storage_path=f"documents/{n}/é", filename=text, content_type=text,
            size_bytes=(None, 0, 2**63 - 1, -(2**63))[n % 4], uploaded_by=(None, BEN, ANA)[n % 3], metadata=value,
        )  # fmt: skip
        EmailQueue.objects.create(
            id=row_id(4, n), to_addresses=value, subject=text, body=text, headers=JSON_VALUES[(n + 1) % 10],
            scheduled_at=_moment(n) if n % 2 else None, sent_at=_moment(n) if n % 4 == 1 else None,
            status=("pending", "sent", "failed", "other")[n % 4], attempts=n,
            last_error="refused" if n % 4 == 2 else None,
        )  # fmt: skip
        moment = _moment(n - n % 2)  # every two rows have the same time
        for model, number in ((Message, 1), (Notification, 2), (EmailQueue, 4)):
            model.objects.filter(pk=row_id(number, n)).update(created_at=moment)
        Document.objects.filter(pk=row_id(3, n)).update(uploaded_at=moment)
