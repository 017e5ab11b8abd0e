"""A database of the old chat, with the tables that its migrations made, filled by tests."""

import itertools
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

START = datetime(2026, 1, 9, 8, 0, tzinfo=UTC)
AUDIT = "created_at {time}, updated_at {time}, created_by_id {person}, updated_by_id {person}, is_active {bool}"
SCHEMA = (
    "CREATE TABLE conversation (id {id} PRIMARY KEY, "
    + AUDIT
    + ", user1_id {person} NOT NULL, user2_id {person} NOT NULL, last_message text, last_message_at {time}, "
    "last_message_by_id {person}, unread_count_user1 integer NOT NULL, unread_count_user2 integer NOT NULL)",
    "CREATE TABLE chat_message (id {id} PRIMARY KEY, "
    + AUDIT
    + ", sender_id {person} NOT NULL, receiver_id {person} NOT NULL, conversation_id bigint, message text NOT NULL, "
    "attachment varchar(100), attachment_type varchar(20), is_read {bool}, read_at {time}, delivered_at {time}, "
    '"timestamp" {time})',
    "CREATE TABLE typing_indicator (id {id} PRIMARY KEY, user_id {person}, conversation_partner_id {person}, "
    'is_typing {bool}, "timestamp" {time})',
)
SQLITE = {"id": "integer", "time": "datetime", "bool": "bool", "person": "char(32)"}
POSTGRES = {"id": "bigint", "time": "timestamptz", "bool": "boolean", "person": "varchar(36)"}


class OldChat:
    """The database. People are given by the ids of their accounts, times in minutes after ``START``."""

    def __init__(self, connection: Any, mark: str, types: dict[str, str]) -> None:
        self._connection = connection
        self._mark = mark
        self._ids = itertools.count(1)
        for statement in SCHEMA:
            self.execute(statement.format(**types))

    def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement whose values are marked by ``?``, and commit."""
        cursor = self._connection.cursor()
        cursor.execute(statement.replace("?", self._mark), list(values))
        self._connection.commit()

    def close(self) -> None:
        """End the connection, so that others find a database that nobody uses."""
        self._connection.close()

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        row = {"id": next(self._ids), **values}
        names = ", ".join(f'"{name}"' for name in row)
        self.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        return row["id"]

    def conversation(self, one: Any, other: Any, **values: Any) -> int:
        """Add a conversation of two people. Return its id."""
        times = {"created_at": _at(0), "updated_at": _at(0)}
        counters = {"unread_count_user1": 0, "unread_count_user2": 0}
        people = {"user1_id": str(one), "user2_id": str(other)}
        return self._insert("conversation", {**times, **counters, **people, "is_active": True, **values})

    def message(self, sender: Any, receiver: Any, text: str | None = "Hello", minute: int = 1, **values: Any) -> int:
        """Add a message. Return its id."""
        times = {"created_at": _at(minute), "updated_at": _at(minute), "timestamp": _at(minute)}
        people = {"sender_id": str(sender), "receiver_id": str(receiver)}
        flags = {"is_active": True, "is_read": False}
        return self._insert("chat_message", {**times, **people, **flags, "message": text, **values})

    def typing(self, one: Any, other: Any) -> None:
        """Add a typing indicator."""
        people = {"user_id": str(one), "conversation_partner_id": str(other)}
        self._insert("typing_indicator", {**people, "is_typing": True, "timestamp": _at(3)})


def _at(minute: int) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S.%f")


def moment(minute: int) -> datetime:
    """The time that ``minute`` of a row stands for."""
    return START + timedelta(minutes=minute)


def on_sqlite(path: Path) -> tuple[OldChat, str]:
    """A new database in a file, and its address."""
    return OldChat(sqlite3.connect(path), "?", SQLITE), f"sqlite:///{path}"


def on_postgres(url: str) -> tuple[OldChat, str]:
    """A new database's tables on PostgreSQL, whose session has UTC as the old system had."""
    return OldChat(psycopg.connect(url, options="-c timezone=UTC"), "%s", POSTGRES), url
