"""The form renderer: it renders label, help text, field and errors together (templates/forms/field.html)."""

from functools import cached_property
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.forms.renderers import DjangoTemplates


class OfficeFormRenderer(DjangoTemplates):
    """Finds the templates of fields and widgets in the site's folder first, then in Django's."""

    field_template_name = "forms/field.html"

    @cached_property
    def engine(self) -> Any:
        folders = [settings.BASE_DIR / "templates", Path(forms.__file__).parent / self.backend.app_dirname]
        return self.backend({"APP_DIRS": True, "DIRS": folders, "NAME": "forms", "OPTIONS": {}})
