"""The phase of the migration that a set of switches makes. Pure.

The phases are those of docs/migration/. env/phase-N.env contains the switches of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = {
    0: "the system as it was",
    1: "set up",
    2: "endpoints",
    3: "broadcasting",
    4: "gradual",
    5: "default",
}
LAST = max(NAMES)
SWITCHES = (
    "USE_DAPHNE",
    "WEBSOCKET_BROADCAST",
    "USE_WEBSOCKETS",
    "WEBSOCKET_ROLLOUT_PERCENT",
    "WEBSOCKET_ROLLOUT_GROUPS",
    "WEBSOCKET_SHADOW",
    "SSE_ENABLED",
    "REDIS_URL",
)


@dataclass(frozen=True)
class Standing:
    """Where a configuration stands: its phase, or between phases (``number`` is ``None``), and why."""

    number: int | None
    why: str

    def __str__(self) -> str:
        return f"between phases: {self.why}" if self.number is None else f"phase {self.number}, {NAMES[self.number]}"


def standing(switches: Mapping[str, Any]) -> Standing:
    """The phase that these switches make; ``switches`` maps each name to its value (settings.SWITCHES)."""
    unknown = [name for name in SWITCHES if name not in switches]
    if unknown:
        return Standing(None, f"it says nothing of {', '.join(unknown)}: it runs other code")
    daphne, broadcast = switches["USE_DAPHNE"], switches["WEBSOCKET_BROADCAST"]
    told, shadow = switches["USE_WEBSOCKETS"], switches["WEBSOCKET_SHADOW"]
    if not switches["SSE_ENABLED"] and not told:
        return Standing(None, "SSE_ENABLED is false, but browsers are not told to use WebSocket")
    if not daphne:
        if broadcast:
            return Standing(None, "WEBSOCKET_BROADCAST is true (phase 3), but USE_DAPHNE is false (phase 1)")
        if switches["REDIS_URL"]:
            return Standing(1, "REDIS_URL is set and nothing uses it")
        return Standing(0, "Gunicorn, SSE, no channel layer")
    if not told:
        if broadcast:
            return Standing(3, "WEBSOCKET_BROADCAST is true" + (", staff shadow" if shadow else ""))
        if shadow:
            return Standing(None, "WEBSOCKET_SHADOW is true (phase 3), but WEBSOCKET_BROADCAST is false (phase 2)")
        return Standing(2, "USE_DAPHNE is true")
    if not broadcast:
        return Standing(None, "USE_WEBSOCKETS is true (phase 4), but WEBSOCKET_BROADCAST is false (phase 2)")
    percent, groups = switches["WEBSOCKET_ROLLOUT_PERCENT"], switches["WEBSOCKET_ROLLOUT_GROUPS"]
    if not switches["SSE_ENABLED"] and percent < 100:
        return Standing(None, "SSE_ENABLED is false (5.2), but only a cohort is told to use WebSocket (phase 4)")
    if shadow:
        return Standing(4, "the cohort shadows")
    if percent < 100:
        return Standing(4, f"{percent} % of users" + (f" and {', '.join(groups)}" if groups else ""))
    if not switches["SSE_ENABLED"]:
        return Standing(5, "everybody, with SSE switched off (5.2 is rehearsed)")
    return Standing(5, "everybody, with SSE as fallback")
