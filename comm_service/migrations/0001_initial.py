"""The four tables: they are made, or are there already, from the service that kept them before.

Tables that are there keep their rows, columns and indexes. Indexes for the lists are added to them. To unapply removes
these indexes alone: the tables and what is in them stay, whoever made them.
"""

import uuid
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import migrations, models


class CreateModelUnlessThere(migrations.CreateModel):
    """Makes the table of a model unless there is one. Raises ImproperlyConfigured if that one has other columns."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table = model._meta.db_table
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            if table not in connection.introspection.table_names(cursor):
                schema_editor.create_model(model)
                return
            there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
        missing = {field.column for field in model._meta.local_fields} - there
        if missing:
            raise ImproperlyConfigured(
                f"There is a table {table} that has no {', '.join(sorted(missing))}, so it belongs to something else."
            )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """The table stays: it may hold what another service wrote."""


PENDING = [("pending", "Pending"), ("sent", "Sent"), ("failed", "Failed")]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        CreateModelUnlessThere(
            name="Message",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sender_id", models.UUIDField()),
                ("receiver_id", models.UUIDField()),
                ("subject", models.CharField(blank=True, max_length=255, null=True)),
                ("body", models.TextField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "db_table": "messages",
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(fields=["sender_id"], name="idx_messages_sender"),
                    models.Index(fields=["receiver_id"], name="idx_messages_receiver"),
                ],
            },
        ),
        CreateModelUnlessThere(
            name="Notification",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("user_id", models.UUIDField()),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("email", "Email"),
                            ("push", "Push Notification"),
                            ("system", "System Notification"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255, null=True)),
                ("content", models.TextField(blank=True, null=True)),
                ("related_object_type", models.CharField(blank=True, max_length=128, null=True)),
                ("related_object_id", models.UUIDField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("status", models.CharField(choices=PENDING, default="pending", max_length=20)),
                ("attempts", models.IntegerField(default=0)),
                ("last_error", models.TextField(blank=True, null=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "db_table": "notifications",
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(fields=["user_id"], name="idx_notifications_user"),
                    models.Index(fields=["status"], name="idx_notifications_status"),
                ],
            },
        ),
        CreateModelUnlessThere(
            name="Document",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("owner_user_id", models.UUIDField(blank=True, null=True)),
                ("student_id", models.UUIDField(blank=True, null=True)),
                ("offer_id", models.UUIDField(blank=True, null=True)),
                ("storage_path", models.CharField(max_length=2048)),
                ("filename", models.CharField(blank=True, max_length=512, null=True)),
                ("content_type", models.CharField(blank=True, max_length=255, null=True)),
                ("size_bytes", models.BigIntegerField(blank=True, null=True)),
                ("uploaded_by", models.UUIDField(blank=True, null=True)),
                ("uploaded_at", models.DateTimeField(auto_now_add=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "db_table": "documents",
                "ordering": ["-uploaded_at"],
                "indexes": [
                    models.Index(fields=["owner_user_id"], name="idx_documents_owner"),
                    models.Index(fields=["student_id"], name="idx_documents_student"),
                ],
            },
        ),
        CreateModelUnlessThere(
            name="EmailQueue",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("to_addresses", models.JSONField()),
                ("subject", models.CharField(blank=True, max_length=255, null=True)),
                ("body", models.TextField(blank=True, null=True)),
                ("headers", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("scheduled_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("status", models.CharField(choices=PENDING, default="pending", max_length=20)),
                ("attempts", models.IntegerField(default=0)),
                ("last_error", models.TextField(blank=True, null=True)),
            ],
            options={
                "db_table": "email_queue",
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["status"], name="idx_emailqueue_status")],
            },
        ),
        *(
            migrations.AddIndex(model, models.Index(fields=columns, name=name))
            for model, columns, name in (
                ("message", ["-created_at", "-id"], "comm_messages_newest"),
                ("message", ["sender_id", "-created_at", "-id"], "comm_messages_sent"),
                ("message", ["receiver_id", "-created_at", "-id"], "comm_messages_received"),
                ("notification", ["-created_at", "-id"], "comm_notifications_newest"),
                ("notification", ["user_id", "-created_at", "-id"], "comm_notifications_user"),
                ("notification", ["status", "-created_at", "-id"], "comm_notifications_status"),
                ("document", ["-uploaded_at", "-id"], "comm_documents_newest"),
                ("document", ["offer_id"], "comm_documents_offer"),
                ("document", ["uploaded_by"], "comm_documents_uploader"),
                ("emailqueue", ["-created_at", "-id"], "comm_emails_newest"),
                ("emailqueue", ["status", "scheduled_at"], "comm_emails_due"),
            )
        ),
    ]
