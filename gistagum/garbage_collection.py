"""Garbage collection tuned for a server, where modules stay loaded and connections stay open for hours.

By default, Python examines every object again and again while connections open and events are sent. With a thousand
connections, each full collection pauses the process for a tenth of a second or more.
"""

import gc

NEW = 5_000  # objects allocated and not freed before the youngest generation is collected (Python's default: 700)
YOUNG = 10  # collections of the youngest generation before the middle one is collected (10)
MIDDLE = 5  # collections of the middle generation before a full collection (10)


def tune_garbage_collection() -> None:
    """Exclude the objects loaded so far (code, settings, models) from collection, and raise the thresholds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, YOUNG, MIDDLE)
