"""The site itself as an application, which registers its system check. It has no models."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from .database_checks import check_database
from .secrets_in_logs import redact_access_logs


class SiteConfig(AppConfig):
    name = "gistagum"
    verbose_name = "GISTagum"

    def ready(self) -> None:
        register(check_database, Tags.database)
        redact_access_logs()
