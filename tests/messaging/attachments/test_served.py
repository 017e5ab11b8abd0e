"""Attachments through real servers: an upload as a browser sends it, and the download as one gets it."""

import random

import pytest

from messaging import sending
from tests.support import http
from tests.support.people import person, session_cookie

CSRF = "c" * 32


@pytest.mark.servers
def test_what_was_uploaded_is_downloaded_whole_by_the_other_person_only(site):
    ana, ben, cora = person(), person(), person()
    content = random.Random(7).randbytes(3 * 2**20).replace(b"\0", b"\1")
    document = b"%PDF-1.7\n" + content
    headers = {"Cookie": f"{session_cookie(ana)}; csrftoken={CSRF}", "X-CSRFToken": CSRF, "Referer": site.url}
    answer = http.post(
        f"{site.url}/api/v1/attachments", headers=headers, files={"file": ("Plan.pdf", document)}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    uploaded = answer.json()
    assert uploaded["url"].startswith(site.url)
    sending.send(sender=ana, receiver=ben, attachments=[uploaded["id"]])
    address = f"{site.url}/api/v1/attachments/{uploaded['id']}/download"
    got = http.get(address, headers={"Cookie": session_cookie(ben)}, follow_redirects=True, timeout=30)
    assert (got.status_code, got.headers["Content-Type"]) == (200, "application/octet-stream")
    assert got.content == document
    assert got.headers["Content-Disposition"] == 'attachment; filename="Plan.pdf"'
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert http.get(address, headers={"Cookie": session_cookie(cora)}, follow_redirects=True).status_code == 404
    assert http.get(address).status_code in {401, 403}


@pytest.mark.servers
def test_a_file_that_is_somewhat_too_large_gets_the_answer_of_the_api(site):
    headers = {"Cookie": f"{session_cookie(person())}; csrftoken={CSRF}", "X-CSRFToken": CSRF, "Referer": site.url}
    files = {"file": ("a.txt", b"x" * (12 * 2**20))}
    answer = http.post(f"{site.url}/api/v1/attachments", headers=headers, files=files, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
