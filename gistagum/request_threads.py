"""Which threads answer a request now. The process's own work is done by all others."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Of each process, with PostgreSQL: for the reader threads, the log's tail, numbering and presence. No request has them.
OWN_CONNECTIONS = 7

_here = threading.local()


@contextmanager
def answering() -> Iterator[None]:
    """Within this block, the thread answers a request."""
    before = answers()
    _here.answers = True
    try:
        yield
    finally:
        _here.answers = before


def answers() -> bool:
    """Return whether this thread answers a request."""
    return getattr(_here, "answers", False)
