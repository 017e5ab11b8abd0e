"""Python's garbage collector, told what a server is like: much that stays, and many connections that stay for hours.

By default it looks at everything again and again while connections come and while they are told something; with a
thousand of them each look is a pause of a tenth of a second and more, for everybody.
"""

import gc

NEW = 5_000  # objects made and not freed since the last look at the new ones (Python's own: 700)
LOOKS = 10  # at the new ones, before those that outlived a look are looked at as well (10)
LOOKS_AT_THOSE = 5  # before everything is (10)


def spare_what_stays() -> None:
    """Leave out of account what has been loaded by now: code, settings, models. It is there until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW, LOOKS, LOOKS_AT_THOSE)
