"""Optimistic locking of forms: a form that was opened before somebody else saved does not overwrite that save.

A form carries what it was opened with: the version of the row, the values of its fields (signed), and the newest line
of the project's timeline. Bound to the locked row, it compares three values of each field: opened, stored and yours.

- Changed by one side only: that change is kept (``merged`` lists what others have changed).
- Changed by both sides, differently: a conflict. The form is invalid, ``conflicts`` has both values, and the form's
  data is renewed: once the person has chosen, it can be sent again.

A caller without hidden fields can send ``version`` alone: if it is not the stored one, each field that would change is
a conflict. A caller that sends neither overwrites, as a form without versions does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.core import signing
from django.db.models import Max, QuerySet
from django.utils.functional import cached_property
from django.utils.text import get_text_list

from ..models import Project, ProjectActivity
from .values import plain, readable, write_into

SALT = "projeng.forms.versions"
THEIRS, YOURS, BOTH = "theirs", "yours", "both"


@dataclass(frozen=True)
class Change:
    """A field with the value that the form was opened with (``None`` if unknown), the stored one, and the form's."""

    name: str
    label: str
    opened: str | None
    stored: str
    yours: str
    plain_values: tuple[Any, Any, Any]  # the same three for programs
    value: Any  # yours
    is_set: bool = False  # whether both values can be kept together
    chosen: str = ""


class VersionedForm(forms.Form):
    """Mixin of forms that edit ``self.instance``: ``class CostForm(VersionedForm, ModelForm)``.

    Bind it to the row as it is stored, locked until the transaction ends. For a new row it does nothing.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conflicts: dict[str, Change] = {}
        self.merged: dict[str, Change] = {}
        self._opened: dict[str, Any] | None = None
        self._activity: int | None = None  # the newest one that the person knows of
        if self.instance.pk is None:
            del self.fields["version"], self.fields["opened"]
        elif not self.is_bound:
            self._activity = newest_activity(self.instance)
            self.initial |= {"version": self.stored_version, "opened": self._signed()}

    @property
    def stored_version(self) -> int | None:
        """The version of the stored row; ``None`` for models without versions, which are compared by values alone."""
        return getattr(self.instance, "version", None)

    @property
    def live(self) -> dict[str, Any] | None:
        """What the bar over the open form needs (static/js/form_changes.js); ``None`` if the row is new."""
        if self.instance.pk is None:
            return None
        is_project = isinstance(self.instance, Project)
        part = f"{self.instance._meta.model_name.removeprefix('project')}_id:{self.instance.pk}"
        return {
            "about": "project" if is_project else part,
            "project": self.instance.pk if is_project else self.instance.project_id,
            "activity": self._activity or 0,
        }

    @cached_property
    def changed_since(self) -> QuerySet[ProjectActivity]:
        """The lines of the project's timeline since the form was opened, oldest first."""
        return activities_since(self.instance, (self._opened or {}).get("activity"))

    @cached_property
    def changed_data(self) -> list[str]:
        """The names of the fields that the person has changed."""
        others = {"version", "opened", *self.merged}
        return [name for name in super().changed_data if name not in others]

    def conflict_fields(self) -> list[tuple[Change, forms.BoundField]]:
        """The conflicts with their bound fields, for the page."""
        return [(change, self[name]) for name, change in self.conflicts.items()]

    def _compared(self) -> Iterator[tuple[str, forms.Field]]:
        for name, field in self.fields.items():
            if name not in {"version", "opened"} and not field.disabled:
                yield name, field

    def _stored(self, name: str) -> Any:
        """The stored value of a field, in the type of cleaned data."""
        if self.fields[name].__class__ is forms.ModelChoiceField and hasattr(self.instance, name):
            return getattr(self.instance, name)
        return self.get_initial_for_field(self.fields[name], name)

    # --- what the form was opened with --------------------------------------------------------------------------

    def _signed(self, *, asked: Iterable[str] = (), kept: Mapping[str, Any] = MappingProxyType({})) -> str:
        """Return what is stored now. ``kept``: fields that stay as the form was opened with them."""
        values = {name: plain(self.get_initial_for_field(field, name)) for name, field in self._compared()}
        opened = {
            "row": self._row,
            "version": self._opened["version"] if self._opened and kept else self.stored_version,
            "activity": self._activity,
            "values": values | dict(kept),
            "asked": list(asked),
        }
        return signing.dumps(opened, salt=SALT, compress=True)

    @property
    def _row(self) -> str:
        return f"{self.instance._meta.label_lower}:{self.instance.pk}"

    def _read_opened(self) -> dict[str, Any] | None:
        try:
            opened = signing.loads(self.cleaned_data.get("opened") or "", salt=SALT)
        except signing.BadSignature:
            opened = None
        if opened is None or opened["row"] != self._row:
            version = self.cleaned_data.get("version")
            return None if version is None else {"version": version, "values": None, "activity": None, "asked": []}
        return opened

    # --- comparing ----------------------------------------------------------------------------------------------

    def full_clean(self) -> None:
        """Like Django's method. A form that is displayed again displays what others have changed."""
        super().full_clean()
        if self._opened is not None and self._errors and (self.conflicts or self.merged):
            self._renew(self._opened)

    def _clean_fields(self) -> None:
        super()._clean_fields()
        if self.instance.pk is None:
            return
        self._opened = self._read_opened()
        if self._opened is None:
            return
        self._activity = self._opened["activity"]
        is_current = self._opened["version"] is not None and self._opened["version"] == self.stored_version
        if is_current and self._opened["values"] is None:
            return
        for name, field in self._compared():
            # People are not compared while the version is the same, which spares a query. Other values are at hand.
            if not (is_current and isinstance(field, forms.ModelMultipleChoiceField)) or self._opened["asked"]:
                self._compare(name, field, self._opened)
        for change in self.conflicts.values():
            self.add_error(change.name, forms.ValidationError(self._explanation(change), code="conflict"))

    def _compare(self, name: str, field: forms.Field, opened: dict[str, Any]) -> None:
        choice = self.data.get(self.add_prefix(f"choose_{name}"), "") if name in opened["asked"] else None
        if choice == THEIRS:
            self._errors.pop(name, None)
            self.cleaned_data[name] = self._stored(name)
        if name not in self.cleaned_data:
            return  # its value is invalid, and the form with it
        before = None if opened["values"] is None else opened["values"].get(name)
        stored, yours = plain(self.get_initial_for_field(field, name)), plain(self.cleaned_data[name])
        if choice == BOTH and isinstance(field, forms.ModelMultipleChoiceField):
            self.cleaned_data[name] = self.cleaned_data[name] | field.queryset.filter(pk__in=stored)
        elif yours == stored or (stored == before and choice != ""):
            return
        elif yours == before and choice is None:
            self.merged[name] = self._change(name, field, (before, stored, yours))
            self.cleaned_data[name] = self._stored(name)
        else:
            self.conflicts[name] = self._change(name, field, (before, stored, yours), choice or "")

    def _change(self, name: str, field: forms.Field, values: tuple[Any, Any, Any], chosen: str = "") -> Change:
        before, yours = values[0], self.cleaned_data[name]
        return Change(
            name,
            str(self[name].label),
            None if before is None or isinstance(before, list) else readable(field, before),
            readable(field, self.get_initial_for_field(field, name)),
            readable(field, yours),
            values,
            yours,
            is_set=isinstance(field, forms.ModelMultipleChoiceField),
            chosen=chosen,
        )

    def _renew(self, opened: dict[str, Any]) -> None:
        """Renew the data: what is sent next was opened with what is stored now, but for what was not compared."""
        invalid = self._errors.keys() - self.conflicts.keys() - self.merged.keys()
        kept = {name: value for name, value in (opened["values"] or {}).items() if name in invalid}
        self._activity = newest_activity(self.instance)
        self.data = self.data.copy()
        self.data[self.add_prefix("opened")] = self._signed(asked=self._names_to_ask(), kept=kept)
        self.data[self.add_prefix("version")] = str((opened["version"] if kept else self.stored_version) or "")
        for name in self.merged:
            write_into(self.data, self[name], self.get_initial_for_field(self.fields[name], name))

    def _names_to_ask(self) -> list[str]:
        """The fields for which the page has a choice. Without it, sending the form again means: mine."""
        return list(self.conflicts)

    def _explanation(self, change: Change) -> str:
        """The error of a conflict. The page shows both values beside each other."""
        people = list(dict.fromkeys(activity.actor for activity in self.changed_since))
        who = get_text_list(people, "and") if people else "Somebody"
        return f"{who} changed this, too, while the form was open."


