"""The college's site on two servers, which share a database and Redis and nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.college import College
from tests.support.postgres import Postgres
from tests.support.redis import Redis


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("college")


@pytest.fixture(scope="package")
def servers(postgres: Postgres, folder: Path) -> Iterator[tuple[College, College]]:
    """The two, for all modules of this folder. The first prepares the database; the second waits for that."""
    redis = Redis()
    url = postgres.create(f"college_{redis.port}")
    with ExitStack() as stack:
        stack.callback(redis.stop)
        first = College(folder, url, REDIS_URL=redis.url)
        second = College(folder, url, REDIS_URL=redis.url, SKIP_MIGRATE="true")
        for server in (first, second):
            stack.callback(server.stop)
            server.launch()
        for server in (first, second):
            server.wait()
        yield first, second


@pytest.fixture(scope="package")
def college(servers: tuple[College, College]) -> College:
    return servers[0]
