"""Encrypts the texts in the database anew, with the first of MESSAGE_KEYS."""

from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from messaging import encryption
from messaging.encryption import EncryptedTextField
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "Encrypt every text of messages anew with the first of MESSAGE_KEYS. Run it after a new key was put first; "
        "afterwards the old ones may be taken out. The site stays up meanwhile, and it may be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--batch", type=whole_number(1, 10_000), default=500, help="Rows in one transaction (default: 500)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = 0, 0
        for model in apps.get_models():
            for field in model._meta.local_concrete_fields:
                if isinstance(field, EncryptedTextField):
                    rotated, failed = _rotate(model, field.column, options["batch"])
                    done, unreadable = done + rotated, unreadable + failed
        words = f"{done} texts were encrypted with the first key."
        if unreadable:
            words += f" {unreadable} could not be decrypted with any key, and stay as they were."
        self.report(options, words, {"rotated": done, "unreadable": unreadable})


def _rotate(model: type[Model], column: str, batch: int) -> tuple[int, int]:
    """Encrypt one column anew, in batches by id. Return how many texts were, and how many no key opens."""
    quote = connection.ops.quote_name
    table, name, key = quote(model._meta.db_table), quote(column), quote(model._meta.pk.column)
    # The names are those of our own models. A text that changed meanwhile was encrypted with the first key anyway.
    read = f"SELECT {key}, {name} FROM {table} WHERE {key} > %s AND {name} <> '' ORDER BY {key} LIMIT %s"  # noqa: S608
    write = f"UPDATE {table} SET {name} = %s WHERE {key} = %s AND {name} = %s"  # noqa: S608
    last, done, unreadable = 0, 0, 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(read, [last, batch])
            rows = cursor.fetchall()
            for row_id, token in rows:
                try:
                    cursor.execute(write, [encryption.rotate(token), row_id, token])
                    done += 1
                except InvalidToken:
                    unreadable += 1
        if not rows:
            return done, unreadable
        last = rows[-1][0]
