"""The OpenAPI document of the APIs: valid, complete, and made without a warning."""

import re

import pytest
from django.urls import URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from messaging import urls

PREFIX = "/api/v1/"
DESCRIBES = {"schema/"}  # the address of the document itself


@pytest.fixture(scope="module")
def document():
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def routes(patterns, before=""):
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        else:
            yield route


def without_names(route: str) -> str:
    """A route with ``*`` for each parameter, and without the marks of regular expressions."""
    return re.sub(r"<[^>]+>|\{[^}]+\}|\(\?P<\w+>[^)]+\)", "*", route.replace("/?$", "")).replace("^", "").rstrip("/$")


def test_the_document_is_made_without_a_warning_and_valid(document):
    assert not GENERATOR_STATS, GENERATOR_STATS._warn_cache | GENERATOR_STATS._error_cache
    validate_schema(document)


def test_every_address_of_the_apis_is_described(document):
    described = {without_names(path.removeprefix(PREFIX)) for path in document["paths"]}
    served = {without_names(route) for route in routes(urls.urlpatterns) if route not in DESCRIBES}
    assert served - described == set()
    assert get_resolver().resolve(f"{PREFIX}schema/").url_name == "api_schema"


def test_every_operation_has_a_name_of_its_own_and_says_how_one_signs_in(document):
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert set(document["components"]["securitySchemes"]) == {"tokenAuth", "cookieAuth"}
    assert all(one.get("security") or one["operationId"].startswith("auth_login") for one in operations)


@pytest.mark.django_db
def test_everybody_may_read_the_document(client):
    answer = client.get(f"{PREFIX}schema/")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")
