"""What a process imports before it does anything: each command and each worker of Gunicorn waits for that."""

import os
import subprocess
import sys

from tests.support.site import ROOT

SCRIPT = "import sys, django; django.setup(); print(*sorted({name.partition('.')[0] for name in sys.modules}))"


def test_a_command_on_sqlite_imports_neither_a_server_nor_a_driver_of_postgresql(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
        "GISTAGUM_ENV_FILE": os.devnull,
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'office.sqlite3'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    imported = set(done.stdout.split())
    assert {"django", "realtime", "projeng"} <= imported
    assert not imported & {"twisted", "autobahn", "uvicorn", "gunicorn", "psycopg", "psycopg_pool"}


def test_daphnes_runserver_comes_before_that_of_static_files(settings):
    apps = settings.INSTALLED_APPS
    assert apps.index("gistagum.servers.daphne_app.DaphneConfig") < apps.index("django.contrib.staticfiles")
