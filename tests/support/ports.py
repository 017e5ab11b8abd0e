"""Free ports, and waiting for conditions instead of sleeping."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nothing listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> object:
    """Wait until ``condition`` gives something true, and return that. Raises AssertionError naming ``what``."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain until: {what}")
        time.sleep(0.02)
