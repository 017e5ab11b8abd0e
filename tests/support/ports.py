"""Free ports, and waiting for conditions instead of sleeping."""

import contextlib
import socket
import time
from collections.abc import Callable

# Between two looks at a condition: at first, in the end, and as a share of the time that has passed in between.
SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_SHARE = 0.02, 0.1, 0.05


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is not in use."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether somebody listens on this port of this machine."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as sock:
        return sock.connect_ex((host, port)) == 0


def wait_until(condition: Callable[[], object], what: str, seconds: float = 15.0) -> object:
    """Wait until ``condition`` returns a true value, and return it. Raise AssertionError naming ``what`` otherwise.

    What takes long is looked at less often, so that looking does not slow down what it waits for.
    """
    began = time.monotonic()
    while True:
        result = condition()
        if result:
            return result
        waited = time.monotonic() - began
        if waited > seconds:
            raise AssertionError(f"Waited {seconds} s in vain until: {what}")
        time.sleep(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, PAUSE_SHARE * waited)))
