"""What is done once a caller has its whole answer."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest


def when_answered(request: HttpRequest, job: Callable[[], Any]) -> None:
    """Call ``job`` after all middleware, when the answer was sent: Django's handlers close the request then.

    It is called in the caller's thread, and must be quick. For a caller who leaves under ASGI while the answer is being
    made, it is not called.
    """
    close = request.close

    def closed() -> None:
        vars(request).pop("close", None)  # a request that refers to itself would stay in memory for longer
        try:
            close()
        finally:
            job()

    request.close = closed  # type: ignore[method-assign]
