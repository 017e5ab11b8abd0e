"""What the contract tests share: people on the site under test, and streams that are closed when a test ends."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User

from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Stream

API = "/projeng/api/realtime"


@pytest.fixture
def head(site: Site) -> User:
    return person(Role.HEAD)


@pytest.fixture
def finance(site: Site) -> User:
    return person(Role.FINANCE)


@pytest.fixture
def engineer(site: Site) -> User:
    return person(Role.ENGINEER)


@pytest.fixture
def nobody(site: Site) -> User:
    return person()


@pytest.fixture
def project(site: Site) -> Project:
    return Project.objects.create(name="Covered court", barangay="Apokon", project_cost=1_000_000)


@pytest.fixture
def listen(site: Site) -> Iterator[Callable[..., Stream]]:
    """``listen(user, "notifications/")`` opens a stream of the API; all are closed at the end."""
    opened: list[Stream] = []

    def open_stream(user: User | None, address: str, **options) -> Stream:
        cookie = options.pop("cookie", None) or (session_cookie(user) if user else "")
        replay.head()  # what the test has prepared gets its place, so that the stream starts behind it
        stream = Stream(f"{site.url}{API}/{address}", cookie, **options)
        opened.append(stream)
        return stream

    yield open_stream
    for stream in opened:
        stream.close()


@pytest.fixture
def head_of_log(site: Site) -> Callable[[], int]:
    return replay.head
