"""Rows that are loaded from a fixture (``loaddata``). What they have caused is loaded with them, or was deleted since.

Django tells receivers of ``post_save`` that a row is loaded (``raw``), but not receivers of ``m2m_changed``, which it
sends for the same object right afterwards.
"""

from typing import Any

from django.db.models import Model
from django.db.models.signals import pre_save


def is_loaded(instance: Any) -> bool:
    """Whether this object comes from a fixture, so that nothing about it is to be announced.

    Its model must have been named to ``watch_loading``.
    """
    return getattr(instance, "_from_fixture", False)


def _note(instance: Any, raw: bool, **_: Any) -> None:
    instance._from_fixture = raw


def watch_loading(model: type[Model]) -> None:
    """Have ``is_loaded`` know the objects of this model."""
    pre_save.connect(_note, sender=model, dispatch_uid="realtime.fixtures")
