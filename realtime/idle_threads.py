"""A stream under ASGI needs no thread while it is open.

Django runs the middleware and view of each ASGI request on a thread that belongs to that request, and keeps the
thread until the response is over: for a stream, for hours. With a thousand streams that is a thousand idle threads.
"""

from asgiref.sync import SyncToAsync


def release_request_thread() -> None:
    """End this request's own thread; asgiref starts another if sync code must run for this request again."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor is not None:
        executor.shutdown(wait=False)
