"""Python's garbage collector, tuned for a server: much stays for good, and connections stay for hours.

By default it looks at every object again and again while connections come and events are sent. With a thousand
connections each full collection is a pause of a tenth of a second and more, for everybody.
"""

import gc

NEW = 5_000  # objects allocated and not freed before the youngest generation is collected (Python's default: 700)
YOUNG = 10  # collections of the youngest generation before the middle one is collected (10)
MIDDLE = 5  # collections of the middle generation before a full collection (10)


def tune_garbage_collection() -> None:
    """Exempt what has been loaded by now (code, settings, models): it stays until the process ends."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, YOUNG, MIDDLE)
