"""Who gets a stream at all, what each role sees, and how soon a change of that acts on streams that are open."""

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from tests.support import http
from tests.support.people import PASSWORD, person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import running_on
from tests.support.sse import Refused

API = "/projeng/api/realtime"
ALL = ["notifications/", "dashboard/", "projects/", "projects/1/", "events/"]
SOON = 2.0  # seconds: how long a change of authority may take to act

site = running_on("gunicorn-postgres", "daphne-sqlite")


# --- getting in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ALL)
def test_without_a_session_a_stream_is_refused_with_json(listen, address):
    """Fault of the old system: a redirect to an HTML page, which EventSource retries for ever."""
    with pytest.raises(Refused) as refused:
        listen(None, address)
    assert refused.value.status == 401
    assert refused.value.headers["content-type"] == "application/json"


def test_a_person_who_opens_the_address_itself_is_sent_to_sign_in(site):
    answer = http.get(f"{site.url}{API}/events/", headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/accounts/login/?next=/projeng/api/realtime/events/")


def test_the_status_says_who_is_connected(site, head):
    answer = http.get(f"{site.url}{API}/status/", headers={"Cookie": session_cookie(head)})
    assert answer.json()["status"] == "connected"
    assert answer.json()["user"] == head.username
    assert answer.json()["timestamp"].endswith("+08:00")
    assert http.get(f"{site.url}{API}/status/").status_code == 401


def test_only_get_opens_a_stream(site, head):
    cookie = {"Cookie": session_cookie(head)}
    for method in ("PUT", "DELETE"):
        assert http.request(method, f"{site.url}{API}/events/", headers=cookie).status_code in {403, 405}


def test_unknown_topics_are_named_in_a_clear_refusal(listen, head):
    with pytest.raises(Refused) as refused:
        listen(head, "events/?topics=notifications,gossip")
    assert refused.value.status == 400
    assert "'gossip'" in refused.value.body


def test_a_project_that_one_may_not_see_does_not_exist(listen, engineer, project):
    with pytest.raises(Refused) as refused:
        listen(engineer, f"projects/{project.pk}/")
    assert refused.value.status == 404


# --- what each role sees ----------------------------------------------------------------------------------------


def _names_seen(stream, after):
    stream.wait_for_cursor(after)
    return {frame["name"] for frame in stream.frames if "name" in frame}


def test_each_role_sees_what_it_may_and_no_more(listen, head, finance, engineer, nobody):
    people = {"head": head, "finance": finance, "engineer": engineer, "nobody": nobody}
    people["superuser"] = person(is_superuser=True)
    streams = {name: listen(user, "events/?topics=projects") for name, user in people.items()}
    mine = Project.objects.create(name="Mine", barangay="Apokon")
    mine.assigned_engineers.add(engineer)
    Project.objects.create(name="Not mine", barangay="Apokon")
    last = replay.head()
    seen = {name: _names_seen(stream, last) for name, stream in streams.items()}
    assert seen["head"] == seen["finance"] == seen["superuser"] == {"Mine", "Not mine"}
    assert seen["engineer"] == {"Mine"}
    assert seen["nobody"] == set()


def test_replay_asks_the_same_rule(listen, engineer, nobody):
    before = replay.head()
    mine = Project.objects.create(name="Mine", barangay="Apokon")
    mine.assigned_engineers.add(engineer)
    Project.objects.create(name="Not mine", barangay="Apokon")
    for user, names in ((engineer, {"Mine"}), (nobody, set())):
        stream = listen(user, f"events/?topics=projects&last_event_id={before}")
        assert _names_seen(stream, replay.head()) == names


# --- while the stream is open -----------------------------------------------------------------------------------


@pytest.mark.quiet
def test_an_engineer_who_is_assigned_sees_the_project_without_reconnecting(listen, engineer, project):
    stream = listen(engineer, "events/?topics=projects")
    project.assigned_engineers.add(engineer)
    assert stream.of_type("assignment_changed", SOON)["assigned"][0]["id"] == engineer.pk
    project.status = "in_progress"
    project.save()
    assert stream.of_type("project_status_changed", SOON)["project_id"] == project.pk


@pytest.mark.quiet
def test_an_engineer_who_is_taken_off_sees_no_more_of_the_project(listen, engineer, project):
    project.assigned_engineers.add(engineer)
    stream = listen(engineer, "events/?topics=projects,notifications")
    stream.next()
    project.assigned_engineers.remove(engineer)
    assert stream.of_type("assignment_changed", SOON)["unassigned"][0]["id"] == engineer.pk
    project.status = "in_progress"
    project.save()
    inbox.send([engineer], "Last")
    stream.wait_for(lambda frame: frame.get("message") == "Last")
    assert not [frame for frame in stream.frames if frame["type"] == "project_status_changed"]


@pytest.mark.quiet
def test_a_single_projects_stream_ends_when_its_engineer_is_taken_off(listen, engineer, project):
    project.assigned_engineers.add(engineer)
    stream = listen(engineer, f"projects/{project.pk}/")
    stream.next()
    engineer.assigned_projects.clear()
    assert stream.ended.wait(SOON)
    assert stream.frames[-1] == {"type": "error", "message": "no longer allowed"}


@pytest.mark.quiet
def test_a_new_group_acts_on_an_open_stream(listen, nobody, project):
    stream = listen(nobody, "events/?topics=projects")
    nobody.groups.add(Group.objects.get(name=Role.FINANCE))
    stream.wait_for_cursor(replay.head())
    project.status = "delayed"
    project.save()
    assert stream.of_type("project_status_changed", SOON)["project_id"] == project.pk


def test_a_lost_group_acts_on_an_open_stream(listen, finance, project):
    stream = listen(finance, "events/?topics=projects,notifications")
    stream.next()
    Group.objects.get(name=Role.FINANCE).user_set.remove(finance)
    project.status = "delayed"
    project.save()
    inbox.send([finance], "Last")
    stream.wait_for(lambda frame: frame.get("message") == "Last")
    assert not [frame for frame in stream.frames if frame["type"] == "project_status_changed"]


def _sign_out(site, user, cookie):
    with http.Client(base_url=site.url, headers={"Cookie": cookie}) as browser:
        token = http.get(f"{site.url}/accounts/login/").cookies["csrftoken"]
        headers = {"Cookie": f"{cookie}; csrftoken={token}", "Referer": site.url}
        answer = browser.post("/accounts/logout/", data={"csrfmiddlewaretoken": token}, headers=headers)
        assert answer.status_code == 302, answer.text


def _disable(site, user, cookie):
    user.is_active = False
    user.save()


def _delete(site, user, cookie):
    user.delete()


def _change_password(site, user, cookie):
    user.set_password("another-long-password")
    user.save()


def _delete_session(site, user, cookie):
    Session.objects.filter(session_key=cookie.partition("=")[2]).delete()


@pytest.mark.quiet
@pytest.mark.parametrize("how", [_sign_out, _disable, _delete, _change_password, _delete_session])
def test_whoever_is_out_is_out_of_open_streams_too(site, listen, head, how):
    cookie = session_cookie(head)
    streams = [listen(head, address, cookie=cookie) for address in ("events/", "notifications/")]
    for stream in streams:
        stream.next()
    how(site, head, cookie)
    for stream in streams:
        assert stream.ended.wait(SOON), "the stream goes on"
        assert stream.frames[-1] == {"type": "error", "message": "signed out"}
    with pytest.raises(Refused) as refused:
        listen(head, "events/", cookie=cookie)
    assert refused.value.status == 401


@pytest.mark.quiet
def test_signing_out_in_one_browser_leaves_the_others_alone(site, listen, head):
    here, there = session_cookie(head), session_cookie(head)
    stays = listen(head, "events/?topics=notifications", cookie=there)
    goes = listen(head, "events/?topics=notifications", cookie=here)
    goes.next()
    _sign_out(site, head, here)
    assert goes.ended.wait(SOON)
    inbox.send([head], "Still there?")
    assert stays.wait_for(lambda frame: "message" in frame)["message"] == "Still there?"


@pytest.mark.parametrize("site", ["gunicorn-sqlite"], indirect=True)
def test_changes_behind_djangos_back_are_found_by_the_sweep(listen, head, finance):
    """``.update()`` sends no signal; one look per process every 15 s finds it all the same."""
    cookie = session_cookie(finance)
    disabled = listen(head, "notifications/")
    expired = listen(finance, "notifications/", cookie=cookie)
    disabled.next()
    type(head).objects.filter(pk=head.pk).update(is_active=False)
    Session.objects.filter(session_key=cookie.partition("=")[2]).update(expire_date="2020-01-01T00:00:00Z")
    assert disabled.ended.wait(18)
    assert expired.ended.wait(18)


def test_signing_in_and_reading_through_the_front_door(site, head):
    head.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    head.save()
    with http.Client(base_url=site.url, follow_redirects=False) as browser:
        token = browser.get("/accounts/login/").cookies["csrftoken"]
        form = {"username": head.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert browser.post("/accounts/login/", data=form, headers={"Referer": site.url}).status_code == 302
        assert wait_until(lambda: browser.get(f"{API}/status/").status_code == 200, "signed in")
