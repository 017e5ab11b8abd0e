"""Two people in the admin, or one there and one on the office's pages: nobody overwrites the other."""

import html
import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from projeng.access import Role
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(browser, django_user_model):
    return browser(django_user_model.objects.create_superuser("root", password="x", first_name="Root"))


def page_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def opened(client, page):
    """What a browser would send from a page of the admin if nothing were changed."""
    shown = client.get(page).context["adminform"].form
    return typed(shown) | dict.fromkeys(management(client.get(page)), "0")


def typed(form):
    data = {}
    for bound in form:
        widget, value = getattr(bound.field.widget, "widget", bound.field.widget), bound.value()
        if hasattr(widget, "widgets_names"):
            values = value if isinstance(value, list) else widget.decompress(value)
            parts = zip(widget.widgets_names, values, strict=True)
            data |= {bound.html_name + end: part or "" for end, part in parts}
        elif not hasattr(value, "storage") and (value := widget.format_value(value)) not in (None, "", []):
            data[bound.html_name] = value
    return data


def management(response):
    return re.findall(r'name="([a-z_]+-(?:TOTAL|INITIAL)_FORMS)"', response.content.decode())


@pytest.fixture
def rows(project, head):
    """A row of each kind, with a change that a colleague makes and one that the person here makes in the same field."""
    cost = ProjectCost.objects.create(project=project, cost_type="labor", amount=5, description="Old")
    report = ProjectProgress.objects.create(project=project, percentage_complete=5, description="Old")
    milestone = ProjectMilestone.objects.create(project=project, name="Roof", target_date="2026-12-01")
    document = ProjectDocument.objects.create(project=project, name="Plan", file="d.pdf")
    return {
        "project": (project, "name", "description"),
        "cost": (cost, "description", "amount"),
        "report": (report, "description", "percentage_complete"),
        "milestone": (milestone, "name", "completion_date"),
        "document": (document, "name", None),
        "account": (head, "first_name", "last_name"),
        "group": (Group.objects.get(name=Role.FINANCE), "name", None),
    }


OTHER = {
    "description": "Told",
    "amount": "7.00",
    "percentage_complete": "9.00",
    "completion_date": "2026-11-11",
    "last_name": "Cruz",
}


@pytest.mark.parametrize("kind", ["project", "cost", "report", "milestone", "document", "account", "group"])
def test_what_both_have_changed_is_an_error_with_both_values(kind, client, rows):
    row, field, other = rows[kind]
    page = page_of(row)
    data = opened(client, page)
    colleague = type(row).objects.get(pk=row.pk)
    setattr(colleague, field, "Theirs")
    if other:
        setattr(colleague, other, OTHER[other])
    colleague.save()
    response = client.post(page, data | {field: "Mine"})
    shown = html.unescape(response.content.decode())
    assert response.status_code == 409
    assert "changed this, too, while the form was open. Theirs is “Theirs”, yours is “Mine”." in shown
    row.refresh_from_db()
    assert getattr(row, field) == "Theirs"
    again = typed(response.context["adminform"].form) | dict.fromkeys(management(response), "0")
    assert again[field] == "Mine"
    assert client.post(page, again).status_code == 302
    row.refresh_from_db()
    assert getattr(row, field) == "Mine"
    if other:
        assert str(getattr(row, other)) == OTHER[other]


@pytest.mark.parametrize("kind", ["project", "cost", "report", "milestone", "account"])
def test_what_only_one_has_changed_is_kept(kind, client, rows):
    row, field, other = rows[kind]
    page = page_of(row)
    data = opened(client, page)
    colleague = type(row).objects.get(pk=row.pk)
    setattr(colleague, other, OTHER[other])
    colleague.save()
    response = client.post(page, data | {field: "Mine"})
    assert response.status_code == 302, response.context["errors"]
    row.refresh_from_db()
    assert (getattr(row, field), str(getattr(row, other))) == ("Mine", OTHER[other])


def test_the_history_of_the_admin_names_only_what_was_changed(client, rows, django_user_model):
    row, field, _ = rows["project"]
    client.post(page_of(row), opened(client, page_of(row)) | {field: "Mine"})
    entry = django_user_model.objects.get(username="root").logentry_set.get()
    assert entry.get_change_message() == "Changed Name."


