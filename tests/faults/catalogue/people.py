"""What befalls people at work: other projects, another role, a disabled account, signed out, another password."""

import contextlib
import random
import re
import time
from collections.abc import Iterator

import httpx
from django.contrib.auth.models import User
from django.db import transaction

from tests.support.people import PASSWORD, site_password

from ..clients import Client
from ..nemesis import fault
from ..office import Office
from ..permission_changes import persistently

AWAY_SECONDS = (0.0, 3.0)  # until who was signed out signs in again
FORM_SECONDS = 10
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@fault("movers", (1, 6))
def reassigned(office: Office, rng: random.Random) -> Iterator[None]:
    """Two engineers are put on projects and taken off them, some several times at once."""
    mine = {user: rng.sample(office.projects, rng.randint(1, 4)) for user in office.movers}
    for user, projects in mine.items():
        for project in projects:
            office.moves.assign(user, project)
            for _ in range(rng.choice((0, 0, 2))):  # before anybody can have noticed
                office.moves.take_off(user, project)
                office.moves.assign(user, project)
    yield
    for user, projects in mine.items():
        for project in projects:
            office.moves.take_off(user, project)


@fault("movers", (1, 6))
def role_taken_and_given_back(office: Office, rng: random.Random) -> Iterator[None]:
    """An engineer with projects is taken out of the group, which takes the projects, and comes back into it."""
    user = rng.choice(office.movers)
    with _at_work(office, user, rng):
        office.moves.leave_group(user)
        yield
        office.moves.join_group(user)


@fault("movers", (1, 6))
def promoted_and_demoted(office: Office, rng: random.Random) -> Iterator[None]:
    """An engineer sees every project for a while."""
    user = rng.choice(office.movers)
    with _at_work(office, user, rng):
        office.moves.promote(user)
        yield
        office.moves.demote(user)


@fault("movers", (1, 6))
def account_disabled(office: Office, rng: random.Random) -> Iterator[None]:
    """An account is disabled and enabled again: in between it gets nothing, afterwards everything."""
    user = rng.choice(office.movers)
    with _at_work(office, user, rng):
        disabled = office.moves.disable(user)
        yield
        office.moves.enable(user, disabled)


@fault("movers", (1, 4))
def signed_out(office: Office, rng: random.Random) -> Iterator[None]:
    """Some browsers of two people sign out by the site's form; they sign in again, and go on from their cursors."""
    chosen = [(user, client) for user in office.movers for client in rng.sample(office.moves.clients_of(user), 3)]
    for _, client in chosen:
        office.moves.end_session(client, lambda client=client: _sign_out(client))
    yield
    _back(office, chosen, rng)


@fault("movers", (1, 4))
def sessions_deleted(office: Office, rng: random.Random) -> Iterator[None]:
    """Half of the sessions of two people are deleted in the database."""
    chosen = [(user, client) for user in office.movers for client in rng.sample(office.moves.clients_of(user), 5)]
    for _, client in chosen:
        office.moves.end_session(client, lambda: None)
    yield
    _back(office, chosen, rng)


@fault("movers", (1, 4))
def password_changed(office: Office, rng: random.Random) -> Iterator[None]:
    """Somebody signs in at the door and changes the password: every other browser of theirs is signed out."""
    user = rng.choice(office.movers)
    url = rng.choice(office.doors())
    new = f"another-{PASSWORD}-{rng.randrange(10**9)}"
    old, office.moves.passwords[user.pk] = office.moves.passwords[user.pk], new
    office.moves.end_sessions_by(user, lambda: _change_password(url, user, old, new))
    yield
    _back(office, [(user, client) for client in office.moves.clients_of(user)], rng)


@contextlib.contextmanager
def _at_work(office: Office, user: User, rng: random.Random) -> Iterator[None]:
    """With some projects, which are taken away in the end."""
    projects = rng.sample(office.projects, 2)
    for project in projects:
        office.moves.assign(user, project)
    yield
    for project in projects:
        office.moves.take_off(user, project)


def _back(office: Office, who: list[tuple[User, Client]], rng: random.Random) -> None:
    for user, client in who:
        time.sleep(rng.uniform(*AWAY_SECONDS) / len(who))
        office.moves.sign_in_again(user, [client])


# --- by the site's own forms: where a fault is in the way, by hand ------------------------------------------------


def _sign_out(client: Client) -> None:
    name, _, value = client.cookie.partition("=")
    with (
        contextlib.suppress(httpx.HTTPError),
        httpx.Client(base_url=client.url, cookies={name: value}, timeout=FORM_SECONDS) as browser,
    ):
        _send(browser, "/accounts/profile/", "/accounts/logout/")


def _change_password(url: str, user: User, old: str, new: str) -> None:
    with contextlib.suppress(httpx.HTTPError), httpx.Client(base_url=url, timeout=FORM_SECONDS) as browser:
        _send(browser, "/accounts/login/", username=user.username, password=old)
        if _send(browser, "/accounts/password/", old_password=old, new_password1=new, new_password2=new):
            return
    persistently(lambda: _set_password(user, new))


def _set_password(user: User, new: str) -> None:
    with transaction.atomic():
        fresh = User.objects.get(pk=user.pk)
        fresh.password = site_password(new)
        fresh.save()


def _send(browser: httpx.Client, page: str, address: str = "", **words: str) -> bool:
    """Send the form on a page; whether it was taken."""
    token = TOKEN.search(browser.get(page).text)
    if token is None:
        return False
    form = {"csrfmiddlewaretoken": token.group(1), **words}
    return browser.post(address or page, data=form, headers={"Referer": str(browser.base_url)}).status_code == 302
