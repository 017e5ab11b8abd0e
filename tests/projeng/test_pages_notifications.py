"""The notification pages: what they list, and what can be done there with and without scripts."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from projeng.inbox import send, unread_counts
from projeng.models import Notification
from realtime.log.models import Event

pytestmark = pytest.mark.django_db

PAGES = [("head", "head_notifications"), ("finance", "finance_notifications"), ("engineer", "engineer_notifications"),
         ("nobody", "engineer_notifications")]  # fmt: skip


def script(user):
    """A browser's script: it does not ask for a page."""
    client = Client()
    client.force_login(user)
    return client


def act(client, name, action, pk=None):
    data = {"action": action} | ({} if pk is None else {"notification_id": pk})
    return client.post(reverse(name), data)


def listed(response):
    html = response.content.decode()
    return [int(pk) for pk in re.findall(r'<li[^>]*data-notification-id="(\d+)"', html)]


@pytest.mark.parametrize(("who", "name"), PAGES)
def test_lists_ones_own_newest_first_with_unread_ones_marked(who, name, request, browser, other_engineer):
    user = request.getfixturevalue(who)
    send([other_engineer], "Not yours")
    old, new = (send([user], text)[0] for text in ("Old news", "Fresh news"))
    act(script(user), name, "mark_read", old.pk)
    response = browser(user).get(reverse(name))
    html = response.content.decode()
    assert listed(response) == [new.pk, old.pk]
    assert "Not yours" not in html
    assert f'class="notification unread" data-notification-id="{new.pk}"' in html
    assert f'class="notification" data-notification-id="{old.pk}"' in html
    assert 'id="notifications-list"' in html


def test_fifty_a_page(browser, head, django_assert_max_num_queries):
    for number in range(60):
        send([head], f"News {number}")
    client = browser(head)
    with django_assert_max_num_queries(16):
        assert len(listed(client.get(reverse("head_notifications")))) == 50
    assert len(listed(client.get(reverse("head_notifications"), {"page": 2}))) == 10


def test_the_bell_shows_the_count_and_hides_it_at_zero(browser, head):
    client = browser(head)
    assert '<span id="notification-count" class="badge hidden">0<' in client.get("/accounts/profile/").content.decode()
    send([head], "News")
    assert '<span id="notification-count" class="badge">1<' in client.get("/accounts/profile/").content.decode()


def test_links_to_the_project_only_while_it_may_be_seen(browser, engineer, project):
    client, link = browser(engineer), f'href="{reverse("project_detail", args=[project.pk])}"'
    assert link in client.get(reverse("engineer_notifications")).content.decode()
    project.assigned_engineers.clear()
    html = client.get(reverse("engineer_notifications")).content.decode()
    assert "You have been assigned" in html
    assert link not in html


def test_a_new_name_of_a_project_one_may_not_see_any_more_stays_unknown(browser, engineer, project):
    project.assigned_engineers.clear()
    project.name = "Secret new name"
    project.save()
    assert "Secret new name" not in browser(engineer).get(reverse("engineer_notifications")).content.decode()


@pytest.mark.parametrize(("who", "name"), PAGES)
def test_actions_answer_with_json(who, name, request):
    user = request.getfixturevalue(who)
    first, second, _ = (send([user], text)[0] for text in "abc")
    client = script(user)
    answer = act(client, name, "mark_read", first.pk)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "action": "mark_read",
        "notification_id": first.pk,
        "unread_count": 2,
    }
    assert act(client, name, "delete", second.pk).json()["unread_count"] == 1
    assert act(client, name, "mark_all_read").json()["unread_count"] == 0
    assert act(client, name, "delete_all").json()["success"] is True
    assert not Notification.objects.filter(recipient=user).exists()


@pytest.mark.parametrize("action", ["mark_read", "delete"])
@pytest.mark.parametrize("pk", [None, "", "x", "-1", "999999", "9" * 40, "²", "1.0"])
def test_a_notification_that_is_not_there(action, pk, head):
    send([head], "News")
    answer = act(script(head), "head_notifications", action, pk)
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "error": "Notification not found"}
    assert unread_counts([head.pk])[head.pk] == 1


@pytest.mark.parametrize("action", ["mark_read", "delete"])
def test_those_of_others_are_not_there(action, head, engineer):
    other = send([engineer], "News")[0]
    assert act(script(head), "head_notifications", action, other.pk).status_code == 404
    other.refresh_from_db()
    assert not other.is_read


def test_all_means_ones_own(head, engineer):
    send([head, engineer], "News")
    act(script(head), "head_notifications", "mark_all_read")
    act(script(head), "head_notifications", "delete_all")
    assert unread_counts([engineer.pk])[engineer.pk] == 1


@pytest.mark.parametrize("action", ["", "explode"])
def test_an_action_that_is_not_known(action, head):
    answer = act(script(head), "head_notifications", action)
    assert answer.status_code == 400
    assert answer.json() == {"success": False, "error": "Unknown action"}


def test_reading_twice_announces_once(head):
    row = send([head], "News")[0]
    client, before = script(head), Event.objects.count()
    assert act(client, "head_notifications", "mark_read", row.pk).json()["success"]
    assert act(client, "head_notifications", "mark_read", row.pk).json()["success"]
    assert Event.objects.count() == before + 1


def test_a_script_whose_session_has_ended_is_told_so():
    answer = act(Client(), "head_notifications", "mark_all_read")
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_a_plain_form_goes_back_to_its_page(browser, head):
    row = send([head], "News")[0]
    client, url = browser(head), reverse("head_notifications") + "?page=2"
    assert client.post(url, {"action": "mark_read", "notification_id": row.pk}).url == url
    row.refresh_from_db()
    assert row.is_read
    response = client.post(url, {"action": "delete", "notification_id": 999999}, follow=True)
    assert "no longer there" in response.content.decode()


@pytest.mark.parametrize("name", ["head_notifications", "finance_notifications"])
def test_the_page_of_another_role_refuses_actions(name, engineer):
    assert act(script(engineer), name, "delete_all").status_code == 403
