"""The chat's stream of Server-Sent Events, read frame by frame under WSGI."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.test import Client

STREAM = "/api/v1/communication/sse/events/"


class Named(NamedTuple):
    """A frame: its name, its data, and its id where it has one."""

    name: str
    data: dict[str, Any]
    id: str


def frames_of(text: str) -> Iterator[Named]:
    """The frames in what a stream wrote. Blocks without data are none."""
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            yield Named(fields["event"], json.loads(fields["data"]), fields.get("id", ""))


class Stream:
    """An open stream. ``next(name)`` is the data of the next frame with this name."""

    def __init__(self, key: str, after: str = "", **headers: str) -> None:
        headers |= {"last-event-id": after} if after else {}
        self.response: Any = Client().get(STREAM, {"token": key}, headers=headers)
        assert self.response.status_code == 200, self.response.content
        self._writes = iter(self.response.streaming_content)
        self._ready: list[Named] = []
        self._rest = ""  # what no blank line has ended yet
        self.last_id = ""

    def frame(self) -> Named | None:
        """The next frame; ``None`` at the end."""
        while not self._ready:
            write = next(self._writes, None)
            if write is None:
                return None
            whole, _, self._rest = (self._rest + write.decode()).rpartition("\n\n")
            self._ready = list(frames_of(whole))
        frame = self._ready.pop(0)
        self.last_id = frame.id or self.last_id
        return frame

    def next(self, name: str) -> dict[str, Any]:
        frame = self.frame()
        assert frame is not None, f"the stream ended before {name}"
        assert frame.name == name, frame
        return frame.data

    def close(self) -> None:
        self.response.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
