"""The event of the rollout. It is for the servers only."""

import dataclasses

from ..log.events import ViewersChanged


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransportChanged(ViewersChanged):
    """WebSocket was taken away from somebody or given back. For the servers only: each looks up whom it concerns."""

    type = "transport_changed"
