"""Free ports, and waiting for conditions instead of sleeping."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is not in use."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> object:
    """Wait until ``condition`` returns a true value, and return it. Raise AssertionError naming ``what`` otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain until: {what}")
        time.sleep(0.02)
