"""Titles of conversations and names of files are encrypted, those that are there as well."""

from collections.abc import Callable
from typing import Any

from django.db import migrations, models

from messaging import encryption

COLUMNS = (("Conversation", "title"), ("Attachment", "name"))


def _change(apps: Any, convert: Callable[[str], str]) -> None:
    for model, name in COLUMNS:
        rows = apps.get_model("communication", model).objects
        for row_id, text in rows.exclude(**{name: ""}).values_list("pk", name).iterator(1000):
            rows.filter(pk=row_id).update(**{name: convert(text)})


def encrypt(apps: Any, schema_editor: Any) -> None:
    _change(apps, encryption.encrypt)


def decrypt(apps: Any, schema_editor: Any) -> None:
    _change(apps, encryption.decrypt)


class Migration(migrations.Migration):

    dependencies = [
        ('communication', '0009_discarded_files'),
    ]

    operations = [
        # First a column that takes the longer texts, which are not yet of a field that decrypts.
        migrations.AlterField('conversation', 'title', models.TextField(blank=True, default='')),
        migrations.AlterField('attachment', 'name', models.TextField()),
        migrations.RunPython(encrypt, decrypt),
        migrations.AlterField(
            'conversation',
            'title',
            encryption.EncryptedTextField(blank=True, default='', help_text='TITLE_LENGTH characters at most.'),
        ),
        migrations.AlterField(
            'attachment', 'name', encryption.EncryptedTextField(help_text='LONGEST_NAME characters at most.')
        ),
    ]
