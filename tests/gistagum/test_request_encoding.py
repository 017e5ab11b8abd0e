"""Encodings that a request claims: those of text count, and no other is an error of the site."""

from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest

from gistagum.request_encoding import ReadableEncoding


class OfWSGI(ReadableEncoding, WSGIRequest):
    pass


class OfASGI(ReadableEncoding, ASGIRequest):
    pass


def of_wsgi(header):
    environ = {"REQUEST_METHOD": "POST", "QUERY_STRING": "a=%C3%B1", "wsgi.input": BytesIO(b""), "CONTENT_TYPE": header}
    return OfWSGI(environ)


def of_asgi(header):
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"a=%C3%B1"}
    scope["headers"] = [(b"content-type", header.encode())]
    return OfASGI(scope, BytesIO(b""))


@pytest.fixture(params=[of_wsgi, of_asgi])
def made(request):
    return request.param


@pytest.mark.parametrize(
    "header",
    [
        "text/plain; charset=hex",
        "text/plain; charset=idna",
        "text/plain; charset=undefined",
        "text/plain; charset=utf-16",
        "text/plain; charset=nonsense",
        "text/plain; x*=nonsense''a",
        "text/plain",
        "text/plain; charset=UTF-8",
    ],
)
def test_any_other_is_read_as_utf_8(made, header):
    request = made(header)
    assert request.GET["a"] == "ñ"
    assert request.content_type == "text/plain"
    assert request.META["CONTENT_TYPE"] == header


def test_one_of_text_counts(made):
    assert made("application/x-www-form-urlencoded; charset=iso-8859-1").encoding == "iso-8859-1"
