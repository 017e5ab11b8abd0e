"""The site itself as an application, which registers its system checks. It has no models."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from .database_checks import limits_of_the_role


class SiteConfig(AppConfig):
    name = "gistagum"
    verbose_name = "GISTagum"

    def ready(self) -> None:
        register(limits_of_the_role, Tags.database)
