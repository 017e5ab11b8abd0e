"""What people may see of an office, for tests of its live pages."""

from collections.abc import Callable

import pytest

from projeng.live import rendering
from realtime.access import authority
from realtime.access.authority import Viewer


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    """Positions in the log of one test are those of the next: each of them ends with a rollback."""
    rendering._kept.clear()
    rendering._seconds.clear()


@pytest.fixture
def viewer() -> Callable[..., Viewer]:
    """``viewer(user)``: what delivery knows of them now."""
    return lambda user: authority.load([user.pk])[user.pk]
