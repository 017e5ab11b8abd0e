"""How the API answers requests with an ``Idempotency-Key``."""

import json
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from ..errors import Invalid
from ..idempotency import keys

KEY = OpenApiParameter(
    keys.HEADER, str, OpenApiParameter.HEADER, description="For 24 hours, the same request is answered the same again."
)


def once(request: Request, given: dict[str, Any], act: Callable[[], Response]) -> Response:
    """Return the answer of ``act``; for a key that was used with the same values already, the first answer.

    ``given`` are the values of the body. Raises MessagingError as ``keys.once`` does, and what ``act`` raises.
    """
    key = request.headers.get(keys.HEADER)
    if not key:
        return act()
    try:
        values = json.dumps(given, sort_keys=True, default=str)
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None

    def carried_out() -> tuple[int, str]:
        answer = act()
        return answer.status_code, json.dumps(answer.data, cls=JSONEncoder)

    asked = f"{request.method} {request.path.rstrip('/')} {values}"
    status, body = keys.once(request.user, key, asked, carried_out)
    return Response(json.loads(body), status=status)
