"""The parsers of request bodies. Whatever a body holds, the answer is 400 and not 500.

Bodies are UTF-8, whatever ``charset`` a client names: some names that Python knows are no encodings of text.
"""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser


class _Utf8:
    """Reads every body as UTF-8."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the body says. Raise ParseError for one that cannot be read."""
        return super().parse(stream, media_type, {**(parser_context or {}), "encoding": "utf-8"})  # type: ignore[misc]


class Utf8JSONParser(_Utf8, JSONParser):
    """DRF's parser for JSON, which also refuses what is nested too deeply."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the body says. Raise ParseError for anything that is no JSON."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class Utf8FormParser(_Utf8, FormParser):
    """DRF's parser for forms."""


class Utf8MultiPartParser(_Utf8, MultiPartParser):
    """DRF's parser for forms with files."""
