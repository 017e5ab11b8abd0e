"""Making a database for the corpus, and replaying all of it there."""

from collections.abc import Iterable

from django.db import transaction

from .asked import Case
from .replay import Outcome, replay
from .seeds import plant


def replay_all(cases: Iterable[Case]) -> list[Outcome]:
    """Plant the rows, replay every case, and take the rows back."""
    with transaction.atomic():
        plant()
        outcomes = [replay(case) for case in cases]
        transaction.set_rollback(True)
    return outcomes
