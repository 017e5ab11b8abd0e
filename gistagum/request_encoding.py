"""Requests whose Content-Type names an encoding that is none of text, or cannot be parsed.

Django takes any codec of Python for the encoding of a request, and decodes the address with it while it makes the
request, before any middleware. Such a header would be answered with 500.
"""

import codecs
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from django.http import HttpRequest as Base
else:
    Base = object

# Those in which people's browsers and programs send forms; an address in ASCII is the same in all of them.
ENCODINGS = ("utf-8", "ascii", "iso8859-", "cp12", "koi8-")


class ReadableEncoding(Base):
    """What is put before Django's class of requests: any other encoding is left out, and UTF-8 is meant."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        super()._set_content_type_params({"CONTENT_TYPE": readable(meta.get("CONTENT_TYPE", ""))})


@lru_cache(maxsize=256)  # clients send the same few
def readable(header: str) -> str:
    """The Content-Type as Django can use it: without its parameters where these are the fault."""
    kind = header.partition(";")[0].strip()
    try:
        charset = parse_header_parameters(header)[1].get("charset")
        known = None if charset is None else codecs.lookup(charset).name
    except ValueError:  # a parameter or the charset's name cannot be read
        return kind
    except LookupError:  # Django ignores an unknown one
        return header
    return header if known is None or known.startswith(ENCODINGS) else kind
