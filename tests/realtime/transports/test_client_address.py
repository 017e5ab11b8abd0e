"""Where a request comes from: the other end of the connection, unless the operator trusts proxies."""

import pytest
from django.test import RequestFactory

from realtime.transports import client_address
from realtime.transports.client_address import address_of, request_address, scope_address


@pytest.mark.parametrize("forwarded", ["", "1.2.3.4", "1.2.3.4, 5.6.7.8", "nonsense"])
def test_without_trusted_proxies_nobodys_word_counts(forwarded):
    assert address_of("10.0.0.1", forwarded, 0) == "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "trusted", "expected"),
    [
        ("1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6,1.2.3.4 , 10.0.0.2", 2, "1.2.3.4"),
        ("6.6.6.6, 7.7.7.7, 1.2.3.4, 10.0.0.2", 2, "1.2.3.4"),
    ],
)
def test_the_word_of_the_outermost_trusted_proxy_counts_and_nothing_before_it(forwarded, trusted, expected):
    assert address_of("10.0.0.1", forwarded, trusted) == expected


@pytest.mark.parametrize(("forwarded", "trusted"), [("", 1), ("1.2.3.4", 2), ("hello", 1), ("1.2.3.4:99", 1), (",", 1)])
def test_what_a_trusted_proxy_did_not_say_is_the_other_end_of_the_connection(forwarded, trusted):
    assert address_of("10.0.0.1", forwarded, trusted) == "10.0.0.1"


def test_a_network_of_ipv6_is_one_and_ipv4_in_ipv6_is_ipv4():
    assert address_of("2001:db8:1:2:3::4", "", 0) == address_of("2001:db8:1:2:ffff::", "", 0)
    assert address_of("2001:db8:1:3::4", "", 0) != address_of("2001:db8:1:2::4", "", 0)
    assert address_of("::ffff:1.2.3.4", "", 0) == "1.2.3.4"


def test_a_unix_socket_has_no_address():
    assert address_of("", "", 0) == ""


def test_http_and_websocket_agree(settings):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": "6.6.6.6, 1.2.3.4"})
    headers = [(b"host", b"x"), (b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")]
    assert request_address(request) == scope_address(("10.0.0.1", 4711), headers) == "1.2.3.4"
    assert scope_address(None, []) == ""


def test_a_header_that_is_not_believed_is_said_once(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(client_address, "_hinted", False)
    monkeypatch.setattr(client_address.logger, "warning", said.append)
    request = RequestFactory().get("/", headers={"x-forwarded-for": "1.2.3.4"})
    assert request_address(request) == request_address(request) == "127.0.0.1"
    assert said == ["X-Forwarded-For comes with a request, and TRUSTED_PROXIES is 0: it is not believed."]
