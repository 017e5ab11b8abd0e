"""This process's client of the channel layer: two threads, each with an event loop, for sending and receiving.

Redis carries speed, not truth. Messages are sent in the background, so that no save waits for Redis; readers find in
the log what does not arrive. A message to a group is received once per process, however many subscribers it has
(realtime/channel_layer/backends.py).
"""

import asyncio
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple, cast

from channels.layers import get_channel_layer

from .backends import CallbackLayer

logger = logging.getLogger(__name__)

SEND_SECONDS = 0.25
FAILURES = 3  # in a row; then the layer is left alone
PAUSE_SECONDS = 10.0
WAITING = 10_000  # events that wait to be sent; beyond that the oldest go: the log has them
TOGETHER = 100  # messages in one round trip
LOOK_SECONDS = 0.2  # between two looks at which groups are needed here
SUBSCRIBE_SECONDS = 5.0  # for all groups that are to be subscribed to
RETRY_SECONDS = 1.0  # after a subscription that failed
TRIES_A_SECOND = 100  # at all of them together


class Message(NamedTuple):
    """A message to a group: the handler's name and the data, as consumers of the channel layer get them.

    ``logged`` is the id of the log's event that the message carries; ``None`` when it is not in the log. ``sender`` is
    the process that has shown it already and need not do so when it comes back.
    """

    group: str
    type: str
    data: dict[str, Any]
    logged: int | None = None
    sender: str = ""


Maker = Callable[[], Iterable[Message]]  # called in the layer's thread: whoever saves does not wait for it


class _Thread:
    """A thread with its own event loop, started at the first ``wake``."""

    def __init__(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._name, self._work = name, work
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Tell the thread that there is work."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=self._name, daemon=True)
                self._thread.start()
            loop = self.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._news.set)

    async def _run(self) -> None:
        with self._lock:
            self.loop = asyncio.get_running_loop()
            self._news.set()  # of who came before there was a loop
        await self._work()

    def is_this(self) -> bool:
        """Whether the caller runs in this thread."""
        return threading.current_thread() is self._thread

    async def woken(self) -> None:
        """Wait for ``wake``. Only for the thread's own coroutine."""
        await self._news.wait()
        self._news.clear()


