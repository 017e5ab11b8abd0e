"""Settings of the college's site: those of the office's site, with other people, addresses and places.

It reads the same variables from the environment. A ``.env`` is not read, since it is the office's, and its database
has other people. Unless the environment says otherwise, the site is for trials on this machine.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "var" / "college"

DEFAULTS = {
    "GISTAGUM_ENV_FILE": os.devnull,
    # Everybody can read it here. It is the same in each process, so that what one signs another accepts.
    "SECRET_KEY": "only-for-trials-of-the-college-on-this-machine-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
    "HTTPS": "false",
    "PORT": "8200",
    "USE_DAPHNE": "true",
    "WEBSOCKET_BROADCAST": "true",
    "DATABASE_URL": f"sqlite:///{FOLDER / 'college.sqlite3'}",
    "STATIC_ROOT": str(FOLDER / "static"),
    "MEDIA_ROOT": str(FOLDER / "media"),
}
for name, value in DEFAULTS.items():
    if not os.environ.get(name, "").strip():
        os.environ[name] = value

from gistagum.settings import *  # noqa: E402, F403

OFFICE_ONLY = ("projeng", "django_filters")
INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app not in OFFICE_ONLY),  # noqa: F405
    "tests.sites.college",
]
SIGN_IN = "projeng.sign_in.SignInMiddleware"  # the limits of signing in, for the site's own page as for programs
MIDDLEWARE = [name for name in MIDDLEWARE if name == SIGN_IN or not name.startswith("projeng.")]  # noqa: F405
ROOT_URLCONF = "tests.sites.college.urls"
WEBSOCKET_URLPATTERNS = "tests.sites.college.routing.websocket_urlpatterns"

_engine = TEMPLATES[0]  # noqa: F405
TEMPLATES = [
    {
        **_engine,
        "DIRS": [Path(__file__).parent / "templates", *_engine["DIRS"]],
        "OPTIONS": {
            **_engine["OPTIONS"],
            "context_processors": [
                name for name in _engine["OPTIONS"]["context_processors"] if not name.startswith("projeng.")
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

AUTH_USER_MODEL = "college.User"
LOGIN_REDIRECT_URL = "/"
TIME_ZONE = "UTC"
