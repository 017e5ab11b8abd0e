"""The site itself as an application. It connects the others (wiring.py), and registers its system check."""

from django.apps import AppConfig, apps
from django.core.checks import Tags, register

from .database_checks import check_database
from .secrets_in_logs import redact_access_logs


class SiteConfig(AppConfig):
    name = "gistagum"
    verbose_name = "GISTagum"

    def ready(self) -> None:
        if apps.is_installed("projeng"):  # a site may go without the office: tests/sites/college/
            from . import wiring

            wiring.connect()
        register(check_database, Tags.database)
        redact_access_logs()
