"""Two people with the same form: nobody's save overwrites what the other one has saved meanwhile."""

from decimal import Decimal

import pytest
from django.urls import reverse

from projeng.models import Project, ProjectProgress
from tests.support.forms import opened, sent_again

pytestmark = pytest.mark.django_db


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


# --- the kinds of fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "theirs", "mine", "shown"),
    [
        ("description", "Two\r\nlines", "Other\r\nlines", "Two"),
        ("barangay", "Madaum", "Busaon", "Madaum"),
        ("status", "delayed", "cancelled", "Delayed"),
        ("project_cost", "5", "₱6.50", "₱5.00"),
        ("project_cost", "", "7", "not set"),
        ("start_date", "2026-11-20", "2026-11-21", "Nov 20, 2026"),
        ("prn", "THEIRS-1", "MINE-1", "THEIRS-1"),
    ],
)
def test_each_kind_of_field_is_asked_back(field, theirs, mine, shown, browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    assert colleague.post(edit, opened(colleague, edit) | {field: theirs}).status_code == 302
    project.refresh_from_db()
    stored = getattr(project, field)
    response = client.post(edit, form | {field: mine})
    assert response.status_code == 409
    [change] = response.context["form"].conflicts.values()
    assert (change.name, change.stored.startswith(shown)) == (field, True)
    assert change.yours in response.content.decode().replace("&#x27;", "'") or field == "description"
    project.refresh_from_db()
    assert getattr(project, field) == stored
    assert client.post(edit, sent_again(response, **{f"choose_{field}": "yours"})).status_code == 302
    project.refresh_from_db()
    assert getattr(project, field) != stored


@pytest.mark.parametrize("value", ["Covered court ", " Covered court"])
def test_the_same_value_written_otherwise_is_no_change(value, browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "project_cost": "5"})
    assert client.post(edit, form | {"name": value, "project_cost": "₱1,000,000"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.project_cost) == ("Theirs", 5)


def test_both_may_enter_the_same(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Same"})
    assert client.post(edit, form | {"name": "Same", "description": "More"}).status_code == 302


def test_what_others_change_while_the_conflict_is_looked_at_is_asked_back_again(
    browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Second"})
    response = client.post(edit, form | {"name": "Mine"})
    colleague.post(edit, opened(colleague, edit) | {"name": "Third", "status": "delayed"})
    again = client.post(edit, sent_again(response, choose_name="yours"))
    assert again.status_code == 409
    assert again.context["form"].conflicts["name"].stored == "Third"
    assert client.post(edit, sent_again(again, choose_name="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.status) == ("Third", "delayed")


def test_a_field_that_is_wrong_is_explained_beside_the_conflict(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"name": "Mine", "project_cost": "a lot", "description": "Kept"})
    html = response.content.decode()
    assert response.status_code == 409
    assert 'id="id_project_cost_error"' in html
    assert 'value="a lot"' in html
    assert "Kept</textarea>" in html


def test_a_report_meanwhile_is_no_conflict(browser, head, engineer, edit, project):
    client = browser(head)
    form = opened(client, edit)
    ProjectProgress.objects.create(project=project, percentage_complete=40)
    assert client.post(edit, form | {"name": "Mine"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.progress) == ("Mine", 40)


def test_changes_in_bulk_are_seen(browser, head, edit, project):
    client = browser(head)
    form = opened(client, edit)
    Project.objects.filter(pk=project.pk).update(name="Theirs", status="delayed")
    assert client.post(edit, form | {"name": "Mine"}).status_code == 409
    assert client.post(edit, form | {"description": "Mine"}).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.status, project.description) == ("Theirs", "delayed", "Mine")


@pytest.mark.parametrize("opened_with", ["", "nonsense", "eyJ4IjoxfQ:1:abc"])
def test_a_form_whose_values_cannot_be_read_is_compared_by_its_version(
    opened_with, browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs"})
    response = client.post(edit, form | {"opened": opened_with, "description": "Mine"})
    assert response.status_code == 409
    assert set(response.context["form"].conflicts) == {"name", "description"}


def test_the_form_of_another_project_is_not_taken_for_this_one(browser, head, edit, project):
    client = browser(head)
    other = Project.objects.create(name="Other", barangay="Apokon")
    form = opened(client, reverse("project_edit", args=[other.pk]))
    Project.objects.filter(pk=project.pk).update(status="delayed")
    response = client.post(edit, opened(client, edit) | {"opened": form["opened"], "version": "1"})
    assert response.status_code == 302  # it would change nothing


# --- what is wrong together with what others have changed ---------------------------------------------------------


def test_what_does_not_go_with_what_a_colleague_has_entered_is_explained_with_that(
    browser, head, colleague, edit, project
):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"start_date": "2026-12-01"})
    response = client.post(edit, form | {"end_date": "2026-11-20"})
    html = response.content.decode()
    assert response.status_code == 422
    assert "The end date is before the start date." in html
    assert 'value="2026-12-01"' in html
    assert "Start date changed from not set to Dec 1, 2026" in html
    assert client.post(edit, sent_again(response, start_date="2026-11-01")).status_code == 302
    project.refresh_from_db()
    assert (str(project.start_date), str(project.end_date)) == ("2026-11-01", "2026-11-20")


def test_a_field_that_was_wrong_is_compared_once_it_is_right(browser, head, colleague, edit, project):
    client = browser(head)
    form = opened(client, edit)
    colleague.post(edit, opened(colleague, edit) | {"name": "Theirs", "project_cost": "5", "status": "delayed"})
    response = client.post(edit, form | {"name": "Mine", "project_cost": "a lot"})
    assert set(response.context["form"].conflicts) == {"name"}
    response = client.post(edit, sent_again(response, choose_name="yours", project_cost="7"))
    assert response.status_code == 409
    assert response.context["form"].conflicts["project_cost"].stored == "₱5.00"
    assert client.post(edit, sent_again(response, choose_project_cost="theirs")).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.project_cost, project.status) == ("Mine", 5, "delayed")
