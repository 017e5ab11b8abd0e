"""Checks that the log has transactions in the order in which they were committed, whoever wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Placed:
    """A committed transaction: its mark, and the first and the last id of its events.

    ``began`` is a moment before its BEGIN was sent, ``returned`` one after its COMMIT was answered. All writers share
    one monotonic clock.
    """

    mark: str
    began: float
    returned: float
    first: int
    last: int


def out_of_order(transactions: Iterable[Placed]) -> list[str]:
    """Return, as text, each transaction that began after another had been committed, and has a smaller id than that.

    The order of two transactions that overlap in time is free.
    """
    transactions = list(transactions)
    by_return = iter(sorted(transactions, key=lambda one: one.returned))
    committed = next(by_return, None)
    highest: Placed | None = None  # the one with the highest id of those that were committed by then
    found = []
    for one in sorted(transactions, key=lambda one: one.began):
        while committed is not None and committed.returned < one.began:
            if highest is None or committed.last > highest.last:
                highest = committed
            committed = next(by_return, None)
        if highest is not None and one.first < highest.last:
            found.append(f"{one.mark} at {one.first} began after {highest.mark} at {highest.last} was committed")
    return found
