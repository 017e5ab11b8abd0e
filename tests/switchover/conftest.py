"""What the tests of the engine share."""

import pytest

from switchover import moves
from switchover.aside import aside
from switchover.demotions import in_force
from switchover.evidence.counting import counter

from .moving import Greeting


@pytest.fixture
def move():
    """A registered move."""
    yield moves.register(Greeting())
    moves.unregister(Greeting.name)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    aside.forget_waiting()
    counter.forget()
    yield
    in_force.forget()
    aside.forget_waiting()
    counter.forget()