def newest_activity(instance: Any) -> int:
    """Return the id of the newest line in the timeline of the instance's project; 0 if there is none."""
    return activities_since(instance, 0).aggregate(newest=Max("pk"))["newest"] or 0


def activities_since(instance: Any, activity: int | None) -> QuerySet[ProjectActivity]:
    """Return the lines of the timeline of the instance's project after this one, oldest first; none after ``None``."""
    project = instance.pk if isinstance(instance, Project) else getattr(instance, "project_id", None)
    if project is None or activity is None:
        return ProjectActivity.objects.none()
    return ProjectActivity.objects.filter(project=project, pk__gt=activity).order_by("pk")


# --- deleting -----------------------------------------------------------------------------------------------------


def mark(instance: Any) -> str:
    """Return what a question about this row is based on: its version, and the newest line of the timeline."""
    return f"{getattr(instance, 'version', '')}-{newest_activity(instance)}"


def changes_since(instance: Any, asked: str | None) -> list[str]:
    """Return what has changed in a locked row since ``mark`` was called; empty if nothing, or if ``asked`` is."""
    if not asked or asked == mark(instance):
        return []
    activity = asked.partition("-")[2]
    lines = activities_since(instance, int(activity) if activity.isdecimal() and len(activity) < 19 else None)
    return [line.summary for line in lines] or ["it was changed by somebody"]
