"""Files that people send: where they are kept, and what is accepted."""

import secrets
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import models

# What the office exchanges. Nothing that a browser would run; every file is served as a download besides.
DOCUMENT_ENDINGS = {
    ".pdf",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".doc",
    ".docx",
    ".xls",
    ".xlsx",
    ".csv",
    ".txt",
    ".dwg",
    ".zip",
}
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".webp"}


def upload_path(instance: models.Model, filename: str) -> str:
    """Where a file is kept: under a name that cannot be guessed, since only the ending of theirs is trusted."""
    return f"{instance._meta.model_name}/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()}"


def check_document(file: File) -> None:
    """Raises ValidationError for a file that is too large, or of a kind that the office does not exchange."""
    _check(file, DOCUMENT_ENDINGS)


def check_image(file: File) -> None:
    """Raises ValidationError for a picture that is too large, or of an unknown kind."""
    _check(file, IMAGE_ENDINGS)


def _check(file: Any, endings: set[str]) -> None:
    if getattr(file, "_committed", False):
        return  # it was checked when it came
    limit = settings.UPLOAD_MAX_MB
    if file.size > limit * 2**20:
        raise ValidationError(f"The file is larger than {limit} MB.")
    if PurePath(file.name or "").suffix.lower() not in endings:
        raise ValidationError(f"Files of this kind are not accepted; {', '.join(sorted(endings))} are.")
