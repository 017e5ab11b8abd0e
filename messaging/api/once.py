"""How the API answers requests with an ``Idempotency-Key``.

The kept answer leaves out what its message says, so that no text outlives the message: whoever asks again gets the text
of the message as it is then.
"""

import json
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from ..errors import Invalid
from ..idempotency import keys
from ..models import Message
from ..serializing import readable_text
from .shapes import message_shapes

KEY = OpenApiParameter(
    keys.HEADER, str, OpenApiParameter.HEADER, description="For 24 hours, the same request is answered the same again."
)
LEFT_OUT: dict[str, Any] = {"content": "", "html": None, "attachments": []}
AS_NOW = (*LEFT_OUT, "edited_at", "deleted_at")


def once(request: Request, given: dict[str, Any], act: Callable[[], Response]) -> Response:
    """Return the answer of ``act``; for a key that was used with the same values already, the first answer.

    ``act`` answers with a message, or with a conversation and its ``last_message``. What the message says is given out
    as it is now. ``given`` are the values of the body. Raises MessagingError as ``keys.once`` does, and what ``act``
    raises.
    """
    key = request.headers.get(keys.HEADER)
    if not key:
        return act()
    try:
        values = json.dumps(given, sort_keys=True, default=str)
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None

    first: list[Response] = []

    def carried_out() -> tuple[int, str]:
        answer = act()
        first.append(answer)
        return answer.status_code, json.dumps(_changed(answer.data, _without_text), cls=JSONEncoder)

    asked = f"{request.method} {request.path.rstrip('/')} {values}"
    status, body = keys.once(request.user, key, asked, carried_out)
    if first:
        return first[0]
    return Response(_changed(json.loads(body), lambda message: _as_now(message, request.user)), status=status)


def _changed(answer: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The answer with its message changed: it is one, or a conversation that shows its newest one, if there is any."""
    if "last_message" not in answer:
        return change(answer)
    newest = answer["last_message"]
    return {**answer, "last_message": newest and change(newest)}


def _without_text(message: dict[str, Any]) -> dict[str, Any]:
    return {name: LEFT_OUT.get(name, value) for name, value in message.items()}


def _as_now(message: dict[str, Any], person: Any) -> dict[str, Any]:
    row = Message.objects.select_related("sender", "conversation").filter(pk=message["id"]).first()
    if row is None:
        return message
    [now] = message_shapes([row], row.conversation, person)
    if "html" not in message and now["content"]:  # in a conversation
        now["content"] = readable_text(row.kind, now["content"])
    return {name: now[name] if name in AS_NOW else value for name, value in message.items()}
