"""How often passwords may be tried, for whom, and how many are checked at once."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse

from projeng import sign_in
from projeng.sign_in import ACCOUNT, ADDRESS, COOKIE, CheckQueue, Refused, Tries, account_key, attempt
from tests.support.people import PASSWORD, person
from tests.support.ports import wait_until

TRIES = 3


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tries(clock, monkeypatch) -> Tries:
    """Three at once, and a clock that stands still."""
    made = Tries(TRIES, now=clock)
    monkeypatch.setattr(sign_in, "tries", made)
    return made


def wrong(tries: Tries, number: int, account="ana", address="1.2.3.4", browser="") -> int:
    """How many of so many wrong passwords were looked at."""
    looked_at = 0
    for _ in range(number):
        try:
            tries.take(account, address, browser)
        except Refused:
            continue
        looked_at += 1
    return looked_at


def sign(browser: Client, user, password=PASSWORD, address="1.2.3.4", where="login"):
    form = {"username": getattr(user, "username", user), "password": password}
    return browser.post(reverse(where), form, REMOTE_ADDR=address)


# --- how often --------------------------------------------------------------------------------------------------


def test_an_address_has_a_few_tries_for_an_account_and_then_one_a_minute(tries, clock):
    assert wrong(tries, 9) == TRIES
    with pytest.raises(Refused) as refused:
        tries.take("ana", "1.2.3.4")
    assert refused.value.seconds == 60
    clock.now += 120
    assert wrong(tries, 9) == 2


def test_a_stranger_does_not_lock_the_owner_out_who_is_elsewhere(tries):
    wrong(tries, 100, address="6.6.6.6")
    assert wrong(tries, 9) == TRIES


def test_many_addresses_together_have_more_tries_for_an_account_but_not_any_number(tries):
    assert sum(wrong(tries, 9, address=f"1.2.3.{number}") for number in range(100)) == TRIES * ACCOUNT


def test_an_address_has_so_many_tries_for_all_accounts_together(tries):
    assert sum(wrong(tries, 9, account=f"account{number}") for number in range(100)) == TRIES * ADDRESS


def test_a_browser_that_the_account_knows_is_judged_by_itself_alone(tries):
    for number in range(100):
        wrong(tries, 9, address=f"6.6.6.{number}")
        wrong(tries, 9, account=f"account{number}")
    assert wrong(tries, 9, browser="her own") == TRIES
    assert wrong(tries, 9, account="jose", browser="her own") == TRIES


def test_who_is_refused_takes_nothing_from_others(tries):
    wrong(tries, 10_000)
    assert sum(wrong(tries, 1, account=f"account{number}") for number in range(100)) == TRIES * ADDRESS - TRIES


def test_a_right_password_costs_nothing(tries):
    request = RequestFactory().post("/", REMOTE_ADDR="1.2.3.4")
    for _ in range(TRIES * ADDRESS * 2):
        with attempt(request, "ana"):
            pass
    assert wrong(tries, 9) == TRIES


def test_a_fault_costs_nothing_and_a_wrong_password_does(tries):
    request = RequestFactory().post("/", REMOTE_ADDR="1.2.3.4")
    for fault in [RuntimeError] * 9 + [ValidationError] * TRIES:
        with pytest.raises(fault), attempt(request, "ana"):
            raise fault("wrong")
    with pytest.raises(Refused), attempt(request, "ana"):
        raise AssertionError("It was looked at.")


@pytest.mark.parametrize("other", ["ANA", " ana ", "ａｎａ"])
def test_another_spelling_is_the_same_account(other):
    assert account_key(other) == account_key("ana")


def test_any_name_makes_a_short_key():
    assert len(account_key("x" * 10_000)) == len(account_key("\ud800")) == 32


# --- how many at once -------------------------------------------------------------------------------------------


def test_one_password_is_checked_at_a_time():
    queue, begun, end = CheckQueue(2), threading.Event(), threading.Event()
    order: list[str] = []

    def check(name: str) -> None:
        with queue.turn():
            order.append(f"{name} begins")
            begun.set()
            end.wait(10)
            order.append(f"{name} ends")

    threads = [threading.Thread(target=check, args=(name,)) for name in "ab"]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    wait_until(lambda: not queue._places._value, "the other one waits")
    end.set()
    for thread in threads:
        thread.join(10)
    assert order == ["a begins", "a ends", "b begins", "b ends"]


def test_who_waits_too_long_is_told_to_return(monkeypatch):
    monkeypatch.setattr(sign_in, "QUEUE_SECONDS", 0.01)
    queue = CheckQueue(2)
    with queue.turn():
        with pytest.raises(Refused) as refused, queue.turn():
            raise AssertionError("Two at a time.")
        assert 1 <= refused.value.seconds <= 10
    with queue.turn():
        pass


def test_who_finds_no_place_to_wait_is_told_at_once():
    queue = CheckQueue(1)
    with queue.turn(), pytest.raises(Refused), queue.turn():
        raise AssertionError("Two at a time.")
    with queue.turn():
        pass


@pytest.mark.django_db
def test_unknown_browsers_do_not_delay_a_known_browser(tries, monkeypatch):
    monkeypatch.setattr(sign_in, "unknown_browsers", CheckQueue(1))
    ana, browser = person(), Client()
    assert sign(browser, ana).status_code == 302
    browser.post(reverse("logout"))
    with sign_in.unknown_browsers.turn():
        assert sign(Client(), ana).status_code == 429
        assert sign(browser, ana).status_code == 302


# --- the pages --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["login", "admin:login"])
def test_too_many_tries_are_answered_with_429_and_the_same_form(tries, where):
    ana = person(is_staff=True)
    assert [sign(Client(), ana, "wrong", where=where).status_code for _ in range(TRIES)] == [200] * TRIES
    answer = sign(Client(), ana, where=where)
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    html = answer.content.decode()
    assert "There were too many tries with a wrong password. Please wait 60 seconds, then try again." in html
    assert f'value="{ana.username}"' in html
    assert PASSWORD not in html
    if where == "login":
        assert 'role="alert"' in html


@pytest.mark.django_db
def test_the_site_and_the_administration_count_together(tries):
    ana = person(is_staff=True)
    sign(Client(), ana, "wrong")
    sign(Client(), ana, "wrong", where="admin:login")
    sign(Client(), ana, "wrong")
    assert sign(Client(), ana, where="admin:login").status_code == 429


@pytest.mark.django_db
def test_it_does_not_tell_which_accounts_there_are(tries):
    ana = person()
    known = [sign(Client(), ana, "wrong", address="1.1.1.1") for _ in range(5)]
    unknown = [sign(Client(), "nobody", "wrong", address="2.2.2.2") for _ in range(5)]
    assert [answer.status_code for answer in known] == [answer.status_code for answer in unknown]
    shown = known[-1].content.decode().replace(ana.username, "nobody")
    assert shown.count("There were too many tries") == unknown[-1].content.decode().count("There were too many tries")


@pytest.mark.django_db
def test_a_refused_try_costs_no_query(tries, django_assert_num_queries):
    for _ in range(TRIES):
        sign(Client(), "nobody", "wrong")
    with django_assert_num_queries(0):
        assert sign(Client(), "nobody", "wrong").status_code == 429


@pytest.mark.django_db
def test_the_owner_signs_in_where_they_have_before_while_others_guess(tries):
    ana, her_own = person(), Client()
    assert sign(her_own, ana).status_code == 302
    her_own.post(reverse("logout"))
    for number in range(TRIES * ACCOUNT):
        sign(Client(), ana, "wrong", address=f"6.6.6.{number}")
    wrong(tries, 999, account_key(ana.username))
    assert sign(Client(), ana).status_code == 429
    assert sign(her_own, ana).status_code == 302


@pytest.mark.django_db
def test_the_cookie_of_a_known_browser_is_no_key_and_no_use_for_others(tries, settings):
    ana, jose, browser = person(), person(), Client()
    sign(browser, ana)
    cookie = browser.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert ana.username not in cookie.value
    thief = Client()
    thief.cookies[COOKIE] = cookie.value
    assert thief.get(reverse("profile")).status_code == 302
    assert [sign(thief, jose, "wrong").status_code for _ in range(TRIES + 1)][-1] == 429
    thief.cookies[COOKIE] = cookie.value[:-3] + "abc"
    assert sign(thief, ana, "wrong", address="9.9.9.9").status_code == 200
    for value in ("", "x", "a:b:c", "\x00"):
        thief.cookies[COOKIE] = value
        assert sign(thief, ana, "wrong", address=f"8.8.8.{len(value)}").status_code == 200


@pytest.mark.django_db
def test_a_browser_keeps_its_name_so_that_signing_in_gives_no_new_tries(tries):
    ana, browser = person(), Client()
    for _ in range(3):
        assert sign(browser, ana).status_code == 302
        browser.post(reverse("logout"))
        sign(browser, ana, "wrong")
    assert sign(browser, ana).status_code == 429
