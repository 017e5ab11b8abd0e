"""How a fault is told in the log."""

import traceback


def told(error: BaseException) -> str:
    """The kind of an error and where it was raised. Its text may quote what people wrote, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
