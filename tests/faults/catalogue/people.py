"""Changes of users at work: assignments, roles, disabled accounts, ended sessions and passwords."""

import contextlib
import random
import re
import time
from collections.abc import Iterator

import httpx
from django.contrib.auth.models import User
from django.db import transaction

from tests.support import http
from tests.support.database import retrying
from tests.support.people import PASSWORD, site_password

from ..clients import Client
from ..nemesis import fault
from ..office import Office

AWAY_SECONDS = (0.0, 3.0)  # until a signed-out user signs in again
FORM_SECONDS = 10
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@fault("users", (1, 6))
def reassigned(office: Office, rng: random.Random) -> Iterator[None]:
    """Two engineers are assigned to projects and unassigned, some of them several times in a row."""
    mine = {user: rng.sample(office.projects, rng.randint(1, 4)) for user in office.changing_users}
    for user, projects in mine.items():
        for project in projects:
            office.permissions.assign(user, project)
            for _ in range(rng.choice((0, 0, 2))):  # before a server can have noticed
                office.permissions.unassign(user, project)
                office.permissions.assign(user, project)
    yield
    for user, projects in mine.items():
        for project in projects:
            office.permissions.unassign(user, project)


@fault("users", (1, 6))
def role_taken_and_given_back(office: Office, rng: random.Random) -> Iterator[None]:
    """An engineer with projects is removed from the group, which revokes the projects, and added again."""
    user = rng.choice(office.changing_users)
    with _at_work(office, user, rng):
        office.permissions.leave_group(user)
        yield
        office.permissions.join_group(user)


@fault("users", (1, 6))
def promoted_and_demoted(office: Office, rng: random.Random) -> Iterator[None]:
    """An engineer sees every project for some time."""
    user = rng.choice(office.changing_users)
    with _at_work(office, user, rng):
        office.permissions.promote(user)
        yield
        office.permissions.demote(user)


@fault("users", (1, 6))
def account_disabled(office: Office, rng: random.Random) -> Iterator[None]:
    """An account is disabled and enabled again: meanwhile it receives nothing, afterwards everything."""
    user = rng.choice(office.changing_users)
    with _at_work(office, user, rng):
        disabled = office.permissions.disable(user)
        yield
        office.permissions.enable(user, disabled)


@fault("users", (1, 4))
def signed_out(office: Office, rng: random.Random) -> Iterator[None]:
    """Some browsers of two users sign out by the site's form, sign in again, and resume from their cursors."""
    chosen = [
        (user, client)
        for user in office.changing_users
        for client in rng.sample(office.permissions.clients_of(user), 3)
    ]
    for _, client in chosen:
        office.permissions.end_session(client, lambda client=client: _sign_out(client))
    yield
    _back(office, chosen, rng)


@fault("users", (1, 4))
def sessions_deleted(office: Office, rng: random.Random) -> Iterator[None]:
    """Half of the sessions of two users are deleted in the database."""
    chosen = [
        (user, client)
        for user in office.changing_users
        for client in rng.sample(office.permissions.clients_of(user), 5)
    ]
    for _, client in chosen:
        office.permissions.end_session(client, lambda: None)
    yield
    _back(office, chosen, rng)


@fault("users", (1, 4))
def password_changed(office: Office, rng: random.Random) -> Iterator[None]:
    """A user signs in by the form and changes the password, which signs out every other browser of the user."""
    user = rng.choice(office.changing_users)
    url = rng.choice(office.sign_in_urls())
    new = f"another-{PASSWORD}-{rng.randrange(10**9)}"
    old, office.permissions.passwords[user.pk] = office.permissions.passwords[user.pk], new
    office.permissions.end_sessions_by(user, lambda: _change_password(url, user, old, new))
    yield
    _back(office, [(user, client) for client in office.permissions.clients_of(user)], rng)


@contextlib.contextmanager
def _at_work(office: Office, user: User, rng: random.Random) -> Iterator[None]:
    """Assign some projects within the block, and unassign them afterwards."""
    projects = rng.sample(office.projects, 2)
    for project in projects:
        office.permissions.assign(user, project)
    yield
    for project in projects:
        office.permissions.unassign(user, project)


def _back(office: Office, who: list[tuple[User, Client]], rng: random.Random) -> None:
    for user, client in who:
        time.sleep(rng.uniform(*AWAY_SECONDS) / len(who))
        office.permissions.sign_in_again(user, [client])


# --- by the site's forms, or through the ORM if a fault prevents that ---------------------------------------------


def _sign_out(client: Client) -> None:
    name, _, value = client.cookie.partition("=")
    with (
        contextlib.suppress(httpx.HTTPError),
        http.Client(base_url=client.url, cookies={name: value}, timeout=FORM_SECONDS) as browser,
    ):
        _send(browser, "/accounts/profile/", "/accounts/logout/")


def _change_password(url: str, user: User, old: str, new: str) -> None:
    with contextlib.suppress(httpx.HTTPError), http.Client(base_url=url, timeout=FORM_SECONDS) as browser:
        _send(browser, "/accounts/login/", username=user.username, password=old)
        if _send(browser, "/accounts/password/", old_password=old, new_password1=new, new_password2=new):
            return
    retrying(lambda: _set_password(user, new))


def _set_password(user: User, new: str) -> None:
    with transaction.atomic():
        fresh = User.objects.get(pk=user.pk)
        fresh.password = site_password(new)
        fresh.save()


def _send(browser: httpx.Client, page: str, address: str = "", **words: str) -> bool:
    """Submit the form of a page, and return whether it was accepted."""
    token = TOKEN.search(browser.get(page).text)
    if token is None:
        return False
    form = {"csrfmiddlewaretoken": token.group(1), **words}
    return browser.post(address or page, data=form, headers={"Referer": str(browser.base_url)}).status_code == 302
