"""The chat's streams and polls in the OpenAPI document, which knows of views of DRF alone."""

from typing import Any

from django.urls import reverse

_TEXT = {"type": "string"}
_QUERY = {
    "token": "the person's token, where no header can be set",
    "ticket": "a ticket, in place of the token",
    "last_event_id": "the id of the last frame that the client has, as the header Last-Event-ID",
}
_SECURITY: list[dict[str, Any]] = [{"tokenAuth": []}, {"cookieAuth": []}, {}]
_FRAMES = "Frames with `event:` and `data:`: see docs/messaging-api.md."

_CLIENT = "A name that the client makes up, for one that sends no cursor."


def with_streams(result: Any, generator: Any, request: Any, public: Any) -> Any:
    """Add the streams and polls to the document. A hook of drf-spectacular, which passes more than is needed."""
    error = _json({"error": _TEXT})
    empty = _json({"error": _TEXT, "events": {"type": "array", "items": {}}})
    refused = {"401": error, "429": error, "503": error}
    frames = {"description": _FRAMES, "content": {"text/event-stream": {"schema": _TEXT}}}
    polled = _json(
        {
            "events": {"type": "array", "items": {"type": "object"}},
            "timestamp": {"type": "number"},
            "cursor": {"type": "integer"},
        }
    )
    left = _json({"status": _TEXT, "user_id": {"oneOf": [{"type": "integer"}, {**_TEXT, "format": "uuid"}]}})
    works = _json({"status": _TEXT, "message": _TEXT, "timestamp": {"type": "number"}})
    added: dict[str, tuple[str, str, dict[str, Any]]] = {
        "chat_stream": ("get", "Stream what happens in one's conversations.", {"200": frames, **refused}),
        "chat_stream_test": ("get", "Stream a frame a second, five times.", {"200": frames, "503": error}),
        "chat_poll": (
            "get",
            "Wait for what happens next, a few seconds at most.",
            {"200": polled, "400": empty, "401": empty, "429": empty, "503": empty},
        ),
        "chat_poll_test": ("get", "Say that polling works.", {"200": works}),
        "chat_poll_disconnect": (
            "post",
            "Forget how far a client has read.",
            {"200": left, "400": empty, "401": empty},
        ),
    }
    for name, (method, summary, responses) in added.items():
        described: dict[str, Any] = {"operationId": name, "summary": summary, "tags": ["chat"], "responses": responses}
        if not name.endswith("_test"):
            query = {**_QUERY, "client": _CLIENT} if name.startswith("chat_poll") else _QUERY
            described["parameters"] = [_parameter(*one) for one in query.items()]
        described["security"] = [{}] if name.endswith("_test") else _SECURITY
        result["paths"][reverse(name)] = {method: described}
    return result


def _json(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "",
        "content": {"application/json": {"schema": {"type": "object", "properties": properties}}},
    }


def _parameter(name: str, meaning: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "description": meaning, "schema": _TEXT}
