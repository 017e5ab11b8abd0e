"""The OpenAPI document says what the API does: its addresses, what they take, and what they answer."""

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from messaging.api.urls import _SERVED

PLACE = "/api/v1/conversations/{conversation_id}"


@pytest.fixture(scope="module")
def document():
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def test_every_address_is_described_once(document):
    described = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    served = {f"/api/v1/{route}".replace("<int:", "<").replace("<str:", "<") for route in _SERVED}
    assert served <= described
    assert not {f"{path}/" for path in served} & described


def test_every_refusal_is_described(document):
    for path, methods in document["paths"].items():
        if path.startswith(("/api/v1/conversations", "/api/v1/messag", "/api/v1/ws-ticket")):
            for method, described in methods.items():
                assert {"401", "404", "422", "429"} <= set(described["responses"]), f"{method} {path}"


def test_what_a_message_takes_and_is_answered_with_is_described(document):
    sending = document["paths"][f"{PLACE}/messages"]["post"]
    taken = sending["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schemas = document["components"]["schemas"]
    assert set(schemas[taken]["properties"]) >= {"content", "message_type", "parent_id", "attachments", "client_id"}
    answered = sending["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(schemas[answered]["properties"]) >= {"id", "seq", "content", "html", "receipts", "thread_count"}
