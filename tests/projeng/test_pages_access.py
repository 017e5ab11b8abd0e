"""Who may open which page: every page for every role."""

import re

import pytest
from django.urls import reverse

from projeng.models import ProjectCost, ProjectDocument, ProjectMilestone

pytestmark = pytest.mark.django_db

PEOPLE = ("head", "finance", "engineer", "other_engineer", "nobody")
# The status for each of PEOPLE, in their order.
PAGES = {
    "dashboard": (200, 403, 403, 403, 403),
    "finance_dashboard": (200, 200, 403, 403, 403),
    "engineer_dashboard": (200, 403, 200, 200, 403),
    "head_notifications": (200, 403, 403, 403, 403),
    "finance_notifications": (200, 200, 403, 403, 403),
    "engineer_notifications": (200, 200, 200, 200, 200),
    "project_list": (200, 200, 200, 200, 403),
    "project_create": (200, 403, 403, 403, 403),
    "messages_page": (200, 200, 200, 200, 200),
    "profile": (200, 200, 200, 200, 200),
    "password_change": (200, 200, 200, 200, 200),
}
PROJECT_PAGES = {
    "project_detail": (200, 200, 200, 404, 404),
    "project_edit": (200, 403, 403, 403, 403),
    "project_delete": (200, 403, 403, 403, 403),
    "project_engineers": (200, 403, 403, 403, 403),
    "progress_add": (200, 403, 200, 404, 404),
    "cost_add": (200, 200, 200, 404, 404),
    "milestone_add": (200, 403, 200, 404, 404),
    "document_add": (200, 403, 200, 404, 404),
    "project_history": (200, 200, 200, 404, 404),
}
HOMES = {
    "head": "dashboard",
    "finance": "finance_dashboard",
    "engineer": "engineer_dashboard",
    "nobody": "profile",
}


def table(pages):
    return [(name, who, status) for name, row in pages.items() for who, status in zip(PEOPLE, row, strict=True)]


@pytest.mark.parametrize(("name", "who", "status"), table(PAGES))
def test_page_by_role(name, who, status, request, browser):
    assert browser(request.getfixturevalue(who)).get(reverse(name)).status_code == status


@pytest.mark.parametrize(("name", "who", "status"), table(PROJECT_PAGES))
def test_project_page_by_role(name, who, status, request, browser, project):
    response = browser(request.getfixturevalue(who)).get(reverse(name, args=[project.pk]))
    assert response.status_code == status


@pytest.mark.parametrize("name", [name for name, row in PROJECT_PAGES.items() if row[1] != 200 or row[2] != 200])
@pytest.mark.parametrize("who", ["finance", "engineer", "other_engineer", "nobody"])
def test_sending_a_form_needs_the_same_right_as_opening_it(name, who, request, browser, project):
    status = PROJECT_PAGES[name][PEOPLE.index(who)]
    if status == 200:
        pytest.skip("may send it")
    response = browser(request.getfixturevalue(who)).post(reverse(name, args=[project.pk]), {"name": "Changed"})
    assert response.status_code == status
    project.refresh_from_db()
    assert project.name == "Covered court"


@pytest.mark.parametrize("name", ["home", *PAGES])
def test_who_is_not_signed_in_is_asked_to(name, browser):
    url = reverse(name)
    response = browser().get(url)
    assert response.status_code == 302
    assert response.url == f"{reverse('login')}?next={url}"


@pytest.mark.parametrize("name", PROJECT_PAGES)
def test_who_is_not_signed_in_does_not_learn_whether_a_project_exists(name, browser, project):
    for pk in (project.pk, project.pk + 1000):
        url = reverse(name, args=[pk])
        assert browser().get(url).url == f"{reverse('login')}?next={url}"


@pytest.mark.parametrize(("who", "home"), HOMES.items())
def test_each_role_starts_at_its_own_page(who, home, request, browser):
    response = browser(request.getfixturevalue(who)).get("/")
    assert response.status_code == 302
    assert response.url == reverse(home)


def test_superuser_counts_as_head_engineer(browser, django_user_model, project):
    superuser = django_user_model.objects.create_superuser("root", password="x")
    client = browser(superuser)
    assert client.get("/").url == reverse("dashboard")
    assert client.get(reverse("project_edit", args=[project.pk])).status_code == 200


def test_a_disabled_account_sees_nothing(browser, head):
    client = browser(head)
    head.is_active = False
    head.save()
    assert client.get(reverse("dashboard")).status_code == 302


@pytest.mark.parametrize("pk", [10**30, 0])
def test_a_project_id_that_cannot_be_is_not_found(pk, browser, head):
    assert browser(head).get(f"/projeng/projects/{pk}/").status_code == 404


def test_an_engineer_who_is_taken_off_no_longer_finds_the_project(browser, engineer, project):
    client = browser(engineer)
    url = reverse("project_detail", args=[project.pk])
    assert client.get(url).status_code == 200
    project.assigned_engineers.clear()
    assert client.get(url).status_code == 404
    assert "Covered court" not in client.get(reverse("project_list")).content.decode()


def test_what_needs_post_refuses_get(browser, head, project):
    milestone = ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
    client = browser(head)
    assert client.get(reverse("logout")).status_code == 405
    assert client.get(reverse("milestone_reached", args=[project.pk, milestone.pk])).status_code == 405


@pytest.mark.parametrize(
    ("who", "links"),
    [
        ("head", {"progress_add", "cost_add", "milestone_add", "document_add", "project_edit", "project_delete"}),
        ("finance", {"cost_add"}),
        ("engineer", {"progress_add", "cost_add", "milestone_add", "document_add"}),
    ],
)
def test_the_project_page_offers_what_the_person_may_do(who, links, request, browser, project):
    html = browser(request.getfixturevalue(who)).get(reverse("project_detail", args=[project.pk])).content.decode()
    offered = {name for name in PROJECT_PAGES if f'href="{reverse(name, args=[project.pk])}"' in html}
    assert offered - {"project_engineers", "project_history"} == links


@pytest.mark.parametrize("name", [*PAGES, "login"])
@pytest.mark.parametrize("who", ["head", None])
def test_no_page_has_anything_inline_and_each_has_the_policy(name, who, request, browser, project):
    response = browser(request.getfixturevalue(who) if who else None).get(reverse(name), follow=True)
    check_policy(response)


@pytest.mark.parametrize("name", PROJECT_PAGES)
def test_no_project_page_has_anything_inline(name, browser, head, project):
    ProjectCost.objects.create(project=project, cost_type="labor", amount="960000", created_by=head)
    ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
    ProjectDocument.objects.create(project=project, name="Plan", file="projectdocument/x.pdf")
    check_policy(browser(head).get(reverse(name, args=[project.pk])))
    if name not in {"project_detail", "project_history"}:
        check_policy(browser(head).post(reverse(name, args=[project.pk]), {"name": ""}, follow=True))


def check_policy(response):
    html = response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=|javascript:", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert len(re.findall(r"<h1[\s>]", html)) == 1
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "an id is used twice"
    regions = re.findall(r'data-region="([^"]+)"', html)
    assert len(regions) == len(set(regions)), "a region is named twice"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
