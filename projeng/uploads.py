"""Uploaded files: their storage path, and the kinds and sizes that are accepted."""

import secrets
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import models

from . import file_contents

# The kinds of files that the office exchanges. A browser executes none of them, and each is served as a download.
DOCUMENT_ENDINGS = file_contents.CHECKED
IMAGE_ENDINGS = set(file_contents.PICTURES)


def upload_path(instance: models.Model, filename: str) -> str:
    """Return the path of a file: an unguessable name with the extension of the upload."""
    return f"{instance._meta.model_name}/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()}"


def check_document(file: File) -> None:
    """Raise ValidationError for a file that is too large, of an unsupported kind, or unlike its extension."""
    _check(file, DOCUMENT_ENDINGS)


def check_image(file: File) -> None:
    """Raise ValidationError for a picture that is too large, of an unsupported kind, or corrupt."""
    _check(file, IMAGE_ENDINGS)


def _check(file: Any, endings: set[str]) -> None:
    if getattr(file, "_committed", False):
        return  # a stored file was checked when it was uploaded
    limit = settings.UPLOAD_MAX_MB
    if file.size > limit * 2**20:
        raise ValidationError(f"The file is larger than {limit} MB.")
    ending = PurePath(file.name or "").suffix.lower()
    if ending not in endings:
        raise ValidationError(f"Files of this kind are not accepted; {', '.join(sorted(endings))} are.")
    if not file_contents.matches_extension(file.file, ending):
        raise ValidationError(f"The contents of this file are not those of a {ending} file, or it is broken.")
