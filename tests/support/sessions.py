"""A database connection of its own for each of several people, whose transactions a test interleaves step by step."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connection, transaction

SECONDS = 20.0  # no step waits for longer


class DatabaseSession:
    """Executes each step in the thread that holds this session's connection.

    Within ``with``, ``begin``, ``commit`` and ``roll_back`` control a transaction, and ``session(work, *args)`` returns
    the result of a step. A transaction that is open at the end is rolled back.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="session")
        self._atomic: transaction.Atomic | None = None

    def __enter__(self) -> "DatabaseSession":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._atomic is not None:
            self.roll_back()
        self(lambda: connection.close())  # that of the thread
        self._thread.shutdown(wait=False)

    def start(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
        """Begin a step that may have to wait for somebody, and return its future."""
        return self._thread.submit(work, *args, **kwargs)

    def __call__(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Execute a step."""
        return self.start(work, *args, **kwargs).result(SECONDS)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement, and return its rows if it has any."""

        def execute() -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

        return self(execute)

    def begin(self) -> None:
        """Begin a transaction."""
        self._atomic = transaction.atomic()
        self(self._atomic.__enter__)

    def commit(self) -> None:
        """Commit the transaction."""
        self(self._end)

    def roll_back(self) -> None:
        """Roll the transaction back."""
        self(transaction.set_rollback, True)
        self(self._end)

    def _end(self) -> None:
        atomic, self._atomic = self._atomic, None
        atomic.__exit__(None, None, None)
