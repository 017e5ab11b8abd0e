"""Two people with the same form: nobody's save overwrites what the other one has saved meanwhile."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db

FIELD = re.compile(r'<(?:input|textarea|select)[^>]*name="([^"]+)"[^>]*>')


def opened(client, url):
    """What a browser would send if the person changed nothing: the fields of the form with their values."""
    form = client.get(url).context["form"]
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value()) if bound.name != "image" else None
        if value not in (None, "", []):
            data[bound.html_name] = value
    return data


def sent_again(response, **changes):
    """What a browser would send from the page of a conflict."""
    form = response.context["form"]
    data = {}
    for bound in form:
        value = bound.field.widget.format_value(bound.value()) if bound.name != "image" else None
        if value not in (None, "", []):
            data[bound.html_name] = value
    return data | changes


@pytest.fixture
def edit(project):
    return reverse("project_edit", args=[project.pk])


@pytest.fixture
def colleague(browser, head):
    return browser(head)


def test_fields_that_only_one_of_two_has_changed_are_all_kept(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    assert (
        colleague.post(edit, opened(colleague, edit) | {"status": "delayed", "description": "Late"}).status_code == 302
    )
    assert client.post(edit, form | {"project_cost": "2000000"}).status_code == 302
    project.refresh_from_db()
    assert (project.status, project.description, project.project_cost) == ("delayed", "Late", Decimal(2_000_000))


def test_a_field_that_both_have_changed_is_asked_back_with_both_values(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "status": "delayed"})
    response = client.post(edit, form | {"name": "Mine", "source_of_funds": "Tourism"})
    html = response.content.decode()
    assert response.status_code == 409
    assert "Theirs" in html
    assert 'value="Mine"' in html
    assert 'value="Tourism"' in html
    project.refresh_from_db()
    assert (project.name, project.source_of_funds) == ("Theirs", "")
    again = client.post(edit, sent_again(response))
    assert again.status_code == 409  # nothing was chosen
    assert client.post(edit, sent_again(again, choose_name="yours")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.source_of_funds, project.status) == ("Mine", "Tourism", "delayed")


def test_theirs_can_be_kept(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"name": "Mine", "description": "More"})
    assert client.post(edit, sent_again(response, choose_name="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.description) == ("Theirs", "More")
