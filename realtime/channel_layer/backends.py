"""Channel layers to which a process subscribes with a callback, and which send many messages in one round trip.

Channels' own layers need a channel and a task per group in each process. These two subclasses stay compatible with the
libraries' layers in other processes: only the delivery within this process differs.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import starmap
from typing import Any, Protocol

from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

logger = logging.getLogger(__name__)

Callback = Callable[[str, dict[str, Any]], Any]  # gets the group and the message; must not raise


class CallbackLayer(Protocol):
    """What the layers below have beyond those of Channels."""

    async def subscribe(self, group: str, callback: Callback) -> None: ...

    async def unsubscribe(self, group: str) -> None: ...

    async def send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None: ...


class InMemoryCallbackLayer(InMemoryChannelLayer):
    """For one process. A callback runs in the sender's thread."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._callbacks: dict[str, Callback] = {}

    async def subscribe(self, group: str, callback: Callback) -> None:
        """Call ``callback`` for every message to a group from now on."""
        self._callbacks[group] = callback

    async def unsubscribe(self, group: str) -> None:
        """Call nothing for a group any more. Calling it twice is harmless."""
        self._callbacks.pop(group, None)

    async def send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send to groups, in this order; a message that cannot be sent is skipped."""
        for group, message in messages:
            try:
                await self.group_send(group, message)
            except (AssertionError, TypeError) as error:  # a group's name that is none, a message that is no object
                _skipped(group, error)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, message)
        callback = self._callbacks.get(group)
        if callback is not None:
            callback(group, deepcopy(message))


class PubSubCallbackLayer(RedisPubSubChannelLayer):  # type: ignore[misc]  # channels_redis has no types
    """Through Redis. A callback runs in the event loop that subscribed to its group."""

    async def subscribe(self, group: str, callback: Callback) -> None:
        """Call ``callback`` for every message to a group from now on. Raises what redis-py raises when Redis is away.

        A failed call leaves nothing behind, although channels-redis registers a member before Redis knows of it.
        """
        member = _member(group)
        self.channels[member] = _CallbackQueue(group, callback, self.deserialize)
        try:
            await self.group_add(group, member)
        except BaseException:
            with contextlib.suppress(Exception):
                await self.unsubscribe(group)
            raise

    async def unsubscribe(self, group: str) -> None:
        """Call nothing for a group any more, whatever state Redis is in. Calling it twice is harmless."""
        layer = self._get_layer()
        layer.channels.pop(_member(group), None)
        name = layer._get_group_channel_name(group)
        members = layer.groups.get(name, set())
        members.discard(_member(group))
        if not members:  # group_discard would not repeat a failed UNSUBSCRIBE
            layer.groups.pop(name, None)
            await layer._get_shard(name).unsubscribe(name)

    async def send_many(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send to groups, in this order, with one round trip per Redis; a message that cannot be serialized is skipped.

        Sent one by one with ``group_send``, each message costs the process most of a millisecond. Raises as above,
        after every Redis has been tried.
        """
        layer = self._get_layer()
        packed = defaultdict(list)
        for group, message in messages:
            name = layer._get_group_channel_name(group)
            try:
                packed[layer._get_shard(name)].append((name, self.serialize(message)))
            except (TypeError, ValueError, OverflowError) as error:
                _skipped(group, error)
        outcomes = await asyncio.gather(*starmap(_publish, packed.items()), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def _publish(shard: Any, messages: list[tuple[str, bytes]]) -> None:
    async with shard._lock:
        shard._ensure_redis()
        pipeline = shard._redis.pipeline(transaction=False)
        for name, data in messages:
            pipeline.publish(name, data)
        await pipeline.execute()


def _skipped(group: str, error: Exception) -> None:
    logger.warning("A message to group %s cannot be sent: %s: %s", group, type(error).__name__, error)


def _member(group: str) -> str:
    return f"follower.{group}"


class _CallbackQueue:
    """Takes the place of a member's queue in the layer: calls the callback at once and keeps nothing."""

    __slots__ = ("_callback", "_deserialize", "_group")

    def __init__(self, group: str, callback: Callback, deserialize: Callable[[bytes], Any]) -> None:
        self._group, self._callback, self._deserialize = group, callback, deserialize

    def put_nowait(self, data: bytes) -> None:
        try:
            message = self._deserialize(data)
        except Exception as error:  # noqa: BLE001 (whatever somebody has put there; the next message may be sane)
            logger.warning("A message to group %s cannot be read: %s: %s", self._group, type(error).__name__, error)
        else:
            self._callback(self._group, message)
