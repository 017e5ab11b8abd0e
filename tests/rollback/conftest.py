"""The played site of the tests of the scripts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .office import FakeOffice


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., FakeOffice]]:
    """``office(text)``: an office with this env file; ``office(text, "::1")``: whose site listens there."""
    made = []

    def make(text: str | bytes, host: str = "127.0.0.1") -> FakeOffice:
        made.append(FakeOffice(tmp_path, text, host))
        return made[-1]

    yield make
    for one in made:
        one.close()
