"""Files that were chosen in a form that is shown again: kept for a day, so that nobody has to choose them twice.

They are stored beside other uploads, and have no address. Whoever was sent the form has the signed token of its file.
"""

import secrets
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from django import forms
from django.core import signing
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

FOLDER = "kept"
KEPT_FOR = timedelta(days=1)
_SALT = "projeng.forms.kept_files"


class KeptFile(UploadedFile):
    """An upload that was kept. Saving it moves it to where it belongs."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(default_storage.open(path).file, name, size=default_storage.size(path))
        self.token = signing.dumps([path, name], salt=_SALT)
        self._path = default_storage.path(path)

    def temporary_file_path(self) -> str:
        """The path from which the storage moves the file."""
        return self._path


def kept_file(token: str | None) -> KeptFile | None:
    """Return the file of a token; ``None`` without one, or if the file is no longer kept."""
    if not token:
        return None
    try:
        path, name = signing.loads(token, salt=_SALT, max_age=KEPT_FOR)
        return KeptFile(path, name)
    except (signing.BadSignature, FileNotFoundError):
        return None


def keep_files(form: forms.BaseForm) -> None:
    """Keep the valid files of a form that is shown again. Its page sends their tokens."""
    valid = {name: change.value for name, change in getattr(form, "conflicts", {}).items()}
    valid |= getattr(form, "cleaned_data", {})
    for name, field in form.fields.items():
        upload = valid.get(name)
        if isinstance(field, forms.FileField) and isinstance(upload, UploadedFile):
            field.widget.kept = upload if isinstance(upload, KeptFile) else _keep(upload)


def _keep(upload: Any) -> KeptFile:
    _remove_old()
    path = default_storage.save(f"{FOLDER}/{secrets.token_hex(16)}{PurePath(upload.name).suffix.lower()}", upload)
    return KeptFile(path, upload.name)


def _remove_old() -> None:
    if not default_storage.exists(FOLDER):
        return
    oldest = timezone.now() - KEPT_FOR
    for name in default_storage.listdir(FOLDER)[1]:
        path = f"{FOLDER}/{name}"
        try:
            if default_storage.get_modified_time(path) < oldest:
                default_storage.delete(path)
        except FileNotFoundError:
            continue  # another process has removed it
