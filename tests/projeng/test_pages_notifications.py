"""The notification pages: what they list, and what can be done there with and without scripts."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from projeng import deletions
from projeng.inbox import send, unread_counts
from projeng.models import Deletion, Notification, Project
from realtime.log.models import Event
from tests.support.log import logged

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


# --- what came later --------------------------------------------------------------------------------------------


def newest_on(client, name):
    """Return what the forms of the page carry: the newest notification that it knows of."""
    [newest] = set(re.findall(r'name="newest" value="(\d+)"', client.get(reverse(name)).content.decode()))
    return newest


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("action", ["mark_all_read", "delete_all"])
def test_what_came_after_the_page_was_shown_stays_as_it_is(action, page, browser, head):
    for number in range(52):
        send([head], f"Shown {number}")
    newest = newest_on(browser(head), "head_notifications")
    later = send([head], "Came later")[0]
    url = reverse("head_notifications") + f"?page={page}"
    answer = script(head).post(url, {"action": action, "newest": newest})
    assert answer.json()["unread_count"] == 1
    assert list(head.notifications.filter(is_read=False)) == [later]
    assert head.notifications.count() == (53 if action == "mark_all_read" else 1)
    event = logged().filter(type__in=["notifications_read", "notifications_deleted"]).get()
    assert (event.fields["all"], len(event.fields["notification_ids"]), event.fields["unread_count"]) == (False, 52, 1)


@pytest.mark.parametrize("action", ["mark_all_read", "delete_all"])
def test_all_of_them_is_announced_as_all(action, browser, head):
    send([head], "News")
    act(script(head), "head_notifications", action)
    newest = send([head], "More")[0].pk
    script(head).post(reverse("head_notifications"), {"action": action, "newest": newest})
    changes = logged().filter(type__in=["notifications_read", "notifications_deleted"])
    assert [event.fields["all"] for event in changes] == [True, True]


@pytest.mark.parametrize("newest", ["", "x", "-1", "1.0", "9" * 40])
def test_a_newest_that_is_no_notification_is_refused(newest, head):
    send([head], "News")
    answer = script(head).post(reverse("head_notifications"), {"action": "delete_all", "newest": newest})
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert head.notifications.count() == 1


# --- undoing a deletion -----------------------------------------------------------------------------------------


def rows_of(user):
    return list(user.notifications.order_by("pk").values())


def undo(client, address):
    return client.post(address, headers={"accept": "application/json"})


@pytest.mark.parametrize("action", ["delete", "delete_all"])
@pytest.mark.parametrize(("who", "name"), PAGES)
def test_a_deletion_is_undone_as_it_was(who, name, action, request, project):
    user = request.getfixturevalue(who)
    first, second = (send([user], text, project)[0] for text in "ab")
    client = script(user)
    act(client, name, "mark_read", first.pk)
    before = rows_of(user)
    deleted = act(client, name, action, second.pk).json()
    assert rows_of(user) != before
    restored = undo(client, deleted["undo"])
    assert restored.json() == {"success": True, "action": "undo", "unread_count": unread_counts([user.pk])[user.pk]}
    assert rows_of(user) == before
    event = logged().filter(type="notifications_restored").get()
    assert second.pk in event.fields["notification_ids"]
    assert event.fields["unread_count"] == restored.json()["unread_count"]
    again = undo(client, deleted["undo"])
    assert (again.status_code, again.json()["success"]) == (404, False)


def test_a_project_that_is_gone_meanwhile_is_left_out_of_what_is_restored(head, finance, project):
    send([finance], "About the court", project)
    deleted = act(script(finance), "finance_notifications", "delete_all").json()
    Project.objects.all().delete()
    assert undo(script(finance), deleted["undo"]).json()["success"]
    assert ("About the court", None) in finance.notifications.values_list("message", "project_id")


def test_nobody_undoes_what_somebody_else_deleted(head, engineer):
    send([head], "News")
    deleted = act(script(head), "head_notifications", "delete_all").json()
    assert undo(script(engineer), deleted["undo"]).status_code == 404
    assert not Notification.objects.exists()
    assert undo(script(head), deleted["undo"]).json()["success"]


def test_a_deletion_is_final_after_a_while_and_not_kept_longer(head, monkeypatch):
    send([head], "News")
    deleted = act(script(head), "head_notifications", "delete_all").json()
    monkeypatch.setattr(deletions, "UNDO_SECONDS", -1)
    assert undo(script(head), deleted["undo"]).status_code == 404
    send([head], "More")
    act(script(head), "head_notifications", "delete_all")
    assert Deletion.objects.count() == 1


def test_nothing_that_was_deleted_is_nothing_to_undo(head):
    assert "undo" not in act(script(head), "head_notifications", "delete_all").json()


def test_a_plain_form_offers_to_undo_on_its_next_page(browser, head):
    send([head], "News")
    client, url = browser(head), reverse("head_notifications")
    html = client.post(url, {"action": "delete_all"}, follow=True).content.decode()
    [address] = re.findall(r'action="(/projeng/undo/\d+/)"', html)
    response = client.post(address, follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert "Restored." in response.content.decode()
    assert head.notifications.count() == 1
    assert "no longer be undone" in client.post(address, follow=True).content.decode()


# --- how many, and where to -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "badge", "exact"), [(99, "99", "99"), (100, "99+", "100"), (1234, "99+", "1,234")])
def test_the_bell_has_little_room_and_tells_the_exact_number_to_who_listens(number, badge, exact, browser, head):
    Notification.objects.unannounced().bulk_create(Notification(recipient=head, message="News") for _ in range(number))
    html = browser(head).get(reverse("head_notifications")).content.decode()
    assert f'<span id="notification-count" class="badge">{badge}<' in html
    assert f'<span id="notification-exact" data-count="{number}">{exact}<' in html
    assert f'<span id="unread-total">{exact}</span> unread of {exact}<' in html


def test_an_event_names_the_page_of_its_project_to_who_may_open_it(head, finance, engineer, other_engineer, project):
    people = [head, finance, engineer, other_engineer]
    send(people, "About the court", project)
    send(people, "About nothing")
    address = reverse("project_detail", args=[project.pk])
    events = {"About the court": {}, "About nothing": {}}
    for event in logged().filter(type="notification"):
        if event.fields["message"] in events:
            [key] = event.audience
            events[event.fields["message"]][key] = event.fields["project_url"]
    assert list(events["About the court"].values()).count(address) == 3
    assert events["About the court"][f"user:{other_engineer.pk}"] is None
    assert set(events["About nothing"].values()) == {None}
