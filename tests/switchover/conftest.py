"""What the tests of the engine share."""

import pytest

from switchover import moves
from switchover.demotions import in_force

from .moving import Greeting


@pytest.fixture
def move():
    """A registered move."""
    yield moves.register(Greeting())
    moves.unregister(Greeting.name)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    in_force.forget()
    yield
    in_force.forget()
