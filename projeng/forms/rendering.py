"""How forms are rendered everywhere: label, help, field and its errors together (templates/forms/field.html)."""

from django.forms.renderers import TemplatesSetting


class OfficeFormRenderer(TemplatesSetting):
    field_template_name = "forms/field.html"
