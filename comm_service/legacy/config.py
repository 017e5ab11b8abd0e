"""What the old side wants of Django REST Framework: its defaults, whatever the site has set for other APIs."""

from rest_framework.settings import DEFAULTS, IMPORT_STRINGS, APISettings

SETTINGS = APISettings(
    {"EXCEPTION_HANDLER": "comm_service.legacy.errors.respond"}, defaults=DEFAULTS, import_strings=IMPORT_STRINGS
)
