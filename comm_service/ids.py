"""Ids in paths."""

from uuid import UUID


def id_in_path(text: str) -> UUID | None:
    """The id that a part of a path stands for, in any of the forms that the contract takes; ``None`` for none."""
    try:
        return UUID(hex=text)
    except ValueError:
        return None
