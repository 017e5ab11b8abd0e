"""Creates the groups of the office. Roles depend on their names (projeng/access.py)."""

from django.db import migrations

GROUPS = ("Head Engineer", "Finance Manager", "Project Engineer")


def make_groups(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in GROUPS:
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("projeng", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    # The reverse migration keeps the groups, which may have members.
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
