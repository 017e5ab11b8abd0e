"""The site itself as an application. It connects the others (wiring.py), and registers its system check."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from .database_checks import check_database
from .secrets_in_logs import redact_access_logs


class SiteConfig(AppConfig):
    name = "gistagum"
    verbose_name = "GISTagum"

    def ready(self) -> None:
        from . import wiring

        wiring.connect()
        register(check_database, Tags.database)
        redact_access_logs()
