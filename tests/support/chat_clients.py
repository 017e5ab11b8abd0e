"""Clients of the chat's old kinds, with tokens, at the chat's addresses, which come back after interruptions.

They are those of ``reconnecting_clients`` for frames with names. Each records what it is told (``Told``) in the order
in which it came, without removing what came twice. What is told of one event is recorded when its id has arrived: a
connection that breaks in between brings all of it again. A socket of the first or second generation that is refused, as
wherever Gunicorn serves, is replaced by the stream of frames with names, from the last id.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import SplitResult

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidMessage

from realtime.log.replay import Frame

from .reconnecting_clients import (
    OPEN_SECONDS,
    ReconnectingClient,
    ReconnectingClients,
    Session,
    answers_of_polls,
    blocks_of_stream,
)

CHAT = "/api/v1/communication"
KINDS = ("sse", "poll", "first", "second")
SOCKETS = {"first": "/ws/v1/chat/", "second": "/ws/v2/chat/"}
# The same under the names of every kind of client.
NAMES = {"message_sent": "message", "chat_message": "message"}
SUBJECTS = ("message", "message_edited", "message_deleted", "read_receipt", "delivery_receipt")
QUIET_SECONDS = 25.0  # the chat's streams have a heartbeat every 20 seconds, and its sockets have none


class Told(NamedTuple):
    """What a client is told about a message: the name of the frame, the message's id, and its text if any."""

    name: str
    message_id: int
    text: str = ""


def told_by(name: str, data: dict[str, Any]) -> Told | None:
    """What a frame with this name tells; ``None`` for frames that tell nothing about a message."""
    name = NAMES.get(name, name)
    if name not in SUBJECTS:
        return None
    return Told(name, data["message_id"] if "message_id" in data else data["id"], data.get("message", ""))


def told_of(frames: Iterable[Frame], user_id: int) -> Iterator[Told]:
    """What a client of the chat must be told of these events: those of the direct conversations of this person."""
    for frame in frames:
        said, own = frame.fields, f"user:{user_id}"
        if own not in frame.audience or not all(key.startswith("user:") for key in frame.audience):
            continue
        if frame.type in {"message_created", "message_edited"}:
            name = "message" if frame.type == "message_created" else "message_edited"
            yield Told(name, said["message"]["id"], said["message"]["text"])
        elif frame.type == "message_deleted":
            yield Told("message_deleted", said["message_id"])
        elif frame.type == "message_read":
            yield from (Told("read_receipt", number) for number in said["message_ids"])
        elif frame.type == "message_delivered" and said["person_id"] != user_id:
            yield from (Told("delivery_receipt", number) for number in said["message_ids"])


@dataclass(kw_only=True)
class ChatClient(ReconnectingClient):
    """A client of one of the ``KINDS``. ``cookie`` and ``follows_server`` mean nothing to it."""

    kind: str
    token: str
    cookie: str = ""
    follows_server: bool = False
    told: list[Told] = field(default_factory=list)
    read_timeout: float = QUIET_SECONDS
    _untold: list[Told] = field(default_factory=list)  # of the event whose id has not arrived yet

    @property
    def transports(self) -> tuple[str, ...]:
        return ("chat-socket", "chat-stream") if self.kind in SOCKETS else (f"chat-{self.kind}",)

    def before_connect(self) -> None:
        self._untold = []

    def hear(self, name: str, data: dict[str, Any], number: int | None) -> None:
        """Record a frame. ``number``: the id that came with it. Raise AssertionError for a reset."""
        assert name not in {"reset", "error"}, f"{self.kind} is told {name}: {data}"
        said = told_by(name, data)
        # The first generation knows messages only, and is told of nothing else until it changes to the stream.
        if said is not None and (self.kind != "first" or said.name == "message"):
            self._untold.append(said)
        self.at(number)

    def at(self, number: int | None) -> None:
        """Everything up to this id has arrived."""
        if number is not None:
            self.told += self._untold
            self._untold = []
            self.cursor = max(self.cursor, number)


class ChatClients(ReconnectingClients):
    """Runs ``ChatClient``s, and clients of the site's own kinds beside them."""

    def sessions(self) -> dict[str, Session]:
        own = {"chat-socket": self._chat_socket, "chat-poll": self._chat_poll}
        return {**super().sessions(), **own, "chat-stream": self._chat_stream, "chat-sse": self._chat_stream}

    async def _chat_socket(self, client: ChatClient, site: SplitResult) -> None:
        target = f"{SOCKETS[client.kind]}?token={client.token}&last_event_id={client.cursor}"
        try:
            connection = await connect(
                f"ws://{site.netloc}{target}", open_timeout=OPEN_SECONDS, close_timeout=1, max_size=None, proxy=None
            )
        except (InvalidHandshake, InvalidMessage, EOFError):
            return  # refused
        async with connection:
            self.mark_connected(client, f"chat-{client.kind}")
            while True:
                data = json.loads(await asyncio.wait_for(connection.recv(), client.read_timeout))
                number = data.pop("event_id", None)
                client.hear(data.pop("type"), data, number)

    async def _chat_stream(self, client: ChatClient, site: SplitResult) -> None:
        target = f"{CHAT}/sse/events/?token={client.token}&last_event_id={client.cursor}"
        async with aclosing(blocks_of_stream(client, site, target)) as arriving:
            async for blocks in arriving:
                self.mark_connected(client, "chat-stream")
                for block in blocks:
                    _hear_block(client, block)

    async def _chat_poll(self, client: ChatClient, site: SplitResult) -> None:
        def target() -> str:
            return f"{CHAT}/poll/events/?token={client.token}&cursor={client.cursor}"

        async with aclosing(answers_of_polls(client, site, target)) as answers:
            async for answer in answers:
                self.mark_connected(client, "chat-poll")
                for event in answer["events"]:
                    client.hear(event["event"], event["data"], None)
                client.at(answer.get("cursor"))  # none: the database went away while the poll waited


def _hear_block(client: ChatClient, block: str) -> None:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
    number = int(fields["id"]) if "id" in fields else None
    if "data" in fields:
        client.hear(fields["event"], json.loads(fields["data"]), number)
    else:
        client.at(number)
