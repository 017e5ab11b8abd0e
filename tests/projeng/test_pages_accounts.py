"""Signing in and out, the password, and the error pages."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.people import PASSWORD

pytestmark = pytest.mark.django_db


def test_signing_in_leads_home_or_to_where_one_wanted_to_go(browser, engineer):
    credentials = {"username": engineer.username, "password": PASSWORD}
    assert browser().post(reverse("login"), credentials).url == reverse("home")
    wanted = reverse("project_list")
    assert browser().post(reverse("login"), {**credentials, "next": wanted}).url == wanted


def test_signing_in_never_leads_to_another_site(browser, engineer):
    data = {"username": engineer.username, "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert browser().post(reverse("login"), data).url == reverse("home")


def test_a_wrong_password_is_said_and_the_name_is_kept(browser, engineer):
    html = browser().post(reverse("login"), {"username": engineer.username, "password": "no"}).content.decode()
    assert 'role="alert"' in html
    assert f'value="{engineer.username}"' in html


def test_the_sign_in_page_carries_nothing_for_live_scripts(browser):
    html = browser().get(reverse("login")).content.decode()
    assert "data-user-id" not in html
    assert "<script" not in html


def test_a_signed_in_page_carries_what_live_scripts_need(browser, head):
    html = browser(head).get(reverse("dashboard")).content.decode()
    opening = html[html.index("<html") : html.index("<head>")]
    assert re.search(r' data-cursor="\d+"', opening)
    for attribute in (
        f'data-user-id="{head.pk}"',
        f'data-stream-url="{reverse("stream_events")}"',
        f'data-status-url="{reverse("realtime_status")}"',
        f'data-login-url="{reverse("login")}"',
        f'data-inbox-url="{reverse("head_notifications")}"',
    ):
        assert attribute in opening
    for element in ("notification-bell", "notification-count", "connection", "toast-notification", "toast-message",
                    "toast-close", "toast-link"):  # fmt: skip
        assert f'id="{element}"' in html
    assert 'type="module" src="/static/js/page.js"' in html


def test_signing_out_ends_the_session(browser, head):
    client = browser(head)
    assert client.post(reverse("logout")).url == reverse("login")
    assert client.get(reverse("dashboard")).status_code == 302


def test_a_changed_password_keeps_this_browser_signed_in(browser, engineer):
    client, elsewhere = browser(engineer), browser(engineer)
    new = "a-quite-different-secret"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post(reverse("password_change"), data, follow=True)
    assert response.redirect_chain[-1][0] == reverse("profile")
    assert "Your password was changed" in response.content.decode()
    assert elsewhere.get(reverse("profile")).status_code == 302


def test_wrong_input_for_a_password_is_said_beside_the_field(browser, engineer):
    data = {"old_password": "wrong", "new_password1": "a", "new_password2": "b"}
    html = browser(engineer).post(reverse("password_change"), data).content.decode()
    assert 'href="#id_old_password"' in html
    assert 'id="id_old_password_error"' in html


def test_somebody_without_a_role_is_told_so(browser, nobody, engineer):
    assert "No role has been given to you yet" in browser(nobody).get(reverse("profile")).content.decode()
    assert "No role" not in browser(engineer).get(reverse("profile")).content.decode()


@pytest.mark.parametrize("who", ["head", "nobody", None])
def test_unknown_page(who, request, browser):
    response = browser(request.getfixturevalue(who) if who else None).get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_forbidden_page(browser, nobody):
    assert "This page is not for you" in browser(nobody).get(reverse("dashboard")).content.decode()


def test_form_without_its_token(browser, head):
    response = browser(head, enforce_csrf_checks=True).post(reverse("project_create"), {"name": "x"})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


def test_fault_and_bad_request(browser, head, monkeypatch):
    monkeypatch.setattr("projeng.views.home.home_of", lambda role: 1 / 0)
    client = browser(head, raise_request_exception=False)
    response = client.get("/")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
    response = client.post(reverse("head_notifications"), {"action": "explode"})
    assert response.status_code == 400
    assert "That request made no sense" in response.content.decode()


def test_a_request_for_json_gets_no_cursor_and_still_works(head):
    client = Client()
    client.force_login(head)
    assert "data-cursor" not in client.get(reverse("dashboard")).content.decode()


def test_names_and_texts_are_escaped(browser, head, project):
    project.name = project.description = "<script>alert(1)</script>"
    project.save()
    for url in ("/dashboard/", "/projeng/projects/", f"/projeng/projects/{project.pk}/", "/dashboard/notifications/"):
        html = browser(head).get(url).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html
