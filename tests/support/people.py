"""Users of the office for tests, and their sessions."""

import itertools
import os
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from projeng.access import Role

_numbers = itertools.count(1)
PASSWORD = "a-long-test-password"


def person(role: Role | None = None, name: str = "", **fields: Any) -> User:
    """Create a user in the group of this role (``None``: in no group)."""
    username = name or f"{(role.value.split()[0] if role else 'nobody').lower()}{os.getpid()}x{next(_numbers)}"
    user = User.objects.create_user(username, password=PASSWORD, **fields)
    if role:
        user.groups.add(Group.objects.get(name=role.value))
    return user


def site_password(password: str) -> str:
    """Return a password hash of a real site's hasher. Tests use a faster one, which a site does not accept."""
    return make_password(password, hasher="pbkdf2_sha256")


def session_cookie(user: User) -> str:
    """Create a session of this user and return it as the value of a Cookie header."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
