"""A pointer up to which nothing is unread in direct conversations."""

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, F, OuterRef


def settle(apps: Any, schema_editor: Any) -> None:
    """Where nothing is unread, nothing is up to the newest message that was read."""
    receipts = apps.get_model("communication", "Receipt").objects.using(schema_editor.connection.alias)
    unread = receipts.filter(
        person_id=OuterRef("person_id"), read_at=None, message__conversation_id=OuterRef("conversation_id")
    )
    rows = apps.get_model("communication", "Participant").objects.using(schema_editor.connection.alias)
    rows.filter(~Exists(unread), conversation__kind="direct").update(settled_seq=F("last_read_seq"))


class Migration(migrations.Migration):
    dependencies = [
        ("communication", "0011_poll_clients"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="settled_seq",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="Of a direct conversation: up to here nothing is unread. It may lag, and then counting takes longer.",
            ),
        ),
        migrations.AlterField(
            model_name="participant",
            name="last_read_seq",
            field=models.BigIntegerField(default=0, help_text="The newest message that they have read."),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop),
    ]
