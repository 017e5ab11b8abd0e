"""Channel layers whose groups a process follows by a function, instead of a mailbox and a task for each group, and
which send many messages at once.

Both are the layers of the libraries, and speak with those: only what comes to this process is handed on differently.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import starmap
from typing import Any

from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

logger = logging.getLogger(__name__)

Receiver = Callable[[str, dict[str, Any]], Any]  # group, message as it came; must not raise


class FollowedInMemoryLayer(InMemoryChannelLayer):
    """For one process. A receiver is called in the thread of whoever sends."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._receivers: dict[str, Receiver] = {}

    async def follow(self, group: str, receiver: Receiver) -> None:
        """Hand to ``receiver`` what comes to a group from now on."""
        self._receivers[group] = receiver

    async def unfollow(self, group: str) -> None:
        """Hand on nothing more of a group. Asking twice is harmless."""
        self._receivers.pop(group, None)

    async def send_all(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send to groups, in this order; what cannot be sent is left out."""
        for group, message in messages:
            try:
                await self.group_send(group, message)
            except (AssertionError, TypeError) as error:  # a group's name that is none, a message that is no object
                _left_out(group, error)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, message)
        receiver = self._receivers.get(group)
        if receiver is not None:
            receiver(group, deepcopy(message))


class FollowedPubSubLayer(RedisPubSubChannelLayer):
    """Through Redis. A receiver is called in the event loop in which its group is followed."""

    async def follow(self, group: str, receiver: Receiver) -> None:
        """Hand to ``receiver`` what comes to a group from now on; raises what redis-py does when Redis is away.

        A try that fails leaves nothing behind, though channels-redis notes a member before Redis knows of it.
        """
        member = _member(group)
        self.channels[member] = _Ear(group, receiver, self.deserialize)
        try:
            await self.group_add(group, member)
        except BaseException:
            with contextlib.suppress(Exception):
                await self.unfollow(group)
            raise

    async def unfollow(self, group: str) -> None:
        """Hand on nothing more of a group, whatever state Redis is in; asking twice is harmless. Raises as above."""
        layer = self._get_layer()
        layer.channels.pop(_member(group), None)
        name = layer._get_group_channel_name(group)
        members = layer.groups.get(name, set())
        members.discard(_member(group))
        if not members:  # group_discard would not try again what has failed once
            layer.groups.pop(name, None)
            await layer._get_shard(name).unsubscribe(name)

    async def send_all(self, messages: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Send to groups, in this order, by one round trip to each Redis concerned; what cannot be packed is left out.

        One by one, as by ``group_send``, each message costs a saving process most of a millisecond. Raises as above,
        once each Redis has been tried.
        """
        layer = self._get_layer()
        packed = defaultdict(list)
        for group, message in messages:
            name = layer._get_group_channel_name(group)
            try:
                packed[layer._get_shard(name)].append((name, self.serialize(message)))
            except (TypeError, ValueError, OverflowError) as error:
                _left_out(group, error)
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


def _left_out(group: str, error: Exception) -> None:
    logger.warning("A message to group %s cannot be sent: %s: %s", group, type(error).__name__, error)


def _member(group: str) -> str:
    return f"follower.{group}"


class _Ear:
    """Stands where the layer keeps a member's queue: passes on what is put there, and keeps nothing."""

    __slots__ = ("_deserialize", "_group", "_receiver")

    def __init__(self, group: str, receiver: Receiver, deserialize: Callable[[bytes], Any]) -> None:
        self._group, self._receiver, self._deserialize = group, receiver, deserialize

    def put_nowait(self, data: bytes) -> None:
        try:
            message = self._deserialize(data)
        except Exception as error:  # noqa: BLE001 (whatever somebody has put there; the next message may be sane)
            logger.warning("A message to group %s cannot be read: %s: %s", self._group, type(error).__name__, error)
        else:
            self._receiver(self._group, message)
