"""What the documentation says is what the code does: names, fields, options, numbers and paths, compared one by one."""

import ast
import dataclasses
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import BaseCommand, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from messaging import sending
from messaging.live.unread_state import UNREAD
from messaging.serializing import messages_json
from projeng import states
from projeng.access import Role
from projeng.live.pages import ENGINEER, FINANCE, HEAD, PROJECT_LIST, find
from projeng.live.states import state_of
from projeng.models import Project
from realtime.access import authority
from realtime.delivery import topics
from realtime.log import replay
from realtime.log.events import CATALOGUE
from switchover.transport import phases
from tests.faults import catalogue, nemesis  # noqa: F401 (the catalogue registers every fault)
from tests.support.people import person

from .markdown import DOCUMENTS, ROOT, Section, code, links, named, section, sections
from .recipes import steps

EVENTS, OPERATING, RELIABILITY, README = "docs/events.md", "docs/operating.md", "docs/reliability.md", "README.md"
ARCHITECTURE = {name: Path(name).stem for name in DOCUMENTS if name.startswith("docs/architecture/")}
ENVELOPE = {"id", "type", "at"}
APPS = ("comm_service", "messaging", "projeng", "realtime", "switchover")
WORDS_A_MINUTE = 180  # of somebody who reads to understand


# --- events -----------------------------------------------------------------------------------------------------


def _documented_events() -> dict[str, tuple[Section, Section]]:
    """The section of each event, with the section of its kind (which may hold fields that all of that kind have)."""
    kind = Section(0, "")
    found = {}
    for one in sections(EVENTS):
        if one.level == 2:
            kind = one
        elif one.level == 3 and (name := named(one.title)):
            assert name not in found, f"{name} is documented twice"
            found[name] = (one, kind)
    return found


def _fields(*places: Section) -> list[str]:
    names = [named(row[0]) for place in places for row in place.table("field")]
    assert all(names), f"Each first cell names a field as code: {places[0].title}"
    assert len(names) == len(set(names)), f"A field is listed twice: {places[0].title}"
    return [name for name in names if name]


