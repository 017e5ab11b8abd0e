"""Who is typing. It is announced, forgotten after five seconds, and stored nowhere.

Every process that may have to show it keeps who is typing (``Typists``), and ends it by itself. So a process that dies,
or Redis going away, leaves nobody typing for ever. Processes tell each other through the channel layer where it is
switched on; a second frame about the same person within a second is dropped where it arrives, whoever sent it.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from realtime.access.audience import user_key
from realtime.channel_layer.broadcast import broadcast, ephemeral_message
from realtime.delivery.ephemeral import EphemeralMessage
from realtime.delivery.hub import hub
from realtime.log.replay import Frame

from .. import access, membership
from ..checking import row_id
from ..events import MESSAGES, MessageCreated
from ..models import Conversation
from ..serializing import person_id, person_name

logger = logging.getLogger(__name__)

GROUP = "messaging_typing"  # of the channel layer
HANDLER = "typing"
LAPSE_SECONDS = 5.0  # after this time without news a person no longer types
PACE_SECONDS = 1.0  # between two frames that say the same of one person and conversation
MOST_TYPISTS = 10_000  # in one process; beyond that the one who was heard of least recently no longer types
MOST_KEYS = 1_000  # of the audience of a frame

Key = tuple[int, Any]  # the conversation, and the person as JSON carries their id


def typing(person: Any, conversation: Conversation | int, is_typing: bool = True) -> None:
    """Tell the others of a conversation that ``person`` types, or has stopped.

    It may be called with every key that is pressed: in between two frames it does nothing. Nobody is told that somebody
    has stopped who had not begun. Raises NotFound where there is no such conversation for this person, and Forbidden
    where they may not write there.
    """
    number = conversation.pk if isinstance(conversation, Conversation) else row_id(conversation)
    key = (number, person_id(person.pk))
    if not typists.has_news(key, is_typing):
        return
    found = access.find(person, number)
    access.require_writable(person, found)
    own = user_key(person.pk)
    audience = [one for one in membership.audience(found.conversation) if one != own]
    frame = {"conversation_id": number, "person_id": key[1], "person_name": person_name(person), "is_typing": is_typing}
    broadcast.send_ephemeral(GROUP, HANDLER, {"frame": frame, "audience": audience})


@dataclass(slots=True)
class _Typist:
    name: str
    audience: frozenset[str]
    shown_at: float
    heard_at: float


class Typists:
    """Those who type now, as far as this process knows.

    ``show`` is called with a message for subscribers when somebody has stopped without saying so.
    """

    def __init__(
        self, show: Callable[[EphemeralMessage], None], now: Callable[[], float] = time.monotonic, *, runs: bool = True
    ) -> None:
        self._show, self._now, self._runs = show, now, runs
        self._lock = threading.Lock()
        self._typing: OrderedDict[Key, _Typist] = OrderedDict()  # the one who was heard of least recently comes first
        self._stopped: OrderedDict[Key, float] = OrderedDict()  # when those who have stopped were last shown to type
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many type."""
        return len(self._typing)

    def has_news(self, key: Key, is_typing: bool) -> bool:
        """Whether there is a frame to be sent."""
        with self._lock:
            if not is_typing:
                return key in self._typing
            return not self._was_just_shown(key, self._now())

    def take(self, key: Key, name: str, audience: frozenset[str], is_typing: bool) -> EphemeralMessage | None:
        """Note what a frame says. Return the message for subscribers; ``None`` when they have been told already."""
        with self._lock:
            known, now = self._typing.get(key), self._now()
            if not is_typing:
                return self._stop(key)
            repeated = self._was_just_shown(key, now)
            if repeated and known is None:  # who begins and stops all the time would otherwise be told of each time
                return None
            shown_at = known.shown_at if known is not None and repeated else now
            self._typing[key] = _Typist(name, audience, shown_at, now)
            self._typing.move_to_end(key)
            lost = self._typing.popitem(last=False) if len(self._typing) > MOST_TYPISTS else None
            self._watch()
        if lost is not None:
            self._tell_stopped([lost])
        return None if repeated else _message(key, name, audience, True)

    def end(self, key: Key) -> EphemeralMessage | None:
        """End the typing of somebody whose message has come. They may begin the next one at once."""
        with self._lock:
            stopped = self._stop(key)
            self._stopped.pop(key, None)
            return stopped

    def _was_just_shown(self, key: Key, now: float) -> bool:
        """Whether others were told within ``PACE_SECONDS`` that they type. The lock is held."""
        known = self._typing.get(key)
        shown_at = known.shown_at if known is not None else self._stopped.get(key)
        return shown_at is not None and now - shown_at < PACE_SECONDS

    def _stop(self, key: Key) -> EphemeralMessage | None:
        """The lock is held."""
        gone = self._typing.pop(key, None)
        if gone is None:
            return None
        self._stopped[key] = gone.shown_at
        self._stopped.move_to_end(key)
        while len(self._stopped) > MOST_TYPISTS:
            self._stopped.popitem(last=False)
        return _message(key, gone.name, gone.audience, False)

    def lapse(self) -> float | None:
        """End those who were not heard of for ``LAPSE_SECONDS``. Return the seconds to the next; ``None`` without."""
        gone: list[tuple[Key, _Typist]] = []
        with self._lock:
            now = self._now()
            while self._typing and (oldest := next(iter(self._typing.values()))).heard_at + LAPSE_SECONDS <= now:
                gone.append(self._typing.popitem(last=False))
            left = oldest.heard_at + LAPSE_SECONDS - now if self._typing else None
        self._tell_stopped(gone)
        return left

    def _tell_stopped(self, gone: Iterable[tuple[Key, _Typist]]) -> None:
        for key, typist in gone:
            message = _message(key, typist.name, typist.audience, False)
            if message is not None:
                self._show(message)

    def _watch(self) -> None:
        """Have a thread end them. It lives as long as somebody types. The lock is held."""
        if self._runs and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="messaging-typing", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            left = self.lapse()
            with self._lock:
                if not self._typing:
                    self._thread = None
                    return
            hub.wait_for_end(min(LAPSE_SECONDS, left or 0.0))
            if hub.closing:
                return


