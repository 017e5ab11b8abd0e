"""Counters add up, and a status that contradicts the progress is not taken without a word."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from projeng.models import Project, ProjectProgress

pytestmark = pytest.mark.django_db

FACTS = {"name": "River park", "barangay": "Madaum"}


@pytest.mark.parametrize(
    ("status", "progress", "asked"),
    [
        ("completed", 5, "Completed at 5%: sure?"),
        ("completed", 97.5, "Completed at 97.5%: sure?"),
        ("planned", 40, "Planned at 40%: sure?"),
        ("delayed", 100, "Delayed at 100%: sure?"),
    ],
)
def test_a_status_that_contradicts_the_progress_is_asked_back_once(status, progress, asked, browser, head):
    before = "in_progress" if status != "delayed" else "planned"
    project = Project.objects.create(**FACTS, status=before, progress=progress)
    client, url = browser(head), reverse("project_edit", args=[project.pk])
    response = client.post(url, FACTS | {"status": status})
    html = response.content.decode()
    assert response.status_code == 422
    assert asked in html
    [box] = re.findall(r'<input type="checkbox" name="sure" value="(\w+)"', html)
    other = client.post(url, FACTS | {"status": status, "sure": "something else"})
    assert other.status_code == 422
    assert client.post(url, FACTS | {"status": status, "sure": box}).status_code == 302
    project.refresh_from_db()
    assert project.status == status
    # From now on it is as the office wants it: other changes ask nothing.
    assert client.post(url, FACTS | {"status": status, "description": "New"}).status_code == 302


@pytest.mark.parametrize(
    ("status", "progress"),
    [("completed", 98), ("completed", 100), ("planned", 0), ("cancelled", 55), ("in_progress", 0), ("delayed", 99)],
)
def test_a_status_that_goes_with_the_progress_is_taken(status, progress, browser, head):
    before = "planned" if status != "planned" else "delayed"
    project = Project.objects.create(**FACTS, status=before, progress=progress)
    url = reverse("project_edit", args=[project.pk])
    assert browser(head).post(url, FACTS | {"status": status}).status_code == 302


def test_the_rule_is_explained_at_the_field(browser, head, project):
    html = browser(head).get(reverse("project_edit", args=[project.pk])).content.decode()
    assert "Completed: at least 98%" in re.search(r'id="id_status_helptext">([^<]*)<', html).group(1)


def test_a_new_project_that_is_completed_at_once_is_asked_back(browser, head):
    response = browser(head).post(reverse("project_create"), FACTS | {"status": "completed"})
    assert "Completed at 0%: sure?" in response.content.decode()
    assert not Project.objects.exists()
