"""A door: how addresses for other clients than our pages are served."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponseBase

from .adapters import Adapter
from .refusal import refusal


@dataclass(frozen=True)
class Door:
    """How an address for other clients than our pages is served.

    ``name``: the doors of one name count together. ``adapter``: the shape of its frames. ``most``: how many connections
    one person may have open there in a process; one more ends the oldest (0: as many as anywhere). ``refuse``: makes
    the response of a refusal from its status, its message and headers (HTTP).
    """

    name: str
    adapter: Adapter
    most: int = 0
    refuse: Callable[..., HttpResponseBase] = refusal
