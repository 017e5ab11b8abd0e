"""The import between databases as they are: from PostgreSQL into PostgreSQL, and with people whose ids are UUIDs."""

import io
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command

from messaging import sending, unread
from messaging.models import Message
from tests.support.people import person

from .old_chat import moment, on_postgres, on_sqlite

ROOT = Path(__file__).resolve().parents[3]


def test_from_postgresql_into_postgresql(new_database, on_database, postgres):
    on_database(new_database("postgres"))
    ana, ben = person(), person()
    old, url = on_postgres(postgres.create("old_chat"))
    place = old.conversation(ana.pk, ben.pk, id=70)
    for number in (5000, 5001):
        old.message(ana.pk, ben.pk, "Grüße", 1, id=number, conversation_id=place, is_read=number == 5000)
    old.message(ben.pk, ana.pk, "early", 2, id=5002)
    old.close()
    out = io.StringIO()
    for _ in range(2):
        call_command("import_chat", url, "--json", stdout=out)
    first, again = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["messages"], first["conversations"], first["without_conversation"]) == (3, 1, 1)
    assert (again["messages"], again["already_here"]) == (0, 3)
    assert unread.per_conversation(ben) == {70: 1}
    assert Message.objects.get(pk=5000).sent_at == moment(1)
    message, _ = sending.send(sender=ana, receiver=ben, text="new")
    assert (message.pk, message.seq) == (5003, 4)


@pytest.mark.servers
def test_people_whose_ids_are_uuids_are_matched(tmp_path):
    """At the college, in processes of their own: its settings have another user model."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.sites.college.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'college.sqlite3'}",
    }

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    ids = {name: str(uuid.uuid4()) for name in ("ana", "ben")}
    people = tmp_path / "people.json"
    people.write_text(json.dumps([{"id": pk, "username": name, "password": name} for name, pk in ids.items()]))
    manage("migrate", "--verbosity", "0")
    manage("college_people", str(people))
    old, url = on_sqlite(tmp_path / "old.sqlite3")
    in_hex = {name: uuid.UUID(pk).hex for name, pk in ids.items()}  # as Django writes them into SQLite
    old.message(in_hex["ana"], in_hex["ben"], "Hello", 1, id=9)
    old.close()
    outcome = json.loads(manage("import_chat", url, "--json"))
    assert (outcome["messages"], outcome["refused"]) == (1, 0)