def test_groups_that_a_colleague_has_given_are_kept(client, rows):
    row, field, _ = rows["account"]
    data = opened(client, page_of(row))
    row.groups.add(Group.objects.get(name=Role.FINANCE))
    assert client.post(page_of(row), data | {field: "Mine"}).status_code == 302
    assert set(row.groups.values_list("name", flat=True)) == {Role.HEAD, Role.FINANCE}


def test_engineers_that_a_colleague_has_assigned_are_kept(client, rows, other_engineer):
    row, field, _ = rows["project"]
    data = opened(client, page_of(row))
    row.assigned_engineers.add(other_engineer)
    assert client.post(page_of(row), data | {field: "Mine"}).status_code == 302
    assert other_engineer in row.assigned_engineers.all()


def test_what_a_colleague_has_changed_is_kept_after_a_conflict_in_another_field(client, rows, other_engineer):
    row, field, _ = rows["project"]
    data = opened(client, page_of(row))
    row.assigned_engineers.set([other_engineer])
    row.refresh_from_db()
    row.name, row.status = "Theirs", "delayed"
    row.save()
    response = client.post(page_of(row), data | {field: "Mine"})
    assert response.status_code == 409
    again = typed(response.context["adminform"].form) | dict.fromkeys(management(response), "0")
    assert client.post(page_of(row), again).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.status, list(row.assigned_engineers.all())) == ("Mine", "delayed", [other_engineer])


def test_who_may_only_look_sees_no_version(browser, rows, django_user_model):
    from django.contrib.auth.models import Permission

    reader = django_user_model.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_project"))
    shown = browser(reader).get(page_of(rows["project"][0])).content.decode()
    assert "Opened" not in shown
    assert 'name="version"' not in shown


def test_a_deletion_is_asked_again_if_the_row_was_changed_meanwhile(client, rows):
    row = rows["project"][0]
    page = reverse("admin:projeng_project_delete", args=[row.pk])
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(page).content.decode()).group(1)
    ProjectCost.objects.create(project=row, cost_type="labor", amount=5)
    response = client.post(page, {"post": "yes", "seen": seen}, follow=True)
    shown = html.unescape(response.content.decode())
    assert "Changed since you were asked: Cost of ₱5.00 (labor) added" in shown
    assert Project.objects.filter(pk=row.pk).exists()
    seen = re.search(r'name="seen" value="([^"]+)"', shown).group(1)
    client.post(page, {"post": "yes", "seen": seen})
    assert not Project.objects.filter(pk=row.pk).exists()


def test_deleting_several_is_asked_again_if_one_was_changed_meanwhile(client, rows):
    first = rows["project"][0]
    second = Project.objects.create(name="Pier", barangay="Apokon")
    page = reverse("admin:projeng_project_changelist")
    data = {"action": "delete_selected", "_selected_action": [first.pk, second.pk]}

    def asked(response):
        shown = html.unescape(response.content.decode())
        return data | {"post": "yes", "seen": re.findall(r'name="seen" value="([^"]+)"', shown)}, shown

    question, _ = asked(client.post(page, data))
    assert len(question["seen"]) == 2
    ProjectCost.objects.create(project=second, cost_type="labor", amount=5)
    again, shown = asked(client.post(page, question))
    assert "Changed since you were asked: Pier" in shown
    assert "Cost of ₱5.00 (labor) added" in shown
    assert Project.objects.count() == 2
    assert client.post(page, again).status_code == 302
    assert not Project.objects.exists()


def test_what_was_voided_meanwhile_stays_void_without_a_reason_of_ones_own(client, rows):
    cost, field, _ = rows["cost"]
    data = opened(client, page_of(cost))
    ProjectCost.objects.get(pk=cost.pk).void("Twice")
    response = client.post(page_of(cost), data | {field: "Mine"})
    assert response.status_code == 302, response.context["errors"]
    cost.refresh_from_db()
    assert (cost.description, cost.is_void, cost.void_reason) == ("Mine", True, "Twice")
