"""What the engine needs of evidence, wherever a move takes it from."""

from collections.abc import Sequence
from typing import Any, Protocol

from .verdict import Check


class Judged(Protocol):
    """What a move did between two moments, and the verdict on its new way."""

    @property
    def checks(self) -> Sequence[Check]:
        """The numbers against the limits."""

    @property
    def verdict(self) -> str:
        """``good``, ``bad`` or ``not enough data``."""

    @property
    def remarks(self) -> Sequence[str]:
        """What the numbers do not cover, in words."""

    def outcome(self) -> dict[str, Any]:
        """The report for scripts."""

    def text(self) -> str:
        """The report for people, its verdict last."""