def _paths(value: Any, before: str = "") -> Iterator[str]:
    """The names of all fields in a JSON value, as the tables write them: ``a``, ``a.b``, ``a[].b``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield before + name
            yield from _paths(inner, f"{before}{name}.")
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                yield from _paths(inner, f"{before.removesuffix('.')}[].")


DOCUMENTED = _documented_events()


def test_every_event_is_documented_and_no_other():
    assert set(DOCUMENTED) == set(CATALOGUE)


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_an_event_is_documented_with_its_fields_and_no_others(name):
    declared = {field.name for field in dataclasses.fields(CATALOGUE[name])}
    assert {field for field in _fields(*DOCUMENTED[name]) if "." not in field} == declared


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_each_field_of_an_event_has_a_type_and_a_meaning(name):
    for place in DOCUMENTED[name]:
        assert all(len(row) == 3 and all(row) for row in place.table("field"))


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_an_event_is_documented_under_its_topic(name):
    said = re.search(r"Topic: (?:`(\w+)`|none)", DOCUMENTED[name][1].text)
    assert said, f"The kind of {name} does not say its topic"
    assert said[1] == CATALOGUE[name].topic


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_the_example_of_an_event_has_exactly_its_fields(name):
    [example] = DOCUMENTED[name][0].examples()
    assert example["type"] == name
    assert set(example) == ENVELOPE | {field.name for field in dataclasses.fields(CATALOGUE[name])}


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_what_a_field_holds_is_documented_as_the_example_shows_it(name):
    shown = set(_paths(DOCUMENTED[name][0].examples()[0])) - ENVELOPE
    listed = _fields(*DOCUMENTED[name])
    # "changes.*.old" stands for that of any field.
    patterns = [re.escape(field).replace(r"\*", r"[^.\[]+") for field in listed]
    unknown = {field for field in shown if not any(re.fullmatch(pattern, field) for pattern in patterns)}
    assert not unknown
    missing = {
        field
        for field, pattern in zip(listed, patterns, strict=True)
        if not any(re.fullmatch(pattern, one) for one in shown)
    }
    assert not missing


@pytest.mark.django_db
def test_the_fields_of_a_message_are_documented():
    message, _ = sending.send(sender=person(), receiver=person(), text="Hello")
    [written] = messages_json([message], message.sender)
    assert set(_fields(section(EVENTS, "The JSON of a message"))) == set(written)


def test_the_envelope_is_documented():
    assert set(_fields(section(EVENTS, "Fields of every event"))) == ENVELOPE


def test_every_json_example_is_json():
    for name in DOCUMENTS:
        for one in sections(name):
            one.examples()


def test_the_topics_are_documented():
    text = section(EVENTS, "The addresses").text
    assert all(f"`{topic}`" in text for topic in topics.names())


# --- state frames -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("title", "state"),
    [
        ("The unread count", lambda project: states.UNREAD_COUNT),
        ("The dashboard's counters", lambda project: states.DASHBOARD_COUNTS),
        ("Projects that changed", lambda project: states.CHANGED_PROJECTS),
        ("One project", lambda project: states.one_project(project.pk)),
        ("Unread messages", lambda project: UNREAD),
    ],
)
def test_a_state_frame_is_documented_as_it_is_sent(title, state):
    head = person(Role.HEAD)
    project = Project.objects.create(name="Covered court", barangay="Apokon")
    [frame] = state(project).read(authority.load([head.pk])[head.pk], frozenset({project.pk}))
    place = section(EVENTS, title)
    [example] = place.examples()
    assert set(_paths(example)) == set(_paths(frame))
    listed = set(_fields(place))
    # What the counters count is said in words.
    assert {field for field in _paths(frame) if not field.startswith("status_counts.")} == listed
    assert example["type"] == frame["type"]


@pytest.mark.django_db
def test_the_frame_of_a_pages_regions_is_documented_as_it_is_sent():
    head = person(Role.HEAD)
    [frame] = state_of(PROJECT_LIST).read(authority.load([head.pk])[head.pk], None)
    place = section(EVENTS, "The regions of a page")
    [example] = place.examples()
    assert set(_paths(example)) == set(_paths(frame))
    assert {field for field in _paths(frame) if not field.startswith("regions.")} <= set(_fields(place))
    pages = [name for name in re.findall(r"`([a-z]+)`", place.text) if find(name)]
    assert set(pages) == {HEAD.name, FINANCE.name, ENGINEER.name, PROJECT_LIST.name}


def test_the_reasons_of_a_reset_are_documented():
    text = section(EVENTS, "Reset").text.replace("\n", " ")
    source = Path(replay.__file__).read_text()
    reasons = re.findall(r'"(last_event_id [^"]+)"', source)
    assert len(reasons) == 4
    assert all(f"`{reason}`" in text for reason in reasons)


# --- addresses --------------------------------------------------------------------------------------------------


def _addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    for entry in resolver.url_patterns:
        path = before + re.sub(r"<\w+:\w*?(id)>", r"<\1>", str(entry.pattern))
        if isinstance(entry, URLPattern):
            yield path
        else:
            yield from _addresses(entry, path)


def test_every_stream_is_documented_and_no_other():
    existing = {path for path in _addresses(get_resolver()) if "/api/realtime/" in path}
    documented = {named(row[0]) for row in section(EVENTS, "The addresses").table("address")}
    assert documented == existing
    assert len(existing) >= 6


# --- settings ---------------------------------------------------------------------------------------------------


def _example_variables() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z0-9_]+=", line))


def _documented_variables() -> dict[str, list[str]]:
    return {named(row[0]) or row[0]: row for row in section(OPERATING, "Settings").table("variable")}


def test_every_variable_is_documented_and_no_other():
    assert set(_documented_variables()) == set(_example_variables())


def test_every_variable_that_the_settings_read_has_an_example():
    source = (ROOT / "gistagum" / "settings.py").read_text()
    read = set(re.findall(r'(?:env\.\w+|environ\.get)\("([A-Z0-9_]+)"', source))
    assert read == set(_example_variables())


def test_the_defaults_of_the_example_are_documented():
    for name, value in _example_variables().items():
        if value:
            assert value in _documented_variables()[name][1].replace("`", "").split(";")[0].split(), name


def test_the_ranges_of_whole_numbers_are_documented():
    source = (ROOT / "gistagum" / "settings.py").read_text()
    numbers = re.findall(r'env\.integer\("([A-Z0-9_]+)", ([\d_]+), ([\d_]+), ([\d_]+)\)', source)
    assert len(numbers) >= 7
    for name, default, low, high in numbers:
        row = _documented_variables()[name]
        assert row[1:3] == [f"`{int(default)}`", f"{int(low)} to {int(high)}"], name


# --- commands ---------------------------------------------------------------------------------------------------

COMMANDS = {
    path.stem: app
    for app in (*APPS, "gistagum")
    for path in (ROOT / app / "management" / "commands").glob("*.py")
    if path.stem != "__init__"
}


def test_every_command_is_documented_and_no_other():
    documented = {named(one.title) for one in _command_sections()}
    assert documented == set(COMMANDS)


def _command_sections() -> list[Section]:
    everything = sections(OPERATING)
    begin = next(number for number, one in enumerate(everything) if one.title == "Commands")
    end = next(number for number, one in enumerate(everything) if number > begin and one.level <= 2)
    return everything[begin + 1 : end]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_documented_with_its_options_and_no_others(name):
    def options(command: BaseCommand) -> set[str]:
        actions = command.create_parser("manage.py", name)._actions
        return {action.option_strings[-1] if action.option_strings else action.dest for action in actions}

    own = options(load_command_class(COMMANDS[name], name)) - options(BaseCommand())
    documented = [named(row[0]) for row in section(OPERATING, f"`{name}`").table("option")]
    assert len(documented) == len(set(documented))
    assert set(documented) == own


def test_the_password_of_the_demo_is_the_one_that_is_documented():
    from projeng.demo.people import PASSWORD, PEOPLE

    assert f"`{PASSWORD}`" in DOCUMENTS[README].read_text()
    documented = {name for row in section(README, "Two commands").table("sign in as") for name in code(row[0])}
    assert documented == {someone.username for someone in PEOPLE}


# --- what is logged, and constants ------------------------------------------------------------------------------


def _logged() -> set[str]:
    """The texts that our own code logs, from INFO up, as far as they are fixed."""
    found = set()
    for app in (*APPS, "gistagum"):
        for path in (ROOT / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and isinstance(call.func.value, ast.Name)
                    and call.func.value.id == "logger"
                    and call.func.attr in {"info", "warning", "error", "exception", "critical"}
                ):
                    found.add(f"{call.func.attr.upper()} {ast.literal_eval(call.args[0]).split('%')[0].strip(' :')}")
    return found


def test_every_line_that_is_logged_is_documented_and_no_other():
    documented = {f"{row[1]} {named(row[0])}" for row in section(OPERATING, "Log lines").table("line")}
    assert documented == _logged()


def _constants() -> dict[tuple[str, str], tuple[str, float]]:
    """Where each constant is documented, and with what value, by its file and name."""
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for page in ARCHITECTURE:
        for one in sections(page):
            if one.title == "Constants":
                for path, name, value, _ in one.table("where"):
                    key = (named(path) or "", named(name) or "")
                    assert key not in found, f"{key} is documented twice"
                    found[key] = (page, float(value))
    return found


CONSTANTS = _constants()


@pytest.mark.parametrize("key", sorted(CONSTANTS), ids=" ".join)
def test_a_constant_is_documented_with_the_value_that_the_code_has(key):
    path, name = key
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    assert CONSTANTS[key][1] == float(getattr(module, name))


def test_many_constants_are_documented():
    assert len(CONSTANTS) >= 65
    assert {path.split("/")[1] for path, _ in CONSTANTS if path.startswith("realtime/")} >= {"delivery", "transports"}


# The modules of each page; a module belongs to the first page that claims it.
PAGES = {
    "comm-mail": (
        "comm_service/email/",
        "comm_service/exchange/",
        "gistagum/celery.py",
        "gistagum/email_url.py",
        "gistagum/task_broker.py",
    ),
    "access": ("realtime/access/", "realtime/integration/signals.py"),
    "numbering": ("realtime/log/numb", "realtime/log/counters.py"),
    "log": ("realtime/log/", "realtime/integration/"),
    "delivery": ("realtime/delivery/",),
    "channel-layer": ("realtime/channel_layer/", "gistagum/layers.py"),
    "transports": ("realtime/transports/", "gistagum/doors.py", "gistagum/secrets_in_logs.py"),
    "parity": ("realtime/parity/", *(f"switchover/transport/{name}.py" for name in ("report", "text", "verdict"))),
    "rollout": ("realtime/rollout/", "switchover/transport/", "switchover/control/"),
    "switchover": ("switchover/",),
    "messaging-page": ("messaging/page/", "messaging/subject_changes.py", "gistagum/wiring.py", "gistagum/demo/"),
    "database": (
        "gistagum/database",
        "gistagum/postgresql",
        "gistagum/backends/",
        "gistagum/request_threads.py",
        "gistagum/fair_semaphore.py",
    ),
    "comm-documents": ("comm_service/documents/", "comm_service/websocket/", "comm_service/containment.py"),
    "comm-api": ("comm_service/api/",),
    "comm": ("comm_service/", "gistagum/parts/"),
    "servers": ("gistagum/",),
    "forms": (
        "projeng/forms/",
        "projeng/admin_",
        "projeng/consistency.py",
        "projeng/corrections.py",
        "projeng/parts.py",
        "projeng/plausibility.py",
    ),
    "office": ("projeng/",),
    "attachments": ("messaging/attachments/",),
    "messaging-live": ("messaging/live/",),
    "messaging-chat": ("messaging/chat/",),
    "messaging-people": ("messaging/people_api/", "messaging/notices/"),
    "messaging": ("messaging/",),
}


def _page_of(module: str) -> str | None:
    return next((page for page, paths in PAGES.items() if module.startswith(paths)), None)


def test_a_constant_is_documented_on_the_page_of_its_module():
    for (path, name), (page, _) in CONSTANTS.items():
        assert _page_of(path) == ARCHITECTURE[page], f"{path} {name} is on {page}"


def test_every_module_is_documented_on_its_page():
    """Whatever is in a folder that is documented as a whole need not be listed; neither need the folders of Django."""
    modules = {
        path.relative_to(ROOT).as_posix()
        for app in (*APPS, "gistagum")
        for path in (ROOT / app).rglob("*.py")
        if path.name != "__init__.py" and not {"migrations", "management", "templatetags"} & set(path.parts)
    }
    listed = {
        (name, named(row[0]) or "")
        for page, name in ARCHITECTURE.items()
        for one in sections(page)
        for row in one.table("path")
    }
    placed = {module: page for module in modules if (page := _page_of(module))}
    assert modules - placed.keys() == {"realtime/apps.py", "realtime/models.py"}  # which the overview explains
    missing = {
        module
        for module, page in placed.items()
        if not any(
            name == page and (path == module or (path.endswith("/") and module.startswith(path)))
            for name, path in listed
        )
    }
    assert not missing


# --- paths, links and references --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_path_in_a_table_exists(name):
    for one in sections(name):
        for column in ("path", "where"):
            for row in one.table(column):
                path = named(row[0])
                assert path, f"{row[0]} is not a path"
                assert (ROOT / path).exists(), f"{name}, {one.title}: there is no {path}"
                assert path.endswith("/") == (ROOT / path).is_dir(), path


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_file_that_is_named_with_its_folder_exists(name):
    named_files = {
        word
        for one in sections(name)
        for word in code(one.text)
        if re.fullmatch(r"[a-z][\w.-]*(/[\w.-]+)+\.(py|js|md|sh|html|css|png)", word)
    }
    created = {step.path for step in steps(DOCUMENTS[name].read_text()) if step.where == "new"}
    assert {path for path in named_files if not (ROOT / path).exists()} <= created


def test_what_is_named_together_with_its_file_is_there():
    """``publish`` in ``realtime/log/publish.py``, ``send`` of ``ChannelLayerClient`` (``realtime/…``)."""
    seen = 0
    for name, path in DOCUMENTS.items():
        text = re.sub(r"\s+", " ", path.read_text())
        for what, owner, file in re.findall(r"`(\w+)`(?: of `(\w+)`)? (?:in |\()`([\w/]+\.py)`", text):
            source = (ROOT / file).read_text()
            for one in filter(None, (what, owner)):
                defined = rf"^ *(?:async def|def|class) {one}\b|^ *{one}(?:: [^=]+)? = "
                assert re.search(defined, source, re.MULTILINE), f"{name}: {file} has no {one}"
                seen += 1
    assert seen >= 20


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_link_leads_somewhere(name):
    for target in links(name):
        if not target.startswith(("https://", "http://")):
            path = (DOCUMENTS[name].parent / target.partition("#")[0]).resolve()
            assert path.exists(), f"{name}: {target}"
            assert path.is_relative_to(ROOT)


def test_the_walk_from_save_to_the_screen_has_six_files_at_most_and_comes_back_to_none():
    walk = re.findall(r"^\d+\. `([^`]+)`:", section(README, "From save() to the screen").text, re.MULTILINE)
    assert 4 <= len(walk) <= 6
    assert len(set(walk)) == len(walk)
    assert all((ROOT / path).is_file() for path in walk)


@pytest.mark.parametrize("name", ["docs/architecture.md", *sorted(ARCHITECTURE)])
def test_a_page_of_the_architecture_is_read_in_ten_minutes(name):
    assert len(DOCUMENTS[name].read_text().split()) <= 10 * WORDS_A_MINUTE


def test_the_direction_of_imports_is_that_of_the_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    site, packages = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    [(_, drawn)] = section("docs/architecture.md", "The direction of imports").blocks
    lines = [re.split(r"\s{3,}", line.strip())[0] for line in drawn.splitlines()]
    assert [set(line.split(", ")) for line in lines] == [
        set(re.split(r" [|:] ", one)) for one in [*site, *packages, "Django"]
    ]


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [README]
    while waiting:
        name = waiting.pop()
        if name in DOCUMENTS and name not in reached:
            reached.add(name)
            for target in links(name):
                path = (DOCUMENTS[name].parent / target.partition("#")[0]).resolve()
                if path.is_relative_to(ROOT):
                    waiting.append(path.relative_to(ROOT).as_posix())
    assert {name for name in DOCUMENTS if name.startswith("docs/")} <= reached


def test_a_heading_that_is_referred_to_exists():
    """``docs/operating.md, "Restoring"`` in code, ``[operating.md](operating.md), "Restoring"`` in a document."""
    titles = {name: {one.title for one in sections(name)} for name in DOCUMENTS}
    sources = [path for app in (*APPS, "gistagum") for path in (ROOT / app).rglob("*.py")]
    sources += [ROOT / "gunicorn.conf.py", ROOT / "start.sh", ROOT / ".env.example", *DOCUMENTS.values()]
    seen = 0
    for path in sources:
        text = re.sub(r"\s+", " ", path.read_text())
        for document, title in re.findall(r'docs/([\w/-]+\.md), "([^"]+)"', text):
            assert title in titles[f"docs/{document}"], f"{path.relative_to(ROOT)}: {document} has no {title!r}"
            seen += 1
        for target, title in re.findall(r'\]\(([\w./-]+\.md)\), "([^"]+)"', text):
            document = (path.parent / target).resolve().relative_to(ROOT).as_posix()
            assert title in titles[document], f"{path.relative_to(ROOT)}: {document} has no {title!r}"
            seen += 1
    assert seen >= 20


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_heading_that_is_referred_to_within_a_document_exists(name):
    titles = {one.title for one in sections(name)}
    text = re.sub(r"\s+", " ", DOCUMENTS[name].read_text())
    for title in re.findall(r'(?<!\), )\bsee "([^"]+)"', text, re.IGNORECASE):
        assert title in titles, title


def test_the_targets_of_make_that_the_readme_names_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = DOCUMENTS[README].read_text()
    mentioned = set(re.findall(r"`make (\w+)`", text)) | set(re.findall(r"^make (\w+)", text, re.MULTILINE))
    assert {"run", "test", "demo", "lint"} <= mentioned <= targets


def test_the_commands_that_the_readme_names_exist():
    mentioned = set(re.findall(r"manage\.py (\w+)", DOCUMENTS[README].read_text()))
    assert mentioned
    assert mentioned <= set(COMMANDS)


def test_pictures_are_small():
    for path in (ROOT / "docs" / "images").iterdir():
        assert path.stat().st_size < 250_000, path.name


# --- the phases -------------------------------------------------------------------------------------------------

PARTS = ["Goal", "Switch", "Go there", "What to watch", "Exit evidence", "Go back"]


@pytest.mark.parametrize("number", phases.NAMES)
def test_each_phase_has_a_page_with_all_its_parts(number):
    page = f"docs/migration/phase-{number}.md"
    titles = [one.title for one in sections(page) if one.title]
    assert titles == [f"Phase {number}: {phases.NAMES[number]}", *PARTS]
    assert f"env/phase-{number}.env" in section(page, "Switch").text
    guide = {
        row[0]
        for row in section("docs/migration/README.md", "Moving to WebSocket: the operator's guide").table("phase")
    }
    assert f"{number} {phases.NAMES[number]}" in guide


@pytest.mark.parametrize("number", phases.NAMES)
def test_what_a_page_says_of_its_file_is_what_the_file_sets(number):
    flags = (ROOT / "env" / f"phase-{number}.env").read_text().splitlines()
    said = section(f"docs/migration/phase-{number}.md", "Switch").text.split("\n|")[0]
    for flag in re.findall(r"`([A-Z_]+=\w+)`", said):
        assert flag in flags


@pytest.mark.parametrize("number", phases.NAMES)
def test_the_file_of_a_phase_makes_that_phase(number):
    """As `manage.py migration status` sees it: the two must not differ about what a phase is."""
    text = (ROOT / "env" / f"phase-{number}.env").read_text()
    flags = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z_]+=", line))
    switches = {name: one["value"] for name, one in settings.SWITCHES.items()} | {"REDIS_URL": number > 0}
    for name, raw in flags.items():
        switches[name] = {"true": True, "false": False}.get(raw, raw)
    switches["WEBSOCKET_ROLLOUT_PERCENT"] = int(switches["WEBSOCKET_ROLLOUT_PERCENT"])
    assert phases.standing(switches).number == number


# --- faults -----------------------------------------------------------------------------------------------------


def _codes(title: str, column: str) -> list[str]:
    return [name for row in section(RELIABILITY, title).table(column) for name in re.findall(r"`([^`]+)`", row[0])]


def test_every_fault_that_the_kit_knows_is_documented_once_and_no_other():
    assert sorted(_codes("The faults", "fault")) == sorted(nemesis.CATALOGUE)


def test_every_kind_of_fault_that_the_checker_finds_is_documented_and_no_other():
    source = "".join((ROOT / f"tests/faults/{name}.py").read_text() for name in ("checker", "office"))
    assert set(_codes("How it is tested", "it looks for")) == set(re.findall(r'verdict\.add\("([^"]+)"', source))
