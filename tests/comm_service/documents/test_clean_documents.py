"""`manage.py clean_documents`: orphans of both kinds go, and only they."""

import io
import json
import os
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from comm_service.documents.keys import document_key
from comm_service.models import Document

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(store, folder, tmp_path):
    """Makes an object, a row, or both, as old as a day and more unless they are ``fresh``. Returns the row's id."""

    def make(*, row=True, content=True, fresh=False, key=None):
        row_id = uuid4()
        key = key or document_key(row_id, "a.txt")
        if content:
            with (tmp_path / "content").open("w+b") as file:
                store.put(key, file, "text/plain")
            if not fresh:
                old = time.time() - 90_000
                os.utime(store.path(key), (old, old))
        if row:
            Document.objects.create(pk=row_id, storage_path=key)
            if not fresh:
                Document.objects.filter(pk=row_id).update(uploaded_at=timezone.now() - timedelta(days=2))
        return row_id

    return make


def run(*arguments):
    out = io.StringIO()
    call_command("clean_documents", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def exists(store, row_id):
    return store.has(document_key(row_id, "a.txt"))


def test_orphans_of_both_kinds_are_removed_and_nothing_else(store, make):
    whole, lost_row, lost_object = make(), make(content=False), make(row=False)
    fresh_object, fresh_row = make(row=False, fresh=True), make(content=False, fresh=True)
    make(content=False, key="documents/2025/chosen-by-a-caller.pdf")
    dry = run("--dry-run")
    assert (dry["removed"], dry["orphan_objects"], dry["orphan_rows"]) == (False, 1, 1)
    assert exists(store, lost_object)
    assert run() == {**dry, "removed": True}
    assert exists(store, whole)
    assert exists(store, fresh_object)
    assert not exists(store, lost_object)
    assert Document.objects.count() == 3
    assert not Document.objects.filter(pk=lost_row).exists()
    assert Document.objects.filter(pk=fresh_row).exists()
    assert run()["orphan_objects"] == 0


def test_the_wrong_bucket_removes_nothing(store, make):
    make(content=False)
    lost = make(row=False)
    with pytest.raises(CommandError, match="right bucket"):
        run()
    assert Document.objects.count() == 1
    assert exists(store, lost)
    run("--force")
    assert Document.objects.count() == 0


def test_a_storage_that_is_down_removes_nothing(store, make, monkeypatch):
    from comm_service.documents.store import StorageAway

    def away(key):
        raise StorageAway("The storage of documents refuses: timeout")

    make()
    make(content=False)
    monkeypatch.setattr(store, "has", away)
    with pytest.raises(CommandError, match="timeout"):
        run()
    assert Document.objects.count() == 2
