"""Events that are written and numbered step by step."""

from realtime.log.models import Event, OutboxEvent


def write(*numbers: int) -> None:
    """Write committed events to the outbox without requesting their numbering."""
    OutboxEvent.objects.bulk_create(
        OutboxEvent(type="authority_changed", fields={"user_ids": [number]}) for number in numbers
    )


def numbered() -> list[int]:
    """The number of each event in the order of the log."""
    return [number for (number,) in Event.objects.order_by("id").values_list("fields__user_ids", flat=True)]
