"""A client of streams whose frames have names (``event:``), as old clients of the chat read them."""

import json
from typing import Any

from .sse import Frame, Stream


class NamedStream(Stream):
    """A stream as ``Stream``, in which each frame also has the name of its event, as ``type``."""

    def _block(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line.startswith(("event: ", "data: ")))
        if fields:
            data = json.dumps({**json.loads(fields["data"]), "type": fields["event"]})
            others = [line for line in block.split("\n") if not line.startswith(("event: ", "data: "))]
            block = "\n".join([*others, f"data: {data}"])
        super()._block(block)

    def named(self, name: str, seconds: float = 10.0, **fields: Any) -> Frame:
        """Return the next frame with this name and these fields."""
        wanted = {"type": name, **fields}
        return self.wait_for(lambda frame: wanted.items() <= frame.items(), str(wanted), seconds)
