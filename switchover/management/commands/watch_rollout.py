"""Watches a move, and takes the new way away when a limit is broken too often in a row."""

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import timedelta
from types import FrameType
from typing import Any

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from realtime.log.events import iso
from realtime.management.scripted import ScriptedCommand, first_line, whole_number
from switchover.evidence import watch
from switchover.evidence.watch import Look
from switchover.management.options import add_move
from switchover.moves import Move
from switchover.transport.move import TransportMove
from switchover.transport.watch import look

logger = logging.getLogger(__name__)


class Command(ScriptedCommand):
    help = (
        "Look at what browsers report again and again. When one of the limits (ROLLOUT_MAX_FAILED_PERCENT, "
        "ROLLOUT_MAX_MISSING, ROLLOUT_MAX_P99_MS) is broken ROLLOUT_STRIKES times in a row, WebSocket is taken away "
        "from everybody, and the record says why. It never gives it back: that is for `transport restore`. With --move "
        "the same for that move, by its own limits; `moves restore` gives back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="One look; strikes are kept for the next run.")
        parser.add_argument(
            "--every", type=whole_number(1, 86_400), default=60, help="Seconds between two looks (default: 60)."
        )
        parser.add_argument(
            "--settle",
            type=whole_number(0, 3_600),
            default=30,
            help="Seconds that browsers have to report what has happened, before it is judged (default: 30).",
        )

        add_move(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        settle = timedelta(seconds=options["settle"])
        if options["once"]:
            self._look(settle, options)
            return
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        before = signal.signal(signal.SIGTERM, end)
        try:
            while not stop.is_set():
                self._try_to_look(settle, options)
                stop.wait(options["every"])
        finally:
            signal.signal(signal.SIGTERM, before)

    def _try_to_look(self, settle: timedelta, options: dict[str, Any]) -> None:
        close_old_connections()
        try:
            self._look(settle, options)
        except Error as fault:  # the database is away: it may be back at the next look
            connection.close()
            now, why = iso(timezone.now()), first_line(fault)
            self.report(options, f"{now} no look: the database refused: {why}", {"at": now, "fault": why})
            self.stdout.flush()

    def _look(self, settle: timedelta, options: dict[str, Any]) -> None:
        found = _look(options["move"], settle)
        self.report(options, found.line(), found.outcome())
        self.stdout.flush()


def _look(move: Move, settle: timedelta) -> Look:
    if move.name == TransportMove.name:
        return look(settle)
    found = watch.look(move, settle)
    if found.demoted:
        logger.warning("The new way of a move is taken away from everybody: %s, %s", move.name, found.demoted)
    return found
