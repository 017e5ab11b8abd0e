"""Pages of other origins: those that are named may use the APIs, and nothing else of the site."""

import pytest

pytestmark = pytest.mark.django_db  # the middleware looks at the connection

PAGE = "https://app.example"
PEOPLE = "/api/v1/accounts/users/"
HEADERS = (
    "accept,authorization,cache-control,content-type,idempotency-key,last-event-id,x-college-id,x-csrftoken,x-tenant-id"
)


@pytest.fixture(autouse=True)
def named(settings):
    settings.CORS_ALLOWED_ORIGINS = [PAGE]


def preflight(client, path=PEOPLE, origin=PAGE):
    asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": HEADERS}
    return client.options(path, headers=asked)


def test_a_preflight_of_a_named_origin_allows_the_headers_of_all_clients(client):
    answer = preflight(client)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == PAGE
    assert {name.strip() for name in answer["Access-Control-Allow-Headers"].split(",")} == set(HEADERS.split(","))
    assert "POST" in answer["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("origin", ["https://other.example", "http://app.example", "null"])
def test_another_origin_is_not_answered(client, origin):
    assert "Access-Control-Allow-Origin" not in preflight(client, origin=origin)


def test_other_addresses_than_the_apis_are_not_opened(client, db):
    assert "Access-Control-Allow-Origin" not in preflight(client, "/accounts/login/")


def test_a_refusal_can_be_read_by_the_page(client, db):
    answer = client.get(PEOPLE, headers={"origin": PAGE})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, PAGE)
