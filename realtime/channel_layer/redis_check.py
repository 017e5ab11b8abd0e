"""Checks whether Redis works for the channel layer: it answers, a message makes a round trip, Pub/Sub delivers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from channels_redis.utils import create_pool, decode_hosts
from django.conf import settings
from redis import asyncio as aioredis

STEP_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One check: the ``milliseconds`` that it took, or its ``fault``."""

    name: str
    milliseconds: float | None
    fault: str = ""

    @property
    def well(self) -> bool:
        """Whether the check passed."""
        return not self.fault


def findings() -> list[Finding]:
    """Run all checks in the order of their dependencies. A check whose dependency failed is not run."""
    return asyncio.run(_findings())


async def _findings() -> list[Finding]:
    found: list[Finding] = []
    steps: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("Redis answers", _ping),
        ("Pub/Sub passes a message on", _pubsub),
        ("the channel layer carries a message round", _round_trip),
    ]
    for name, step in steps:
        begin = time.perf_counter()
        try:
            await asyncio.wait_for(step(), STEP_SECONDS)
        except TimeoutError:
            return [*found, Finding(name, None, f"no answer within {STEP_SECONDS:.0f} s")]
        except Exception as error:  # noqa: BLE001 (the fault is the finding)
            return [*found, Finding(name, None, str(error).strip() or type(error).__name__)]
        found.append(Finding(name, round((time.perf_counter() - begin) * 1000, 2)))
    return found


def _client() -> aioredis.Redis:
    [host, *_] = decode_hosts(settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"])
    return aioredis.Redis(connection_pool=create_pool(host))


async def _ping() -> None:
    client = _client()
    try:
        await client.ping()  # type: ignore[misc]  # redis-py gives one type for both kinds of client
    finally:
        await client.aclose(close_connection_pool=True)


async def _pubsub() -> None:
    client, name, token = _client(), f"gistagum-check-{uuid4().hex}", uuid4().hex
    try:
        async with client.pubsub() as pubsub:
            await pubsub.subscribe(name)
            await client.publish(name, token)
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message and message["data"] == token.encode():
                    return
    finally:
        await client.aclose(close_connection_pool=True)


async def _round_trip() -> None:
    layer, group, token = channel_layers[DEFAULT_CHANNEL_LAYER], f"check_{uuid4().hex}", uuid4().hex
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    await layer.group_send(group, {"type": "check", "token": token})
    while (await layer.receive(channel)).get("token") != token:
        pass
    await layer.group_discard(group, channel)
    await layer.flush()
