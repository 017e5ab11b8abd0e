"""Both sides answer alike what Hypothesis makes up: any value in any field, any request to any address."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comm_service.contract import ENDPOINTS, RESOURCES

from .corpus.asked import JSON, Asked, Case
from .corpus.cases import TABLES
from .corpus.made import planted
from .corpus.protocol import ACCEPTS, CONTENT_TYPES, METHODS
from .corpus.replay import replay
from .corpus.seeds import ANA, row_id
from .corpus.values import FIELDS

EXAMPLES = 60
CHARACTERS = st.characters(codec=None)  # lone surrogates, too
TEXTS = st.text(CHARACTERS, max_size=40)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([2**63, 2**127, 1e16, -0.0]))
TIMES = st.datetimes().map(lambda moment: moment.isoformat()) | st.from_regex(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?", fullmatch=True
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.uuids().map(str), TIMES)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
WRITTEN = [one for one in ENDPOINTS if one.answer == "write"]
LIMITS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def rows(db):
    with planted():
        yield


@st.composite
def bodies(draw):
    endpoint = draw(st.sampled_from(WRITTEN))
    fields = endpoint.resource.write
    said = {}
    for name in fields:
        if name in endpoint.resource.required or draw(st.booleans()):
            usual = st.sampled_from(
                [json.loads(text) for kind, text in FIELDS[endpoint.resource.path][name] if kind == "valid"]
            )
            said[name] = draw(usual | usual | ANYTHING)
    said |= draw(st.dictionaries(TEXTS | st.sampled_from(["id", "status", "read_at"]), ANYTHING, max_size=2))
    return endpoint, json.dumps(said, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")


def filled(path: str, value: str) -> str:
    begin, _, rest = path.partition("{")
    return begin + value + rest.partition("}")[2] if rest else begin


def same(case: Case) -> None:
    outcome = replay(case)
    assert outcome.old == outcome.new
    assert all(one.status < 500 for one in outcome.old)


@LIMITS
@given(bodies())
def test_any_body(rows, made):
    endpoint, body = made
    path = filled(endpoint.path, str(row_id(TABLES[endpoint.resource.path], 1)))
    same(Case("made up", f"{endpoint.method} {endpoint.path}", "hostile", (Asked(endpoint.method, path, body),)))


@LIMITS
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    method=st.sampled_from(METHODS),
    value=st.sampled_from([str(ANA), *(str(row_id(table, 1)) for table in TABLES.values())])
    | st.from_regex(r"[^/?#\x00-\x20]{1,40}", fullmatch=True),
    accept=st.sampled_from(ACCEPTS) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    content_type=st.sampled_from(CONTENT_TYPES) | st.just(JSON),
    body=st.binary(max_size=30) | st.just(b"{}"),
    ending=st.sampled_from(["/", "/", "", ".json", ".xml", "/?format=json", "/?limit=1"]),
)
def test_any_request(rows, endpoint, method, value, accept, content_type, body, ending):
    path = filled(endpoint.path, value).rstrip("/") + ending
    asked = Asked(method, path, body, content_type, {"Accept": accept})
    same(Case("made up", f"{method} {endpoint.path}", "hostile", (asked,)))


def test_every_field_of_a_body_has_values():
    for resource in RESOURCES:
        assert tuple(FIELDS[resource.path]) == resource.write
