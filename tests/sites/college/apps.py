"""The college's application: its people, and the rules that it registers with messaging."""

from django.apps import AppConfig


class CollegeConfig(AppConfig):
    name = "tests.sites.college"
    label = "college"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import contacts
        from messaging.notices import tenants
        from messaging.people_api import profiles

        from .contacts import CollegeContacts
        from .profile import CollegeProfile
        from .tenants import Colleges

        contacts.set_rule(CollegeContacts())
        profiles.register(CollegeProfile())
        tenants.set_rule(Colleges())
