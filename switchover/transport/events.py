"""The rollout's event. It is for the servers only."""

import dataclasses

from realtime.log.events import ViewersChanged


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransportChanged(ViewersChanged):
    """A demotion was made or lifted. For the servers only: each reads again whom it concerns."""

    type = "transport_changed"
