"""The application's wiring."""

from django.apps import AppConfig


class SwitchoverConfig(AppConfig):
    name = "switchover"
    verbose_name = "Moves"
    default_auto_field = "django.db.models.BigAutoField"
