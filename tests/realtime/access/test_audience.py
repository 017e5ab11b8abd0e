"""Who may see an event. Default: nobody."""

import pytest

from realtime.access import audience
from realtime.access.accounts import Account
from realtime.access.audience import keys_of, may_see, register, user_key


def account(number: int) -> Account:
    return Account(number, "", is_staff=False, is_superuser=False, groups=frozenset())


@pytest.fixture
def rules(monkeypatch):
    """No rules but those that the test registers."""
    rules: list = []
    monkeypatch.setattr(audience, "_rules", rules)
    return rules


def test_an_event_without_audience_is_seen_by_nobody():
    assert not may_see(frozenset({"user:1", "projects", ""}), frozenset())


def test_somebody_without_keys_sees_nothing():
    assert not may_see(frozenset(), frozenset({"user:1", "projects"}))


def test_one_key_in_common_is_enough():
    assert may_see(frozenset({"user:1", "project:7"}), frozenset({"projects", "project:7"}))
    assert not may_see(frozenset({"user:1", "project:7"}), frozenset({"projects", "project:77"}))


def test_without_rules_everybody_holds_the_key_of_their_own_account_and_no_other(rules):
    assert keys_of([account(3), account(4)]) == {3: {user_key(3)}, 4: {user_key(4)}}
    assert keys_of([]) == {}


def test_rules_add_to_each_other(rules):
    register(lambda accounts: {one.pk: {"even"} for one in accounts if one.pk % 2 == 0})
    register(lambda accounts: {one.pk: ["all", "all"] for one in accounts})
    assert keys_of([account(3), account(4)]) == {3: {"user:3", "all"}, 4: {"user:4", "all", "even"}}


def test_a_rule_that_is_registered_twice_is_asked_once(rules):
    asked = []

    def rule(accounts):
        asked.append([one.pk for one in accounts])
        return {}

    register(rule)
    register(rule)
    keys_of([account(1)])
    assert asked == [[1]]


@pytest.mark.django_db
def test_the_cost_of_the_rules_does_not_grow_with_the_people(django_assert_num_queries):
    from projeng.access import Role
    from realtime.access import authority
    from tests.support.people import person

    people = [person(role).pk for role in (*Role, None)]
    with django_assert_num_queries(3):  # accounts, assignments, and conversations
        few = authority.load(people)
    people += [person(role).pk for role in (*Role, None) for _ in range(5)]
    with django_assert_num_queries(3):  # accounts, assignments, and conversations
        assert authority.load(people).items() >= few.items()


@pytest.mark.django_db
def test_disabled_and_deleted_accounts_hold_no_key():
    from realtime.access import authority
    from tests.support.people import person

    gone, disabled = person(), person(is_active=False)
    gone_id = gone.pk
    gone.delete()
    assert authority.load([gone_id, disabled.pk]) == {}
