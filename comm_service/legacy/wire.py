"""How the old side reads requests and writes answers: JSON alone, chosen by Accept, ``?format=`` or a suffix."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from ..json_values import TOO_DEEP, is_too_deep
from .config import SETTINGS


class LegacyJSONParser(JSONParser):
    """DRF's parser, which also refuses what no part of the service could handle."""

    strict = True

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the body says. Raise ParseError for anything that is no JSON, or is nested too deeply."""
        context = dict(parser_context or {})
        if not _is_of_text(context.get("encoding")):
            context["encoding"] = "utf-8"
        try:
            value = super().parse(stream, media_type, context)
        except RecursionError as error:
            raise ParseError(f"JSON parse error - {TOO_DEEP}") from error
        if is_too_deep(value):
            raise ParseError(f"JSON parse error - {TOO_DEEP}")
        return value


def _is_of_text(encoding: str | None) -> bool:
    """Whether a ``charset`` that a client names is an encoding of text. Some that Python knows are not."""
    try:
        return encoding is not None and codecs.lookup(encoding)._is_text_encoding
    except LookupError:
        return False


class LegacyNegotiation(DefaultContentNegotiation):
    """DRF's choice by Accept, ``?format=`` and suffix, whatever the site has set for other APIs."""

    settings = SETTINGS


class LegacyJSONRenderer(JSONRenderer):
    """Compact UTF-8, indented only if ``Accept`` asks for it."""

    compact = True
    ensure_ascii = False
    strict = True

    def pieces(self, chunks: Iterable[list[Any]], accepted_media_type: str) -> Iterator[bytes]:
        """An array as ``render`` writes it, in pieces: one for each chunk of its members."""
        indent = self.get_indent(accepted_media_type, {})
        around, between = (b"\n", b",\n") if indent else (b"", b",")
        written = False
        yield b"["
        for chunk in chunks:
            if chunk:
                inner = self.render(chunk, accepted_media_type)[1:-1]
                yield (between if written else around) + (inner[1:-1] if indent else inner)
                written = True
        yield (around if written else b"") + b"]"
