"""The played site of the tests of the scripts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .office import FakeOffice


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[[str | bytes], FakeOffice]]:
    """``office(text)``: an office with this env file."""
    made = []

    def make(text: str | bytes) -> FakeOffice:
        made.append(FakeOffice(tmp_path, text))
        return made[-1]

    yield make
    for one in made:
        one.close()
