"""`dumpdata` and `loaddata`: what is loaded is announced to nobody, and nothing comes with it that was deleted."""

import pytest
from django.core.management import call_command

from projeng.models import Notification, Project
from realtime.log import replay
from realtime.log.models import Event, LogEpoch, OutboxEvent
from tests.support.full_office import contents, make_office

ALL: tuple[str, ...] = ()
WITHOUT_LOG = ("realtime",)
WITHOUT_TYPES = ("contenttypes", "auth.permission", "realtime.outboxscan")


@pytest.mark.parametrize(
    ("one", "other", "exclude"),
    [
        ("sqlite", "postgres", ALL),
        ("sqlite", "postgres", WITHOUT_LOG),
        ("sqlite", "postgres", WITHOUT_TYPES),
        ("postgres", "sqlite", ALL),
    ],
)
def test_what_is_loaded_is_what_was_dumped_and_nothing_else(new_database, on_database, scratch, one, other, exclude):
    on_database(new_database(one))
    make_office()
    before, path = counted(exclude), str(scratch / "office.json")
    natural = {"use_natural_foreign_keys": exclude == WITHOUT_TYPES}
    call_command("dumpdata", exclude=exclude, output=path, verbosity=0, **natural)
    target = new_database(other)
    on_database(target)
    call_command("loaddata", path, verbosity=0)
    assert counted(exclude) == before
    assert not OutboxEvent.objects.exists()
    newest = replay.head()
    if exclude == WITHOUT_LOG:
        assert (newest, Event.objects.count()) == (0, 0)
    call_command("loaddata", path, verbosity=0)  # over what is there: changes, and still nothing to announce
    assert counted(exclude) == before
    assert replay.head() == newest
    epochs = LogEpoch.objects.count()
    call_command("new_epoch", verbosity=0)
    assert LogEpoch.objects.count() == epochs + 1
    Project.objects.get(prn="PRN-0").assigned_engineers.clear()  # what is loaded is like any other
    assert Event.objects.filter(id__gt=replay.head() - 1).exists()
    assert Event.objects.filter(type="assignment_changed", id__gt=newest).exists()


def counted(exclude: tuple[str, ...]) -> dict[str, int]:
    """How many rows each model has that is dumped."""
    return {
        label: len(rows)
        for label, rows in contents().items()
        if label.split(".")[0] not in exclude and label.lower() not in exclude
    }


@pytest.mark.django_db
def test_a_fixture_changes_what_is_there_without_a_word(head, engineer, scratch):
    project = Project.objects.create(name="Road", prn="PRN-1", barangay="Apokon")
    project.assigned_engineers.add(engineer)
    path = str(scratch / "office.json")
    call_command("dumpdata", "projeng.project", "auth.user", "auth.group", output=path, verbosity=0)
    project.assigned_engineers.clear()
    engineer.groups.clear()
    Notification.objects.all().delete()
    events, activities = Event.objects.count(), project.activities.count()
    call_command("loaddata", path, verbosity=0)
    assert list(project.assigned_engineers.all()) == [engineer]
    assert (Event.objects.count(), project.activities.count()) == (events, activities)
    assert not Notification.objects.exists()
    assert engineer.groups.exists()
