"""What counts as a difference, what does not, and that nobody can be read from it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchover.shadow import json_text
from switchover.shadow.comparison import MOST_BODY, MOST_FOUND, Answer, Found, Rules, compare
from switchover.shadow.json_text import NotJson, Paths, values
from switchover.shadow.masking import masked

RULES = Rules(
    headers=("content-type", "location"),
    differing=Paths(("id", "[].id", "seen.*.at")),
    public=Paths(("detail", "subject[]")),
    free=Paths(("metadata", "[].metadata")),
)
JSON = {"content-type": "application/json"}


def answer(body, status=200, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, JSON | headers, data)


def found(old, new):
    return compare(old, new, RULES)


def test_the_same_bytes_are_the_same():
    assert found(answer({"id": 1, "name": "Ana"}), answer({"id": 1, "name": "Ana"})) == []


def test_fields_that_differ_by_nature_are_left_out():
    one = {"id": 1, "seen": {"ana": {"at": "10:00"}}, "name": "Ana"}
    other = {"id": 22, "seen": {"ana": {"at": "10:01:02"}}, "name": "Ana"}
    assert found(answer(one), answer(other)) == []
    assert found(answer([{"id": 1}, {"id": 2}]), answer([{"id": 3}, {"id": 4}])) == []


def test_a_field_that_differs_by_nature_must_be_there_all_the_same():
    assert found(answer({"id": 1, "a": 2}), answer({"a": 2})) != []


def test_the_status_and_named_headers_are_compared():
    assert found(answer({}, 201), answer({}, 200)) == [Found("status", "", "201", "200")]
    told = found(answer({}, location="/a/12"), answer({}))
    assert told == [Found("header", "location", "/a/00", "-")]
    assert found(answer({}, server="one"), answer({}, server="other")) == []


def test_a_value_is_told_masked():
    [told] = found(answer({"name": "Ana Ruiz", "x": 1}), answer({"name": "ana", "x": 1}))
    assert told == Found("field", "name", '"aaa aaaa"', '"aaa"')


@pytest.mark.parametrize(
    ("value", "shape"), [("राहुल शर्मा", "aaaaa aaaaa"), ("محمّد", "aaaaa"), ("Zoë 👩‍🦰", "aaa aaa"), ("a-1/b", "a-0/a")]
)
def test_a_masked_value_says_nothing_in_any_script(value, shape):
    assert masked(value) == shape


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "null"), ("5", "text"), ([], "list"), ({}, "object"), (True, "boolean")]
)
def test_a_field_that_differs_by_nature_is_of_the_same_kind(value, kind):
    assert found(answer([{"id": 4}]), answer([{"id": 5}])) == []
    assert found(answer([{"id": 4}]), answer([{"id": value}])) == [Found("field", "[].id", "number", kind)]


def test_a_public_field_is_told_as_it_is():
    assert found(answer({"detail": "Not found."}), answer({"detail": "Not Found"})) == [
        Found("field", "detail", '"Not found."', '"Not Found"')
    ]


def test_keys_of_callers_are_not_named():
    old, new = {"metadata": {"ana": 1}}, {"metadata": {"ben": 1}}
    assert {one.path for one in found(answer(old), answer(new))} == {"metadata"}
    assert {one.path for one in found(answer({"ana@example.com": 1}), answer({"b c": 2}))} == {"?"}


def test_the_form_of_a_value_counts():
    assert found(answer(b'{"a": 1.0}'), answer(b'{"a": 1}')) == [Found("field", "a", "0.0", "0")]
    assert found(answer(b'{"a": "\xc3\xa9"}'), answer(b'{"a": "\\u00e9"}')) != []


def test_blanks_and_the_order_of_keys_count():
    [told] = found(answer(b'{"a": 1, "b": 2}'), answer(b'{"a":1,"b":2}'))
    assert told.kind == "bytes"
    [told] = found(answer(b'{"a":1,"b":2}'), answer(b'{"b":2,"a":1}'))
    assert told == Found("order", "", "a, b", "b, a")


def test_a_missing_field_and_a_shorter_list_are_told_once_each():
    assert found(answer([{"a": 1, "b": 1}] * 3), answer([{"a": 1}] * 3)) == [Found("field", "[].b", "3 times", "-")]
    assert found(answer([{"a": 1}] * 3), answer([{"a": 1}] * 2)) == [Found("field", "[].a", "3 times", "2 times")]


def test_a_failure_is_a_difference():
    assert found(answer({}), Answer(500, failure="KeyError")) == [Found("failure", "", "-", "KeyError")]


def test_what_was_streamed_is_compared_by_status_and_headers_alone():
    assert found(Answer(200, JSON, None), answer({})) == []
    assert found(Answer(200, JSON, None), answer({}, 404)) != []


@pytest.mark.parametrize(
    "body", [b"<p>Ana</p>", b"\xff", b"{", b'{"a": }', b'{"a" 1}', b"[1 2]", b"[" * 5000, b"{}{}", b'{"a', b"[1,", b""]
)
def test_what_is_no_json_is_compared_whole(body):
    [told] = found(answer(body), answer(b"{}"))
    assert told.kind == "bytes"
    assert "Ana" not in told.old


def test_a_long_body_is_compared_whole():
    [told] = found(answer(b"[" + b"1," * MOST_BODY + b"1]"), answer(b"[]"))
    assert told.kind == "bytes"


def test_what_is_told_is_bounded():
    many = {f"field_{number}": 1 for number in range(100)}
    assert len(found(answer(many), answer({}))) == MOST_FOUND
    [told] = found(answer({"a": "x" * 10_000, "b": 1}), answer({"a": "", "b": 1}))
    assert len(told.old) <= 90


document = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(document, st.sampled_from([None, 2]), st.booleans())
def test_every_json_text_is_read_and_is_the_same_as_itself(body, indent, ascii_only):
    text = json.dumps(body, indent=indent, ensure_ascii=ascii_only)
    for value in values(text):
        json.loads(text[value.begin : value.end])
    nothing = Paths(())
    assert "".join(json_text.without(text, values(text), nothing)) == text


@settings(deadline=None, max_examples=60)
@given(document, document)
def test_another_document_is_a_difference(one, other):
    old, new = json.dumps(one).encode(), json.dumps(other).encode()
    assert bool(compare(answer(old), answer(new), Rules())) == (old != new)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=30))
def test_any_text_is_json_or_refused(text):
    try:
        expected = json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
    except (ValueError, RecursionError):
        with pytest.raises(NotJson):
            values(text)
    else:
        assert expected is not Ellipsis
        values(text)
