"""Uploads survive a form that has to be sent again: a browser does not send a file twice by itself.

The file is kept in the storage for a day, and the form carries its signed path.
"""

import secrets
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django import forms
from django.core import signing
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils import timezone

FOLDER = "kept"
SALT = "projeng.forms.kept_uploads"
KEPT_FOR = timedelta(days=1)


class KeepsUploads(forms.Form):
    """Mixin of forms with files. The page renders ``kept``: the names and values of hidden inputs."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kept: dict[str, str] = {}
        if self.is_bound:
            self._restore()

    def _file_fields(self) -> list[str]:
        return [name for name, field in self.fields.items() if isinstance(field, forms.FileField)]

    def _restore(self) -> None:
        """Add the kept files to those that were sent, unless another one was sent or the file is to be removed."""
        for name in self._file_fields():
            key = self.add_prefix(name)
            token = self.data.get(f"kept-{key}")
            if not token or key in self.files or self.data.get(f"{key}-clear"):
                continue
            try:
                kept = signing.loads(token, salt=SALT, max_age=KEPT_FOR)
                with default_storage.open(kept["path"]) as file:
                    upload = SimpleUploadedFile(kept["name"], file.read())
            except (signing.BadSignature, FileNotFoundError):
                continue  # the person chooses it again
            self.files = self.files.copy()
            self.files[key] = upload
            self.kept[f"kept-{key}"] = token

    def full_clean(self) -> None:
        """Like Django's method. If the form has to be sent again, keep the files that were sent with it."""
        super().full_clean()
        if not self.is_bound or not self._errors:
            return
        for name in self._file_fields():
            key = self.add_prefix(name)
            file = self.files.get(key)
            if file is None or (name in self._errors and not self._is_asked(name)):
                self.kept.pop(f"kept-{key}", None)
                continue
            if f"kept-{key}" not in self.kept:
                self.kept[f"kept-{key}"] = _keep(file)
            self[name].help_text = f"“{file.name}” was received: it need not be chosen again."

    def _is_asked(self, name: str) -> bool:
        """Return whether the field has no error but a question, which the same file answers."""
        return all(error.code in {"conflict", "sure"} for error in self._errors[name].as_data())


def _keep(file: UploadedFile) -> str:
    _forget_old()
    file.seek(0)
    path = default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}{PurePath(file.name or '').suffix.lower()}", file)
    return signing.dumps({"path": path, "name": file.name}, salt=SALT)


def _forget_old() -> None:
    if not default_storage.exists(FOLDER):
        return
    before = timezone.now() - KEPT_FOR
    for name in default_storage.listdir(FOLDER)[1]:
        path = f"{FOLDER}/{name}"
        try:
            if default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
        except FileNotFoundError:
            continue  # somebody else has just done so