def _message(key: Key, name: str, audience: frozenset[str], is_typing: bool) -> EphemeralMessage | None:
    is_direct = all(one.startswith("user:") for one in audience)  # which the chat's clients know alone
    said = {"conversation_id": key[0], "person_id": key[1], "person_name": name, "is_typing": is_typing}
    return ephemeral_message(MESSAGES, audience, {"type": "typing", **said, "is_direct": is_direct})


typists = Typists(lambda message: hub.send_ephemeral(message))  # looked up each time, since tests replace it


def incoming(group: str, handler: str, data: dict[str, Any]) -> EphemeralMessage | None:
    """What subscribers are shown of a message of the group. ``None`` for one that is not of the form sent above."""
    if group != GROUP or handler != HANDLER:
        return None
    frame, audience = data.get("frame"), data.get("audience")
    if (
        isinstance(frame, dict)
        and isinstance(place := frame.get("conversation_id"), int)
        and isinstance(person := frame.get("person_id"), int | str)
        and isinstance(name := frame.get("person_name"), str)
        and isinstance(is_typing := frame.get("is_typing"), bool)
        and isinstance(audience, list)
        and len(audience) <= MOST_KEYS
        and all(isinstance(key, str) for key in audience)
    ):
        return typists.take((place, person), name, frozenset(audience), is_typing)
    logger.warning("A message about who is typing is not of the form that it must have.")
    return None


def observe(frames: list[Frame]) -> None:
    """End the typing of those whose message is delivered now: it goes out with the message, in every process."""
    if not len(typists):
        return
    for frame in frames:
        if frame.type == MessageCreated.type:
            said = frame.fields["message"]
            stopped = typists.end((said["conversation_id"], said["sender_id"]))
            if stopped is not None:
                hub.send_ephemeral(stopped)
