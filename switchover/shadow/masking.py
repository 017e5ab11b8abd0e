"""Values without what they say: a difference is stored with their kind and shape alone."""

import re

LONGEST = 80
LETTER = re.compile(r"[A-Za-z]|[^\x00-\x7f]")  # vowel signs, emoji and whatever else is not ASCII, too
DIGIT = re.compile(r"\d")


def masked(value: str) -> str:
    """The shape of a text: each letter is an ``a``, each digit a ``0``; ``true``, ``false`` and ``null`` stay.

    A time, an id, a number and a sentence can be told apart, and nobody can be read from it.
    """
    if value in ("true", "false", "null", "", '""', "{}", "[]"):
        return value
    shape = LETTER.sub("a", DIGIT.sub("0", value[: LONGEST + 1]))
    return shape if len(value) <= LONGEST else f"{shape[:LONGEST]}…"


def shown(value: str) -> str:
    """The text itself, cut off where it is long. Only for what the move has declared to hold nothing personal."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in value[: LONGEST + 1])
    return printable if len(value) <= LONGEST else f"{printable[:LONGEST]}…"
