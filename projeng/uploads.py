"""Files that people send: where they are kept, and what is accepted."""

import secrets
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import models

from . import file_contents

# What the office exchanges. Nothing that a browser would run; every file is served as a download besides.
DOCUMENT_ENDINGS = file_contents.CHECKED
IMAGE_ENDINGS = set(file_contents.PICTURES)


def upload_path(instance: models.Model, filename: str) -> str:
    """Where a file is kept: under a name that cannot be guessed, since only the ending of theirs is trusted."""
    return f"{instance._meta.model_name}/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()}"


def check_document(file: File) -> None:
    """Raises ValidationError for a file that is too large, of a kind that the office does not exchange, or not what its
    ending says."""
    _check(file, DOCUMENT_ENDINGS)


def check_image(file: File) -> None:
    """Raises ValidationError for a picture that is too large, of an unknown kind, or broken."""
    _check(file, IMAGE_ENDINGS)


def _check(file: Any, endings: set[str]) -> None:
    if getattr(file, "_committed", False):
        return  # it was checked when it came
    limit = settings.UPLOAD_MAX_MB
    if file.size > limit * 2**20:
        raise ValidationError(f"The file is larger than {limit} MB.")
    ending = PurePath(file.name or "").suffix.lower()
    if ending not in endings:
        raise ValidationError(f"Files of this kind are not accepted; {', '.join(sorted(endings))} are.")
    if not file_contents.fits(file.file, ending):
        raise ValidationError(f"The contents of this file are not those of a {ending} file, or it is broken.")
