"""Every server refuses requests that are too large before they fill the disk, also of anonymous clients."""

import os
from pathlib import Path

import pytest
from django.urls import reverse

from gistagum.body_limits import max_request_bytes
from tests.support.site import Site

from .raw import Raw, status_of

LOGIN = "/accounts/login/"
GIGABYTES = 2 * 2**30
FORM = "Content-Type: multipart/form-data; boundary=x"
URLENCODED = "Content-Type: application/x-www-form-urlencoded"
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
LARGEST = 5 * 2**20
MEGABYTE = bytes(2**20)
CSRF = f"Cookie: csrftoken={'a' * 32}"  # with such a cookie the token is looked for in the form, so all of it is read


def begin(raw: Raw, *headers: str, path: str = LOGIN) -> None:
    raw.say("\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", CSRF, *headers, "", ""]).encode())


def answer_to(site: Site, kind: str, body: bytes) -> int | None:
    """Return the status of the response to a body. A server may respond and close before the whole body was sent, and
    the response is then occasionally lost, so the request is repeated."""
    for _ in range(5):
        with Raw(site) as raw:
            begin(raw, kind, f"Content-Length: {len(body)}", "Connection: close")
            raw.say(body)
            status = status_of(raw.hear())
        if status is not None:
            return status
    return None


def most_open(site: Site) -> int:
    """Return the size in bytes of the server's largest open, unlinked file, in which it stores bodies."""
    sizes = [0]
    for process in [site.process.pid, *children(site.process.pid)]:
        for handle in Path(f"/proc/{process}/fd").iterdir():
            try:
                if "deleted" in os.readlink(handle):
                    sizes.append(handle.stat().st_size)
            except OSError:
                continue  # closed meanwhile
    return max(sizes)


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.parametrize("kind", [FORM, URLENCODED, "Content-Type: a/b"])
def test_a_request_that_says_it_is_too_large_is_refused_at_once(site, kind):
    with Raw(site) as raw:
        begin(raw, kind, f"Content-Length: {GIGABYTES}")
        raw.say(FILE)
        assert status_of(raw.hear(lambda heard: b"larger than" in heard)) == 413
        taken = 0
        while taken < 64 and not raw.closed:
            taken += 1
            raw.say(MEGABYTE)
        assert most_open(site) <= LARGEST + 2**20
        assert taken < 64, "it goes on listening"
    assert site.healthy()


def test_a_request_that_does_not_say_its_size_is_cut_off(site):
    with Raw(site) as raw:
        begin(raw, FORM, "Transfer-Encoding: chunked")
        raw.say(b"%x\r\n%s\r\n" % (len(FILE), FILE))
        taken = kept = 0
        while taken < 64 and not raw.closed:
            taken += 1
            raw.say(b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE))
            kept = max(kept, most_open(site))
        assert kept <= LARGEST + 2**20
        assert taken < 64, "it goes on listening"
    assert site.healthy()
    assert "Traceback" not in site.log.read_text()


@pytest.mark.parametrize("path", [LOGIN, reverse("document_add", args=[1])])
def test_what_fits_is_taken(site, path):
    body = FILE + bytes(3 * 2**20) + b"\r\n--x--\r\n"
    with Raw(site) as raw:
        begin(raw, FORM, f"Content-Length: {len(body)}", "Connection: close", path=path)
        raw.say(body)
        assert status_of(raw.hear()) == 403  # it has no CSRF token, which was looked for in all of it


def test_the_limit_is_a_little_more_than_a_file(settings):
    settings.UPLOAD_MAX_MB, settings.MESSAGE_ATTACHMENT_MAX_MB, settings.COMM_DOCUMENT_MAX_MB = 3, 1, 1
    assert max_request_bytes() == LARGEST


def test_an_attachment_that_is_somewhat_too_large_is_refused_by_the_api_and_not_before_it(settings):
    settings.UPLOAD_MAX_MB, settings.MESSAGE_ATTACHMENT_MAX_MB = 3, 10
    assert max_request_bytes() == 22 * 2**20


@pytest.mark.parametrize(
    ("what", "part"),
    [
        ("fields", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'),
        ("files", b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n'),
        ("nothing but a beginning", b"--x\r\n"),
        ("headers without an end", b"--x\r\n" + b"a: b\r\n" * 3),
    ],
)
def test_forms_of_too_many_parts_are_refused(site, what, part):
    assert answer_to(site, FORM, part * 3_000 + b"--x--\r\n") == 400, what
    assert "Traceback" not in site.log.read_text()


def test_many_urlencoded_fields_are_refused(site):
    assert answer_to(site, URLENCODED, b"a=1&" * 5_000) == 400
