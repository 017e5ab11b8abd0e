"""Between whom an event of a direct conversation is: told by its audience, without a query."""

from typing import Any

from realtime.access.user_ids import of_json, to_json
from realtime.log.replay import Frame


def ends_of(frame: Frame) -> tuple[Any, Any] | None:
    """Who sent a message of a direct conversation, and who gets it, as JSON has them; ``None`` for a larger one."""
    people, said = direct_people(frame), frame.fields["message"]
    sender = said["sender_id"]
    if people is None or sender not in people or (len(people) == 2 and "delivered_at" not in said):
        return None
    return sender, next(iter(people - {sender}), sender)


def direct_people(frame: Frame) -> set[Any] | None:
    """The one or two people to whom an event of a direct conversation goes; ``None`` for any other event."""
    keys = [key.removeprefix("user:") for key in frame.audience if key.startswith("user:")]
    if len(keys) != len(frame.audience) or not 1 <= len(keys) <= 2:
        return None
    return {to_json(one) for one in map(of_json, keys) if one is not None}
