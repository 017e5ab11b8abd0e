"""The example, built, on an origin of its own, beside the college's site; and the people who write to each other."""

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.support import chromium
from tests.support.college import College
from tests.support.ports import free_port, listens, wait_until

EXAMPLE = Path(__file__).resolve().parents[1]
PASSWORD = "a-password-for-the-example"
PEOPLE = {"ana": ("Ana", "Reyes"), "ben": ("Ben", "Cruz"), "cora": ("Cora", "Lim")}
expect.set_options(timeout=15_000)


def npm(*arguments: str, **environment: str) -> None:
    """Run npm in the example's folder. Fails with what it said."""
    done = subprocess.run(
        ["npm", *arguments],
        cwd=EXAMPLE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def origin() -> str:
    """Where the example is served."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def college(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[College]:
    """The college's site, which lets pages of that origin use its API."""
    folder = tmp_path_factory.mktemp("college")
    with College(folder, CORS_ALLOWED_ORIGINS=origin) as site:
        yield site


@pytest.fixture(scope="session")
def served(origin: str, college: College, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example as `npm run build` makes it of the pinned packages, at its address."""
    if not (EXAMPLE / "node_modules").is_dir():
        npm("ci", "--no-audit")
    npm("run", "build", VITE_API_URL=college.url)
    port = int(origin.rpartition(":")[2])
    with (tmp_path_factory.mktemp("preview") / "log").open("w") as log:
        command = ["node_modules/.bin/vite", "preview", "--port", str(port), "--strictPort"]
        server = subprocess.Popen(command, cwd=EXAMPLE, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port), "the example is served", 30)
        yield origin
    finally:
        server.terminate()
        server.wait(15)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as started:
        yield started


@pytest.fixture
def people(college: College, tmp_path: Path) -> dict[str, dict[str, str]]:
    """Three people of one college who have not written yet: the id, token and user name of each, by a short name."""
    mark = uuid.uuid4().hex[:6]
    rows = [
        {
            "id": str(uuid.uuid4()),
            "username": f"{name}-{mark}",
            "password": PASSWORD,
            "first_name": first,
            "last_name": f"{last} {mark}",
            "user_type": "teacher",
            "college": 1,
            "is_active": True,
        }
        for name, (first, last) in PEOPLE.items()
    ]
    made = college.people(rows, tmp_path / "people.json")
    return {
        name: {
            **made[row["username"]],
            "username": row["username"],
            "full_name": f"{row['first_name']} {row['last_name']}",
        }
        for name, row in zip(PEOPLE, rows, strict=True)
    }


@pytest.fixture
def sign_in(browser: Browser, served: str, people) -> Iterator[Callable[..., Page]]:
    """``sign_in("ana")``: the page of a person in a browser of their own. None of the pages may complain."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(name: str, **options: object) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: (
                problems.append(said.text)
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        page.goto(served)
        page.get_by_label("User name").fill(people[name]["username"])
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".connection[data-status=open]")).to_be_attached()
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []
