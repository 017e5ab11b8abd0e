"""The settings of that site: those of the tests without the office, on a database in a file of its own."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "projeng"] + ["tests.support.uuid_users"]
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("projeng.")]
AUTH_USER_MODEL = "uuid_users.Person"
ROOT_URLCONF = "tests.support.uuid_users.urls"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
TEMPLATES[0]["OPTIONS"]["context_processors"].remove("projeng.context.office")
DATABASES["default"]["NAME"] = os.environ["UUID_USERS_DATABASE"]  # noqa: F405
WEBSOCKET_SHADOW = True  # so that somebody may be demoted
USE_WEBSOCKETS = True
