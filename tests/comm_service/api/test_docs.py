"""OpenAPI: every operation is described, and its page needs nothing from elsewhere."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from comm_service.api.docs import document
from comm_service.contract import ENDPOINTS, PREFIX

SCHEMA = json.loads(document())


def operations():
    for path, methods in SCHEMA["paths"].items():
        for method, said in methods.items():
            yield f"{method.upper()} {path.removeprefix(PREFIX)}", said


ADDED = {"GET email_queue/pending/", "POST documents/upload/", "GET documents/{id}/download/"}


def test_exactly_the_contracts_operations_and_the_added_ones_are_described():
    wanted = {f"{one.method} {one.path}" for one in ENDPOINTS} | ADDED
    assert {name for name, _ in operations()} == wanted


def test_every_operation_has_a_summary_a_description_and_its_status():
    ids = [said["operationId"] for _, said in operations()]
    assert len(set(ids)) == len(ids)
    statuses = {f"{one.method} {one.path}": str(one.status) for one in ENDPOINTS}
    for name, said in operations():
        assert said["summary"]
        assert said["description"].endswith(".")
        assert next(iter(said["responses"])) == statuses.get(name, "200")


def test_bodies_have_a_schema_and_an_example_that_is_taken(db, settings):
    settings.COMM_COMPAT, settings.COMM_API = True, "ninja"
    client = Client()
    for name, said in operations():
        method, _, path = name.partition(" ")
        if name == "POST documents/upload/":  # a form, which has a file: tests/comm_service/documents/test_upload.py
            assert said["requestBody"]["content"]["multipart/form-data"]["schema"]["required"] == ["file"]
            continue
        if method not in ("POST", "PUT", "PATCH") or path.count("/") == 3:
            assert "requestBody" not in said
            continue
        content = said["requestBody"]["content"]["application/json"]
        assert content["schema"]["properties"]
        if method == "POST":
            assert client.post(PREFIX + path, json.dumps(content["example"]), "application/json").status_code == 201


@pytest.mark.parametrize("path", ["/comm/api/docs", "/api/docs"])
@pytest.mark.parametrize("side", ["legacy", "ninja"])
def test_the_page_uses_local_files_only(settings, path, side, db):
    settings.COMM_COMPAT, settings.COMM_API = True, side
    page = Client().get(path).content.decode()
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) == 5
    for file in files:
        assert file.startswith(("/static/", PREFIX)), file
        assert not file.startswith("/static/") or finders.find(file.removeprefix("/static/")), file
    assert not re.search(r"<script>|<style>| on\w+=", page)  # the site's policy allows no inline code


def test_the_document_is_served(settings, db):
    response = Client().get(f"{PREFIX}openapi.json")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert json.loads(response.content) == SCHEMA
