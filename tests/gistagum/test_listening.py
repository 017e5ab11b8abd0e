"""One spelling of an address: what HOST, ALLOWED_HOSTS and CSRF_TRUSTED_ORIGINS may say, and what comes of it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.listening import ListenAddress, allowed_host, listen_host, trusted_origin


@pytest.mark.parametrize(
    ("text", "netloc", "local"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]", "[::1]"),
        ("[::1]", "[::1]", "[::1]"),
        ("0:0:0:0:0:0:0:1", "[::1]", "[::1]"),
        ("::", "[::]", "[::1]"),
        ("[::]", "[::]", "[::1]"),
        ("0::0", "[::]", "[::1]"),
        ("2001:DB8::A", "[2001:db8::a]", "[2001:db8::a]"),
        ("localhost", "localhost", "localhost"),
        ("Web-1.Office.example.", "web-1.office.example", "web-1.office.example"),
    ],
)
def test_every_spelling_of_an_address_is_the_same_address(text, netloc, local):
    address = ListenAddress(listen_host(text), 8000)
    assert (address.url, address.local_url) == (f"http://{netloc}:8000", f"http://{local}:8000")


@pytest.mark.parametrize(
    "text",
    [
        "[::1",
        "::1]",
        "[::1]:8000",
        "localhost:8000",
        "127.1",
        "256.1.1.1",
        "0x7f.1",
        "1.2.3.4.5",
        "[127.0.0.1]",
        ":",
        "-office",
        "office-",
        "http://office",
        "office/",
        "a..b",
        "a_b",
        "fe80::1%eth0",
        "*",
        "[localhost]",
    ],
)
def test_what_is_no_address_is_refused_by_its_name(text):
    with pytest.raises(ImproperlyConfigured, match=r"HOST is .*; it may be a host name or an address"):
        listen_host(text)


@pytest.mark.parametrize(("host", "found"), [("localhost", "127.0.0.1"), ("::1", "::1"), ("0.0.0.0", "0.0.0.0")])
def test_a_name_is_resolved_for_the_servers(host, found):
    assert ListenAddress(host, 8000).resolved().host == found


@pytest.mark.parametrize("host", ["no-such-name.invalid", "192.0.2.7", "2001:db8::7"])
def test_what_is_elsewhere_is_refused(host):
    with pytest.raises(ImproperlyConfigured, match=f"HOST is '{host}'; this machine cannot listen there: "):
        ListenAddress(host, 8000).resolved()


@pytest.mark.parametrize(
    ("text", "read"),
    [("::1", "[::1]"), ("[0:0::1]", "[::1]"), ("a.example", "a.example"), (".a.example", ".a.example"), ("*", "*")],
)
def test_an_allowed_host_is_what_django_compares(text, read):
    assert allowed_host(text) == read


@pytest.mark.parametrize("text", ["a.example:8000", "https://a.example", "[::1]:8000", "127.0.0.1:80"])
def test_an_allowed_host_that_no_request_could_match_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match=r"ALLOWED_HOSTS holds .*; a name has no scheme and no port"):
        allowed_host(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0::1]:8000", "http://[::1]:8000"),
        ("https://a.example", "https://a.example"),
        ("https://*.a.example", "https://*.a.example"),
    ],
)
def test_a_trusted_origin_is_what_browsers_send(text, read):
    assert trusted_origin(text) == read


@pytest.mark.parametrize("text", ["http://::1:8000", "http://[::1", "https://a.example:web", "a.example", "https://"])
def test_a_trusted_origin_that_no_browser_could_send_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="CSRF_TRUSTED_ORIGINS holds "):
        trusted_origin(text)
