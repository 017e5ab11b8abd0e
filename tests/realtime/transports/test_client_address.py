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


@pytest.mark.parametrize(("forwarded", "trusted"), [("", 1), ("1.2.3.4", 2), ("hello", 1), ("unknown", 1), (",", 1)])
def test_what_a_trusted_proxy_did_not_say_is_the_other_end_of_the_connection(forwarded, trusted):
    assert address_of("10.0.0.1", forwarded, trusted) == "10.0.0.1"


def test_a_network_of_ipv6_is_one_and_ipv4_in_ipv6_is_ipv4():
    assert address_of("2001:db8:1:2:3::4", "", 0) == address_of("2001:db8:1:2:ffff::", "", 0)
    assert address_of("2001:db8:1:3::4", "", 0) != address_of("2001:db8:1:2::4", "", 0)
    assert address_of("::ffff:1.2.3.4", "", 0) == "1.2.3.4"


# --- addresses as proxies write them ----------------------------------------------------------------------------

SPELLINGS = {
    "203.0.113.7": ["203.0.113.7", "203.0.113.7:50001", " 203.0.113.7:1\t", '"203.0.113.7:443"', "203.0.113.7:",
                    "::ffff:203.0.113.7", "::FFFF:cb00:7107", "[::ffff:203.0.113.7]:443", "::ffff:203.0.113.7%eth0",
                    "64:ff9b::203.0.113.7", "[64:ff9b::cb00:7107]:80", "::ffff:0:203.0.113.7", "203.0.113.7:_p0rt"],
    "2001:db8:1:2::/64": ["2001:db8:1:2::9", "[2001:db8:1:2::9]", "[2001:db8:1:2::9]:443", "2001:DB8:1:2:0:0:0:9",
                          '"[2001:db8:1:2::9]:443"', "2001:db8:1:2::9%3", "[2001:db8:1:2::9%25eth0]:1",
                          "2001:db8:1:2:3:4:5:6:50001", "2001:db8:1:2::9:50001", "[2001:db8:1:2::9]:_hidden"],
}  # fmt: skip
UNREADABLE = ["unknown", "_hidden", "_SEVKISEK:47011", "unix:", "-", "[2001:db8::1", "2001:db8::1]:443", "[]:443", "[",
              '"', '""', "203.0.113.7:port", "203.0.113.7:123456", "203.0.113.07", "203.0.113", "203.0.113.7/24",
              "٢٠٣.0.113.7", "1.2.3.4 5.6.7.8", "\x00", "\udcff", "1" * 5000, "[" * 500, "1.2.3.4:" * 500]  # fmt: skip


@pytest.mark.parametrize(("address", "text"), [(one, text) for one, texts in SPELLINGS.items() for text in texts])
def test_each_spelling_of_an_address_is_the_same_client(address, text):
    quoted = text if text.strip().startswith('"') else f'"{text}"'
    assert address_of("10.0.0.1", text, 1) == address
    assert address_of("10.0.0.1", f"6.6.6.6, ,{text},", 1) == address, "empty parts of a list do not count"
    assert address_of("10.0.0.1", f"{text}, 10.0.0.2:80", 2) == address
    assert address_of("10.0.0.1", "", 1, f"for=6.6.6.6, proto=https;For = {quoted} ; by=10.0.0.1") == address
    assert address_of("10.0.0.1", "", 2, f'for={quoted};host="a\\",b;c",,for=10.0.0.2') == address
    assert address_of(text.strip(' \t"'), "", 0) == address, "as the peer of a connection, too"


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_address_is_the_other_end_of_the_connection(text):
    for said in (text, f"6.6.6.6, {text}"):
        assert address_of("[::ffff:10.0.0.1]:80", said, 1) == "10.0.0.1"
        assert address_of("10.0.0.1", said, 1, "for=6.6.6.6") == "10.0.0.1", "not what the other header says"
    assert address_of("10.0.0.1", "", 1, f"for=6.6.6.6, for={text}") == "10.0.0.1"


@pytest.mark.parametrize(
    "begun",
    ['for="', 'for="\\', 'for=6.6.6.6, "', "for=6.6.6.6;", ";;;,,,;=;,", 'for="6.6.6.6, for="', '"' * 99, "\\" * 99,
     "=", "for=" * 99, ",for=6.6.6.6" * 5_000],
)  # fmt: skip
@pytest.mark.parametrize("added", ["for=1.2.3.4", 'for="[::ffff:1.2.3.4]:99";proto=https'])
def test_what_a_client_has_begun_does_not_hide_what_the_proxy_adds(begun, added):
    assert address_of("10.0.0.1", "", 1, f"{begun}, {added}") == "1.2.3.4"


@pytest.mark.parametrize("said", ["for=1.2.3.4;for=6.6.6.6", "by=1.2.3.4", "proto=https", "for", "1.2.3.4"])
def test_an_element_that_names_no_client_or_two_is_the_other_end_of_the_connection(said):
    assert address_of("10.0.0.1", "", 1, said) == "10.0.0.1"


def test_of_both_headers_x_forwarded_for_counts():
    assert address_of("10.0.0.1", "1.2.3.4", 1, "for=6.6.6.6") == "1.2.3.4"
    assert address_of("10.0.0.1", " , ", 1, "for=1.2.3.4") == "1.2.3.4", "an empty one is none"
    assert address_of("10.0.0.1", "1.2.3.4", 0, "for=6.6.6.6") == "10.0.0.1"


def test_a_flood_of_what_cannot_be_read_is_one_line_and_says_which_address_counts(monkeypatch, caplog):
    monkeypatch.setattr(client_address, "_say_from", 0.0)
    monkeypatch.setattr(client_address, "_unsaid", 0)
    for number in range(50):
        address_of("10.0.0.1", f"6.6.6.6, unknown\n{number}{'x' * 9000}", 1)
    monkeypatch.setattr(client_address, "_say_from", 0.0)
    address_of("10.0.0.1", "", 2, "for=_hidden")
    first, second = caplog.messages
    assert first.startswith("A client's address cannot be read from X-Forwarded-For ('unknown\\n0xxx")
    assert first.endswith("TRUSTED_PROXIES is 1); the connection's counts: 10.0.0.1.")
    assert "from Forwarded ('_hidden', TRUSTED_PROXIES is 2)" in second
    assert second.endswith("10.0.0.1 (49 more like it since the last line).")


def test_a_unix_socket_has_no_address():
    assert address_of("", "", 0) == ""


def test_http_and_websocket_agree(settings):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": "6.6.6.6, 1.2.3.4"})
    headers = [(b"host", b"x"), (b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")]
    assert request_address(request) == scope_address(("10.0.0.1", 4711), headers) == "1.2.3.4"
    assert scope_address(None, []) == ""
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"forwarded": 'for="[2001:db8::1]:443"'})
    headers = [(b"forwarded", b"for=6.6.6.6"), (b"forwarded", b'for="[2001:db8::2]:444"')]
    assert request_address(request) == scope_address(("10.0.0.1", 4711), headers) == "2001:db8::/64"


@pytest.mark.parametrize(("name", "value"), [("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")])
def test_a_header_that_is_not_believed_is_said_once(monkeypatch, name, value):
    said: list[str] = []
    monkeypatch.setattr(client_address, "_hinted", False)
    monkeypatch.setattr(client_address.logger, "warning", said.append)
    request = RequestFactory().get("/", headers={name: value})
    assert request_address(request) == request_address(request) == "127.0.0.1"
    assert said == [f"{name} comes with a request, and TRUSTED_PROXIES is 0: it is not believed."]
