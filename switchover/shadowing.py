"""What is prepared in a caller's time so that the other way can be compared afterwards. It touches no caller."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .aside import aside
from .callers import Caller
from .deciding import decide
from .evidence.counting import counter
from .evidence.models import Kind
from .faults import told
from .moves import Move
from .shadow.afterwards import when_answered
from .shadow.answers import View, answer_of
from .shadow.asking import SAFE, Comparison
from .shadow.copying import copied

logger = logging.getLogger(__name__)


class Shadow:
    """A request whose other way is to be compared. Made before the old way is asked."""

    def __init__(
        self, move: Move, request: HttpRequest, caller: Caller, views: Mapping[str, View], endpoint: str
    ) -> None:
        self._move, self._request, self._caller, self._views, self._endpoint = move, request, caller, views, endpoint
        self._remembered: Any = None
        self._copy: HttpRequest | None = None
        try:
            self._copy = copied(request)
            if self._copy is not None and request.method not in SAFE:
                self._remembered = _remembered(move, request)
        except Exception as error:  # noqa: BLE001 (the caller is answered all the same)
            logger.error("A request of %s cannot be compared: %s", move.name, told(error))
            self._copy = None

    def compare_later(self, result: HttpResponseBase | Exception | None) -> None:
        """Have the other way compared with this answer, or with what Django answers to this exception.

        ``None``: the old way has failed, so there is nothing to compare with.
        """
        try:
            if self._copy is None or result is None:
                self._skip()
                return
            comparison = Comparison(
                self._move.name,
                self._move.new,
                self._endpoint,
                self._copy,
                (self._views[self._move.old], self._views[self._move.new]),
                result if isinstance(result, Exception) else answer_of(result),
                self._move.rules,
                lambda: decide(self._move, self._caller).shadow,
                None if self._remembered is None else partial(self._move.put_back, self._remembered),
            )
            when_answered(self._request, partial(_offer, comparison))
        except Exception as error:  # noqa: BLE001 (the caller is answered all the same)
            logger.error("A request of %s cannot be compared: %s", self._move.name, told(error))
            self._skip()

    def _skip(self) -> None:
        counter.add(self._move.name, self._move.new, self._endpoint, Kind.SKIPPED, 0)


def _remembered(move: Move, request: HttpRequest) -> Any:
    if type(move).remember is Move.remember:
        return None
    if connection.in_atomic_block:  # a query that fails must not spoil the caller's transaction
        with transaction.atomic():
            return move.remember(request)
    return move.remember(request)


def _offer(comparison: Comparison) -> None:
    if not aside.offer(comparison.run, partial(_give_up, comparison), comparison.skip):
        comparison.skip()


def _give_up(comparison: Comparison) -> None:
    if comparison.fail():
        aside.offer(comparison.keep_failure)
