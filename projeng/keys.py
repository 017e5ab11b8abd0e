"""Keys that people type or paste: spellings that look alike are one key. Everything that compares keys does it here.

Spreadsheets, web pages and phones add characters that nobody sees (zero-width spaces, byte order marks, soft hyphens),
and write blanks, hyphens and digits in several ways.
"""

import unicodedata
from collections.abc import Collection

# Characters without a glyph that are not of Unicode's category Cf: fillers, joiners and variation selectors.
# https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_INVISIBLE = {
    *map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x2800, 0x3164, 0xFFA0)),
    *map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0xE0100, 0xE01F0))),
}
# Besides the category Pd: hyphen bullet, minus signs, and the horizontal line of boxes.
_DASHES = set("\u2043\u2212\u02d7\u207b\u208b\u2500\u2796")


def plain(text: str) -> str:
    """The text without what cannot be seen, on one line, with one kind of blank, hyphen and digit (NFKC besides)."""
    if text.isascii() and text.isprintable():  # as nearly every key
        return " ".join(text.split())
    seen = [_plain(char) for char in unicodedata.normalize("NFKC", text)]
    return " ".join(unicodedata.normalize("NFKC", "".join(seen)).split())


def prn_key(text: str) -> str:
    """The one spelling of a project reference number, with capital letters. It is what is stored."""
    return plain(plain(text).upper())


def known_spelling(text: str, known: Collection[str]) -> str:
    """The one of these names that the text spells, in capitals or not. The text without blanks around it if none."""
    if text in known:
        return text
    wanted = plain(text).casefold()
    return next((name for name in known if plain(name).casefold() == wanted), text.strip())


def _plain(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category == "Cf" or (category == "Cc" and char != "\0") or char in _INVISIBLE:  # validators refuse a NUL
        return ""
    if category == "Pd" or char in _DASHES:
        return "-"
    return str(unicodedata.decimal(char)) if category == "Nd" else char
