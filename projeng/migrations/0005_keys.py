"""Gives stored keys the one spelling of projeng/keys.py. Projects whose PRNs were the same all along are named."""

import logging

from django.db import migrations

from projeng.barangays import BARANGAYS
from projeng.keys import known_spelling, prn_key

logger = logging.getLogger(__name__)

LONGEST = 40


def normalise(apps, schema_editor):
    alias = schema_editor.connection.alias
    projects = apps.get_model("projeng", "Project").objects.using(alias)
    activities = apps.get_model("projeng", "ProjectActivity").objects.using(alias)
    rows = list(projects.order_by("pk").values_list("pk", "prn", "barangay"))
    for pk, _, barangay in rows:
        if (name := known_spelling(barangay, BARANGAYS)) != barangay:
            projects.filter(pk=pk).update(barangay=name)
    owners = {prn: pk for pk, prn, _ in rows if prn == _key(prn)}
    taken = {_key(prn) for _, prn, _ in rows}
    for pk, prn, _ in rows:
        key = _key(prn) or f"PRN-{pk}"
        if prn == key:
            continue
        owner = owners.get(key)
        if owner is not None:
            same, key = key, _free(key, taken)
            said = f"PRN changed from {prn!r} to {key}: project {owner} has {same}"
            logger.warning("Two projects had the same PRN. Project %d: %s. Are they the same project?", pk, said)
            activities.create(project_id=pk, actor="System", summary=said)
        owners[key] = pk
        taken.add(key)
        projects.filter(pk=pk).update(prn=key)


def _key(prn):
    return prn_key(prn_key(prn)[:LONGEST])


def _free(key, taken):
    """The key with the first number that makes it one of its own."""
    number = 2
    while (numbered := f"{key[: LONGEST - 1 - len(str(number))]}-{number}") in taken:
        number += 1
    return numbered


class Migration(migrations.Migration):
    dependencies = [("projeng", "0004_corrections")]
    # Undone, the keys stay as they are: an older release reads them all.
    operations = [migrations.RunPython(normalise, migrations.RunPython.noop)]
