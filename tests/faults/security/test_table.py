"""The access table holds for every URL, role and method, and refusals reveal nothing."""

from collections.abc import Iterator
from itertools import groupby

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client

from tests.evidence import REPORTS

from .office import TELLTALES, Office
from .rules import IN, METHODS, ROLES, Api, Rule, addresses, rule_for
from .test_table_live import SEES, SOCKETS

pytestmark = pytest.mark.django_db
REFUSED = {302, 401, 403, 404, 405}


def test_every_address_has_a_rule():
    forgotten = [f"{name} {route}" for name, route in addresses() if rule_for(name, route) is None]
    assert forgotten == [], "say in tests/faults/security/rules.py who may open them"


def accepted(rule: Rule) -> str:
    """Return the type that clients of such an address ask for."""
    return "text/event-stream" if rule.stream else "application/json" if isinstance(rule, Api) else "text/html"


def ask(client: Client, method: str, path: str, accept: str) -> tuple[int, str]:
    """Return the status and body of the response, and roll back its changes."""
    headers = {"accept": accept}
    with transaction.atomic():
        answer = (
            client.post(path, {}, headers=headers)
            if method == "POST"
            else client.generic(method, path, headers=headers)
        )
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answer.close()
        transaction.set_rollback(True)
    return answer.status_code, body.decode("utf-8", "replace") + str(answer.headers)


RARE = ("HEAD", "PUT", "DELETE", "OPTIONS")


def cells(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each method with the roles to test. Rare methods are tested with a few roles."""
    forms = name.startswith("admin:") and name.count("_") >= 2  # all models share the code
    roles = ("anonymous", "head", "staff", "superuser") if forms else ROLES
    for method in METHODS:
        if method not in RARE:
            yield method, roles
        elif not forms or name.startswith("admin:projeng_project_"):
            yield method, ("anonymous", "other engineer", "superuser")


@pytest.mark.timeout(240)
def test_the_table(monkeypatch):
    # A rolled-back deletion must not delete files.
    monkeypatch.setattr(default_storage, "delete", lambda name: None)
    office = Office()
    clients = {role: Client() for role in ROLES}
    lines, wrong, leaking = [], [], []
    for name, route in addresses():
        rule, path = rule_for(name, route), office.path(name, route)
        rows = []
        for method, roles in cells(name):
            row = {role: rule.expects(method, role) for role in roles}
            rows.append((method, [str(row.get(role, "")) for role in ROLES]))
            for role, expected in row.items():
                if rule.stream and expected == 200:
                    continue  # a stream that opens: tests/faults/security/test_table_live.py
                clients[role].cookies[settings.SESSION_COOKIE_NAME] = office.cookie_of(role)
                status, said = ask(clients[role], method, path, accepted(rule))
                if status != expected:
                    wrong.append(f"{method} {path} ({name}) as {role}: {status}, not {expected}")
                if expected in REFUSED and role not in rule.may and any(word in said for word in TELLTALES):
                    leaking.append(f"{method} {path} as {role}")
        for row, methods in groupby(rows, key=lambda pair: pair[1]):
            asked = " ".join(method for method, _ in methods)
            lines.append(f"| `/{route}` | {asked} | {' | '.join(row)} |")
    keep(lines)
    assert not wrong, "\n".join(wrong)
    assert not leaking, "\n".join(leaking)


def keep(lines: list[str]) -> None:
    """Write the table to reports/access.md."""
    REPORTS.mkdir(exist_ok=True)
    head = [
        "# Who may ask what",
        "",
        "Every address of the site with every method (a POST without anything in it), as each role: the status that is",
        "answered; empty where it was not tried. Made by `tests/faults/security/test_table.py`, which fails where",
        "the site answers something else.",
        "The project in these addresses is one that `engineer` is assigned to and `other engineer` is not.",
        "",
        f"| address | methods | {' | '.join(ROLES)} |",
        f"| --- | --- |{' --- |' * len(ROLES)}",
    ]
    (REPORTS / "access.md").write_text("\n".join([*head, *lines, "", *live()]) + "\n", encoding="utf-8")


def live() -> list[str]:
    """Return the events that streams, sockets and polls deliver, by topic (see test_table_live.py)."""
    words = {0: "of no project", 1: "of the assigned project", 2: "of every project"}
    cells = {
        "notifications": dict.fromkeys(IN, "one's own"),
        "projects": {role: f"events {words[len(SEES[role])]}" for role in IN},
        "dashboard": {role: f"counts {words[len(SEES[role])]}" for role in IN},
    }
    return [
        "The same for live updates: `events/` and `poll/`, and the sockets `" + "`, `".join(SOCKETS) + "`.",
        "",
        f"| topic | {' | '.join(ROLES)} |",
        f"| --- |{' --- |' * len(ROLES)}",
        *(f"| {topic} | {' | '.join(row.get(role, 'refused') for role in ROLES)} |" for topic, row in cells.items()),
    ]
