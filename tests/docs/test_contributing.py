"""The recipes of docs/contributing.md are true: a site that is made by them, from a copy, does what they promise."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from projeng.access import Role
from projeng.models import Project, ProjectMilestone
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

from .markdown import DOCUMENTS, ROOT
from .recipes import steps

pytestmark = pytest.mark.timeout(300)

PAGE = DOCUMENTS["docs/contributing.md"].read_text()
RECIPES = PAGE[PAGE.index("## Adding an event type") :]
LEFT_OUT_AT_THE_TOP = {".git", ".venv", ".venv-bench", ".env", "node_modules", "var", "reports"}
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache")


def _left_out(folder: str, names: list[str]) -> set[str]:
    return set(LEFT_OUT(folder, names)) | (LEFT_OUT_AT_THE_TOP if Path(folder) == ROOT else set())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository to which the page's recipes were applied, one after another."""
    root = tmp_path_factory.mktemp("contributor") / "gistagum"
    shutil.copytree(ROOT, root, ignore=_left_out)
    if (ROOT / ".venv").exists():
        (root / ".venv").symlink_to(ROOT / ".venv")
    for step in steps(RECIPES):
        step.apply(root)
    return root


@pytest.fixture(scope="module")
def contributed(copy: Path, new_database, static_root: str, tmp_path_factory) -> Iterator[Site]:
    """The copy's own site, on Daphne."""
    folder = tmp_path_factory.mktemp("contributed")
    with Site(folder, new_database("sqlite"), "daphne", root=copy, STATIC_ROOT=static_root) as running:
        yield running


@pytest.fixture
def head(contributed: Site, on_database) -> User:
    on_database(contributed.database_url)
    return person(Role.HEAD)


@pytest.fixture
def milestone(head: User) -> ProjectMilestone:
    project = Project.objects.create(name="Covered court", barangay="Apokon", created_by=head)
    return ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")


def in_copy(copy: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the copy's Python with these arguments."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "gistagum.settings", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def reach(site: Site, cookie: str, milestone: ProjectMilestone) -> None:
    """Press the button that says that the milestone is reached, as a browser does."""
    with http.Client(base_url=site.url, headers={"Cookie": cookie}, timeout=30) as browser:
        address = f"/projeng/projects/{milestone.project_id}/"
        page = browser.get(address)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        headers = {"Cookie": f"{cookie}; csrftoken={page.cookies['csrftoken']}", "Referer": site.url + address}
        answer = browser.post(
            f"{address}milestones/{milestone.pk}/reached/",
            data={"csrfmiddlewaretoken": token[1]},
            headers=headers,
        )
        assert answer.status_code == 302, answer.text


def test_every_block_of_code_in_a_recipe_is_a_step():
    fences = re.findall(r"^(`{3,})\w+\n.*?^\1$", RECIPES, re.MULTILINE | re.DOTALL)
    assert len(steps(RECIPES)) == len(fences) >= 20


def test_the_new_event_arrives_by_both_transports(contributed, head, milestone):
    cookie = session_cookie(head)
    stream = Stream(f"{contributed.url}/projeng/api/realtime/events/?topics=projects", cookie)
    socket = Socket(f"{contributed.url}/ws/events/?topics=projects", cookie)
    try:
        stream.next()
        socket.next()
        reach(contributed, cookie, milestone)
        by_sse, by_socket = (
            one.wait_for(lambda frame: frame["type"] == "milestone_reached") for one in (stream, socket)
        )
    finally:
        stream.close()
        socket.close()
    assert dict(by_sse) == dict(by_socket)
    assert by_sse["milestone_id"] == milestone.pk
    assert by_sse["milestone_name"] == "Roof"
    assert by_sse["project_id"] == milestone.project_id


def test_the_new_topic_shows_its_state_by_both_transports(contributed, head, milestone):
    cookie = session_cookie(head)
    count = ProjectMilestone.objects.filter(is_completed=False).count()
    stream = Stream(f"{contributed.url}/projeng/api/realtime/events/?topics=milestones", cookie)
    socket = Socket(f"{contributed.url}/ws/events/?topics=milestones", cookie)
    try:
        for one in (stream, socket):
            one.wait_for(lambda frame: frame == {"type": "open_milestones", "open": count})
        reach(contributed, cookie, milestone)
        for one in (stream, socket):
            one.wait_for(lambda frame: frame == {"type": "open_milestones", "open": count - 1})
    finally:
        stream.close()
        socket.close()


def test_the_browsers_side_of_the_new_topic_is_there(copy):
    script = (
        "import { topicOf } from './realtime/static/realtime/js/wire/frames.js';"
        "import { LiveManager } from './realtime/static/realtime/js/manager.js';"
        "console.log(topicOf({ type: 'open_milestones' }), typeof LiveManager.prototype.connectMilestones);"
    )
    said = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.stdout == "milestones function\n", said.stderr


def test_the_new_page_can_be_opened(contributed, head, milestone):
    answer = http.get(f"{contributed.url}/projeng/milestones/", headers={"Cookie": session_cookie(head)}, timeout=30)
    assert answer.status_code == 200
    assert 'data-region="milestones"' in answer.text
    assert f'<a href="/projeng/projects/{milestone.project_id}/">Covered court</a>, Roof' in answer.text


def test_the_new_setting_is_checked_at_the_start(copy):
    answer = in_copy(copy, "-m", "gistagum.server", MILESTONES_SHOWN="many")
    assert answer.returncode == 1
    assert answer.stderr == "gistagum: MILESTONES_SHOWN is 'many'; it may be a whole number from 1 to 1000.\n"


def test_the_new_command_lists_what_is_open(copy, contributed, milestone):
    answer = in_copy(copy, "manage.py", "open_milestones", "--json", DATABASE_URL=contributed.database_url)
    assert answer.returncode == 0, answer.stderr
    assert {
        "project": milestone.project.prn,
        "name": "Roof",
        "target_date": "2026-12-01",
    } in json.loads(answer.stdout)["milestones"]


def test_the_copy_passes_its_own_tests_of_what_was_added(copy):
    changed = {step.path for step in steps(RECIPES) if step.path.startswith("tests/projeng/")}
    changed.add("tests/faults/security/test_table.py")  # reads rules.py beside it
    names = "milestone or documented or variable or topic or module or has_a_rule"
    chosen = ["-k", names, "tests/docs/test_docs.py", *sorted(changed)]
    answer = in_copy(
        copy, "-m", "pytest", "-v", "-p", "no:cacheprovider", *chosen, DJANGO_SETTINGS_MODULE="tests.settings"
    )
    assert answer.returncode == 0, answer.stdout
    for path in ("tests/docs/test_docs.py", *changed):
        assert re.search(rf"^{re.escape(path)}::.*PASSED", answer.stdout, re.MULTILINE), path


def test_the_copy_is_in_the_projects_style(copy):
    touched = sorted({step.path for step in steps(RECIPES) if step.path.endswith(".py")})
    for command in (["check"], ["format", "--check"]):
        answer = in_copy(copy, "-m", "ruff", *command, "--no-cache", *touched)
        assert answer.returncode == 0, answer.stdout
