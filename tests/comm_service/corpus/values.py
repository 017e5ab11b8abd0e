"""What is put into each field: values that are taken, those at a limit, and hostile ones."""

import json
from typing import Any

from comm_service.contract import DOCUMENTS, EMAIL_QUEUE, MESSAGES, NOTIFICATIONS, Resource

from .seeds import ANA, BEN, OFFER

VALID, BOUNDARY, HOSTILE = "valid", "boundary", "hostile"
Value = tuple[str, str]  # a kind, and JSON as it is sent


def _all(kind: str, *values: Any) -> list[Value]:
    return [(kind, json.dumps(value)) for value in values]


def _raw(kind: str, *texts: str) -> list[Value]:
    return [(kind, text) for text in texts]


COMMON = [*_raw(HOSTILE, "null", "[]", "{}", "true", "false", "1E400", "NaN", '["x"]', '{"a":1}')]
UUIDS = [
    *_all(
        VALID, str(ANA), str(ANA).upper(), ANA.hex, f"{{{ANA}}}", f"urn:uuid:{ANA}", "0000-0001aaaa4aaa8aaaaaaaaaaaaaaa"
    ),
    *_all(BOUNDARY, 0, 5, 2**128 - 1, 2**128, -1, True, False),
    *_all(HOSTILE, "", " ", f" {ANA}", f"{ANA} ", str(ANA)[:-1], f"{ANA}0", "x" * 32, 1.0, "5", "\0" * 32, "１" * 32),
    *_raw(HOSTILE, '"\\ud800"', "1" * 5000),
]
TEXTS = [
    *_all(VALID, "Report", "é ü 😀", "", "  trimmed\t\n", 5, 1.5, -3, 1e22, 10**30),
    *_all(
        BOUNDARY, "   ", "\u00a0\u3000", "\u2028 a \u2029 b", "a\u2028b\u2029c", "x" * 20, "\x01\x1f\x7f", "<script>"
    ),
    *_all(HOSTILE, "a\0b", "\0", ["x"], {"a": "b"}, "a\ud800b"),
    *_raw(HOSTILE, '"\\ud83d\\ude00"', '"\\udc00\\ud800"', "1E400", "-0.0", "1e5", '"\\u0000"'),
]
JSONS = [
    *_all(
        VALID, {}, {"a": 1}, {"longer": 1, "b": 2, "a": {"z": 1, "y": [2]}}, [], "", "text", 0, 1.5, ["a@example.com"]
    ),
    *_all(BOUNDARY, 1e16, 2**70, -0.0, 1e-7, {"é": "\u2028"}, {"": None}, [None], True, [[[[]]]]),
    *_raw(BOUNDARY, '{"a":1,"a":2}', "1.10", "100000000000000000000000.5", "[" * 399 + "]" * 399),
    *_all(HOSTILE, "\0", {"a\0": 1}, {"a": ["\0"]}, ["\ud800"], {"\udfff": 1}, "\\u0000"),
    *_raw(HOSTILE, '{"a":1E400}', '{"a":NaN}', "-Infinity", "[" * 401 + "]" * 401, "[" * 5000 + "]" * 5000, "1" * 4301),
]
CHOICES = [
    *_all(VALID, "email", "push", "system"),
    *_all(HOSTILE, "sms", "", "EMAIL", " email", "email ", 5, 1.5, "\0", 'a "quoted" one', "{input}", "\ud800"),
]
INTEGERS = [
    *_all(VALID, 0, 12, "12", "12.0", 1.0, -5, " 7 ", "+3", "1_000"),
    *_all(BOUNDARY, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, "9" * 1000, "9" * 1001, 1e15, 1e16, "12.", "1.0 "),
    *_all(HOSTILE, 1.5, "1.5", "", "x", "\0", "1e3", "٣", "0x10", "\ud800", "9" * 20),
    *_raw(HOSTILE, "-0", "9" * 4300, "9" * 4301),
]
TIMES = [
    *_all(
        VALID, "2025-01-15T10:30:00Z", "2025-01-15T10:30:00.120000Z", "2025-01-15T10:30:00.5+08:00", "2025-01-15",
        "2025-01-15 10:30", "20250115T103000Z", "2025-W03-3", "2025-W03-3T10:30:00", "2025-01-15T10:30:00.1234567Z",
        "2025-01-15T10:30:00,5", "2025-1-5 1:02",
    ),
    *_all(
        BOUNDARY, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-10:00", "2024-02-29T00:00:00Z", "2025-01-15T23:59:60Z", "2025-01-15T24:00:00Z",
        "2025-01-15T10:30:00+23:59", "2025-01-15T10:30:00+24:00", "2025-01-15T10:30:00-00:00", "2025-01-15T10:30:00z",
    ),
    *_all(
        HOSTILE, "", "now", 0, 1736937000, 1.5, "1736937000", "2025-02-30T00:00:00Z", "15/01/2025", " 2025-01-15",
        "2025-01-15T10:30:00\0", "2025-01-15T10:30:00\ud800", "２０２５-01-15", "2025-01-15T10:30:00+99:99", "10:30",
    ),
]  # fmt: skip


def _limits(longest: int) -> list[Value]:
    return _all(BOUNDARY, "é" * longest, "é" * (longest + 1), " " + "x" * longest + " ", "\0" * (longest + 1))


FIELDS: dict[str, dict[str, list[Value]]] = {
    MESSAGES.path: {
        "sender_id": UUIDS, "receiver_id": UUIDS, "subject": TEXTS + _limits(255), "body": TEXTS, "metadata": JSONS,
    },
    NOTIFICATIONS.path: {
        "user_id": UUIDS, "type": CHOICES, "title": TEXTS + _limits(255), "content": TEXTS,
        "related_object_type": TEXTS + _limits(128), "related_object_id": UUIDS, "metadata": JSONS,
    },
    DOCUMENTS.path: {
        "owner_user_id": UUIDS, "student_id": UUIDS, "offer_id": UUIDS, "storage_path": TEXTS + _limits(2048),
        "filename": TEXTS + _limits(512), "content_type": TEXTS + _limits(255), "size_bytes": INTEGERS,
        "uploaded_by": UUIDS, "metadata": JSONS,
    },
    EMAIL_QUEUE.path: {
        "to_addresses": JSONS, "subject": TEXTS + _limits(255), "body": TEXTS, "headers": JSONS, "scheduled_at": TIMES,
    },
}  # fmt: skip

GOOD: dict[str, dict[str, Any]] = {
    MESSAGES.path: {"sender_id": str(ANA), "receiver_id": str(BEN), "subject": "Report", "metadata": {"b": 1, "a": 2}},
    NOTIFICATIONS.path: {
        "user_id": str(ANA), "type": "push", "title": "New", "related_object_type": "Offer",
        "related_object_id": str(OFFER),
    },
    DOCUMENTS.path: {
        "storage_path": "documents/new", "filename": "new.pdf", "size_bytes": 10, "owner_user_id": str(BEN),
    },
    EMAIL_QUEUE.path: {"to_addresses": ["a@example.com"], "subject": "Hello", "scheduled_at": "2025-01-15T10:30:00Z"},
}  # fmt: skip


def body_with(resource: Resource, field: str, value: str, whole: bool) -> bytes:
    """A body with this JSON in a field; ``whole``: beside good values of the others."""
    pairs = {name: json.dumps(one) for name, one in GOOD[resource.path].items()} if whole else {}
    pairs[field] = value
    return ("{" + ",".join(f"{json.dumps(name)}:{one}" for name, one in pairs.items()) + "}").encode(
        errors="surrogatepass"
    )
