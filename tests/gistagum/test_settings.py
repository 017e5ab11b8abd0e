"""Reading the environment: what is taken, what is refused, and in which words."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gistagum.database import database_settings
from gistagum.environment import Environment


@pytest.fixture
def env(tmp_path):
    return Environment(tmp_path / "no.env")


@pytest.fixture
def holds(monkeypatch):
    """``holds("text")``: the variable THING holds this text."""
    return lambda text: monkeypatch.setenv("THING", text)


# --- booleans ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("true", "True", "TRUE", "1", " true ")),
        *((text, False) for text in ("false", "False", "FALSE", "0", " 0")),
    ],
)
def test_a_boolean_is_true_or_false_in_any_case_or_1_or_0(env, holds, text, value):
    holds(text)
    assert env.boolean("THING", not value) is value


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize("text", [None, "", "  "])
def test_a_boolean_that_is_unset_or_empty_has_its_default(env, holds, text, default):
    if text is not None:
        holds(text)
    assert env.boolean("THING", default) is default


@pytest.mark.parametrize("text", ["maybe", "yes", "on", "2", "-1", "tru", "１"])
def test_anything_else_is_no_boolean_and_the_words_say_what_is(env, holds, text):
    holds(text)
    with pytest.raises(ImproperlyConfigured) as refused:
        env.boolean("THING", False)
    assert str(refused.value) == f"THING is {text!r}; it may be true, false, 1 or 0."


# --- whole numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("65535", 65535), (" 80 ", 80), ("0080", 80)])
def test_a_whole_number_within_its_limits_is_taken(env, holds, text, value):
    holds(text)
    assert env.integer("THING", 7, 1, 65535) == value


def test_a_number_that_is_unset_or_empty_has_its_default(env, holds):
    assert env.integer("THING", 7, 1, 10) == 7
    holds("")
    assert env.integer("THING", 7, 1, 10) == 7


@pytest.mark.parametrize("text", ["0", "65536", "-1", "+5", "1.5", "1e3", "abc", "٣", "²", "1_000", "9" * 40])
def test_anything_else_is_no_number_and_the_words_give_the_limits(env, holds, text):
    holds(text)
    with pytest.raises(ImproperlyConfigured) as refused:
        env.integer("THING", 7, 1, 65535)
    assert str(refused.value) == f"THING is {text!r}; it may be a whole number from 1 to 65535."


# --- choices, names, texts --------------------------------------------------------------------------------------


def test_a_choice_is_taken_in_any_case_and_spelt_as_offered(env, holds):
    assert env.choice("THING", "INFO", ["INFO", "ERROR"]) == "INFO"
    holds("error")
    assert env.choice("THING", "INFO", ["INFO", "ERROR"]) == "ERROR"


def test_another_choice_is_refused_with_those_that_there_are(env, holds):
    holds("loud")
    with pytest.raises(ImproperlyConfigured, match=r"^THING is 'loud'; it may be INFO, ERROR\.$"):
        env.choice("THING", "INFO", ["INFO", "ERROR"])


@pytest.mark.parametrize(
    ("text", "names"), [("", []), (",", []), ("a", ["a"]), (" a , b,,c ", ["a", "b", "c"]), ("*", ["*"])]
)
def test_names_are_separated_by_commas_and_blanks_do_not_count(env, holds, text, names):
    holds(text)
    assert env.names("THING") == names


def test_texts_that_begin_with_a_dollar_sign_are_no_references_to_other_variables(env, holds, monkeypatch):
    """A secret key may begin with any character."""
    holds("$HOMEWARD")
    assert env.text("THING") == "$HOMEWARD"


def test_the_env_file_tops_up_the_environment_and_never_overrides_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GISTAGUM_TEST_SET", "from the environment")
    monkeypatch.setenv("GISTAGUM_TEST_UNSET", "")  # so that monkeypatch takes away what the file brings
    monkeypatch.delenv("GISTAGUM_TEST_UNSET")
    file = tmp_path / ".env"
    file.write_text("GISTAGUM_TEST_SET=from the file\nGISTAGUM_TEST_UNSET=from the file\n")
    env = Environment(file)
    assert env.text("GISTAGUM_TEST_SET") == "from the environment"
    assert env.text("GISTAGUM_TEST_UNSET") == "from the file"


# --- databases --------------------------------------------------------------------------------------------------


def test_a_sqlite_database_can_be_shared_by_threads_and_processes(tmp_path):
    settings = database_settings(f"sqlite:///{tmp_path}/new/folder/office.sqlite3")
    assert settings["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["NAME"] == f"{tmp_path}/new/folder/office.sqlite3"
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in settings["OPTIONS"]["init_command"]
    assert settings["OPTIONS"]["timeout"] >= 5
    assert Path(settings["NAME"]).parent.is_dir()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgresql_database_has_a_bounded_pool_and_no_endless_waits(scheme):
    settings = database_settings(f"{scheme}://ana:p%40ss@db.example:5433/office", max_connections=9)
    assert settings["ENGINE"] == "gistagum.backends.postgresql"
    shown = {name: settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    assert shown == {"USER": "ana", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": 5433, "NAME": "office"}
    assert settings["OPTIONS"]["pool"]["max_size"] == 9
    assert settings["OPTIONS"]["connect_timeout"]
    for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        assert f"-c {limit}=" in settings["OPTIONS"]["options"]
    assert settings["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(
    ("hosts", "host", "port"),
    [
        ("a:5433,b:5434", "a,b", "5433,5434"),
        ("a:5433,b", "a,b", "5433,5432"),
        ("a, b:,c:1", "a,b,c", "5432,5432,1"),
        ("[::1]:5433,[fe80::2],10.0.0.3:5434", "::1,fe80::2,10.0.0.3", "5433,5432,5434"),
    ],
)
def test_several_hosts_each_have_a_port_and_the_primary_among_them_is_used(hosts, host, port):
    settings = database_settings(f"postgres://ana:p%40s,s@{hosts}/office?sslmode=require")
    shown = {name: settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    assert shown == {"USER": "ana", "PASSWORD": "p@s,s", "HOST": host, "PORT": port, "NAME": "office"}
    assert settings["OPTIONS"]["target_session_attrs"] == "read-write"
    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["OPTIONS"]["connect_timeout"] == 5, "for each of them"


def test_one_host_is_taken_whatever_its_role_is_unless_the_address_says_otherwise():
    assert "target_session_attrs" not in database_settings("postgres://ana@a/office")["OPTIONS"]
    options = database_settings("postgres://ana@a/office?target_session_attrs=read-write")["OPTIONS"]
    assert options["target_session_attrs"] == "read-write"


@pytest.mark.parametrize("hosts", ["a,", ",a", "a,,b", "a:port,b", "a,b:0", "a,b:65536", "a,[::1", "a,::1", "a,b c"])
def test_a_list_with_something_that_is_no_host_is_refused_without_showing_the_password(hosts):
    with pytest.raises(ImproperlyConfigured) as refused:
        database_settings(f"postgres://ana:secret@{hosts}/office")
    assert str(refused.value) == "DATABASE_URL names several hosts, and one of them is not host or host:port."


@pytest.mark.parametrize(
    ("hosts", "wanted", "words"),
    [
        ("a,b", "any", "with several hosts it may be read-write, primary."),
        ("a,b", "standby", "with several hosts it may be read-write, primary."),
        ("a", "writable", "it may be any, read-write, read-only, primary, standby, prefer-standby."),
    ],
)
def test_a_session_that_could_not_write_is_refused(hosts, wanted, words):
    with pytest.raises(ImproperlyConfigured) as refused:
        database_settings(f"postgres://ana:secret@{hosts}/office?target_session_attrs={wanted}")
    assert str(refused.value) == f"DATABASE_URL has target_session_attrs='{wanted}'; {words}"


def test_a_pooler_gets_no_options_at_the_start_and_no_cursor_on_the_server():
    settings = database_settings("postgres://ana@pooler:6432/office", pooler="transaction")
    assert "options" not in settings["OPTIONS"]
    assert settings["OPTIONS"]["connect_timeout"]
    assert settings["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert settings["OPTIONS"].get("prepare_threshold") is None, "Django's default: no prepared statements"
    assert database_settings("postgres://ana@db/office")["DISABLE_SERVER_SIDE_CURSORS"] is False


def test_a_pooler_that_cannot_be_there_is_refused(tmp_path):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_POOLER is transaction and DATABASE_URL is SQLite"):
        database_settings(f"sqlite:///{tmp_path}/office.sqlite3", pooler="transaction")
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL has options=…, which a pooler refuses"):
        database_settings("postgres://ana@db/office?options=-c%20lock_timeout%3D1s", pooler="transaction")


def test_options_in_the_address_of_a_postgresql_database_are_kept():
    assert database_settings("postgres://ana@db/office?sslmode=require")["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize("url", ["mysql://u@h/office", "oracle://u@h/office", "office.sqlite3", "", "://"])
def test_another_kind_of_database_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL starts with .*; it may be sqlite:///… or postgres"):
        database_settings(url)


@pytest.mark.parametrize("url", ["postgres://ana@db", "postgres://ana@db/", "sqlite://", "sqlite://:memory:"])
def test_an_address_without_a_name_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL names no database"):
        database_settings(url)


@pytest.mark.parametrize("url", ["postgres://ana:secret@db:port/office", "postgres://ana:secret@db:99999/office"])
def test_an_address_that_cannot_be_read_is_refused_without_showing_its_password(url):
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL is not an address") as refused:
        database_settings(url)
    assert "secret" not in str(refused.value)