class ChannelLayerClient:
    """Sends to groups and receives from them. ``received`` is called for each message of the groups, one at a time.

    Sending and receiving have a thread each and do not wait for each other. Both end with the process, which does not
    wait for unsent messages: the events are in the log.
    """

    def __init__(
        self, received: Callable[[str, dict[str, Any]], float | None], groups: Callable[[], frozenset[str]]
    ) -> None:
        """``received`` gets each message. It returns for how many seconds no further message is needed (``None``: at
        once).

        ``groups`` returns the groups that are wanted now. It is called a few times a second.
        """
        self._received = received
        self._groups = groups
        self._outgoing: deque[Maker] = deque(maxlen=WAITING)
        self._sending = _Thread("realtime-layer-out", self._send)
        self._receiving = _Thread("realtime-layer-in", self._receive)
        self.sent = self.failed = 0
        self._failures = 0  # in a row
        self.paused_until = 0.0
        self.subscribed: set[str] = set()
        self._unsubscribing: set[str] = set()

    def send(self, *makers: Maker) -> None:
        """Send the messages that these functions return, in the background. Return at once, whatever Redis does."""
        self._outgoing.extend(makers)
        self._sending.wake()

    def start(self) -> None:
        """Start receiving. A process that only sends does not need it. Calling it twice is harmless."""
        self._receiving.wake()

    # --- sending ------------------------------------------------------------------------------------------------

    async def _send(self) -> None:
        while True:
            pause = self.paused_until - time.monotonic()
            if pause > 0:
                await asyncio.sleep(min(pause, 1.0))
            else:
                await self._sending.woken()
            await self._send_waiting()

    async def _send_waiting(self) -> None:
        together = 1  # the first goes ahead: it is what wakes the others' tails
        while self._outgoing and time.monotonic() >= self.paused_until:
            some = self._make(together)
            together = TOGETHER
            if not some:
                continue
            bodies = [(one.group, _body(one)) for one in some]
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await _layer().send_many(bodies)
            except Exception as error:  # noqa: BLE001 (whatever a layer or its driver raises: the log has the event)
                self._failures += 1
                self.failed += len(some)
                if self._failures >= FAILURES:
                    self._pause(error)
            else:
                self._failures = 0
                self.sent += len(some)
                self._resume()

    def _make(self, most: int) -> list[Message]:
        """The next messages: ``most``, or a few more where one event makes several."""
        made: list[Message] = []
        while self._outgoing and len(made) < most:
            try:
                made += self._outgoing.popleft()()
            except Exception as error:  # noqa: BLE001 (an app's; the event is in the log, and others are to be sent)
                logger.warning("An event is not broadcast: %s: %s", type(error).__name__, error)
        return made

    def _pause(self, error: Exception) -> None:
        if not self.paused_until:
            reason = str(error) or type(error).__name__
            logger.warning("The channel layer fails and is left alone; the log's tail delivers meanwhile: %s", reason)
        self.paused_until = time.monotonic() + PAUSE_SECONDS
        self._outgoing.clear()  # old news by then: every process has read them from the log

    def _resume(self) -> None:
        if self.paused_until:
            logger.info("The channel layer works again.")
            self.paused_until = 0.0

    # --- receiving ----------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        """Subscribe to each group that a subscriber of this process needs, and to no other."""
        while True:
            try:
                failed = await self._update_subscriptions()
            except Exception as error:  # noqa: BLE001 (an app's, which says what groups there are; the thread goes on)
                logger.warning("Nothing is received from the channel layer: %s: %s", type(error).__name__, error)
                failed = 1
            if failed:  # which sending has said, once
                # However many groups there are, only so many tries a second; at random, or all processes would come
                # at once.
                await asyncio.sleep(max(RETRY_SECONDS, failed / TRIES_A_SECOND) * random.uniform(0.5, 1.5))
            else:
                await asyncio.sleep(LOOK_SECONDS)

    async def _update_subscriptions(self) -> int:
        """Subscribe and unsubscribe where the wanted groups have changed. Return for how many that failed."""
        layer, wanted = _layer(), self._groups()
        self._unsubscribing = (self._unsubscribing | self.subscribed) - wanted
        self.subscribed &= wanted
        # Concurrently: if one of several Redis servers is down, the groups of the others are not delayed.
        changes = [self._subscribe(layer, group) for group in wanted - self.subscribed]
        changes += [self._unsubscribe(layer, group) for group in self._unsubscribing]
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        faults = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if faults:
            logger.debug("%d groups cannot be subscribed to: %s: %s", len(faults), type(faults[0]).__name__, faults[0])
        return len(faults)

    async def _subscribe(self, layer: CallbackLayer, group: str) -> None:
        async with asyncio.timeout(SUBSCRIBE_SECONDS):
            await layer.subscribe(group, self._dispatch)
        self.subscribed.add(group)

    async def _unsubscribe(self, layer: CallbackLayer, group: str) -> None:
        async with asyncio.timeout(SUBSCRIBE_SECONDS):
            await layer.unsubscribe(group)
        self._unsubscribing.discard(group)

    def _dispatch(self, group: str, message: dict[str, Any]) -> None:
        try:
            rest = self._received(group, message)
            if rest and self._receiving.is_this():  # not whoever sends, where there is no Redis between the two
                time.sleep(rest)
        except Exception as error:  # noqa: BLE001 (whatever somebody has put there; the next message may be sane)
            logger.warning("A message to group %s is of no use: %s: %s", group, type(error).__name__, error)


def _body(message: Message) -> dict[str, Any]:
    body = {"type": message.type, "data": message.data, "logged": message.logged}
    return {**body, "sender": message.sender} if message.sender else body


def _layer() -> CallbackLayer:
    return cast(CallbackLayer, get_channel_layer())  # a system check refuses any other (realtime.E002)
