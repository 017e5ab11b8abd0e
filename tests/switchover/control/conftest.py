"""People of the control room's tests, and no verdict that another test has left in the cache."""

import pytest
from django.core.cache import cache

from projeng.access import Role
from tests.support.people import person


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def staff():
    return person(Role.HEAD, is_staff=True, first_name="Maria", last_name="Santos")


@pytest.fixture
def engineer():
    return person(Role.ENGINEER, first_name="Ana", last_name="Reyes")
