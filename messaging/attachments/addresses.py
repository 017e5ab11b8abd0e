"""The addresses of attachments.

An address without a signature is the same for everybody, so events may carry it. It asks who is signed in, and leads to
a signed one. A signed one is for a person, and works in an ``<img>`` of another site.
"""

from typing import Any
from urllib.parse import quote, urljoin

from django.http import HttpRequest
from django.urls import reverse

from .models import Attachment
from .signing import signature


def path(attachment_id: int) -> str:
    """The address of the file."""
    return reverse("attachment_download", args=[attachment_id])


def thumbnail_path(attachment_id: int) -> str:
    """The address of the thumbnail."""
    return reverse("attachment_thumbnail", args=[attachment_id])


def signed(address: str, attachment_id: int, person_id: Any) -> str:
    """An address of this attachment, signed for the person: good for ``signing.LIFETIME``, whoever opens it."""
    return f"{address}?signature={quote(signature(attachment_id, person_id))}"


def absolute(address: str, base: HttpRequest | str) -> str:
    """An address with scheme and host: those of the request, or of ``base`` (``https://office.example``)."""
    return urljoin(base, address) if isinstance(base, str) else base.build_absolute_uri(address)


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """An attachment as JSON, the same for everybody. The addresses of a pending one answer 409."""
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "type": attachment.media_type,
        "kind": attachment.kind,
        "size": attachment.size,
        "width": attachment.width,
        "height": attachment.height,
        "url": path(attachment.pk),
        "thumbnail_url": thumbnail_path(attachment.pk) if attachment.thumbnail else None,
        "state": attachment.state,
    }


def for_person(one: dict[str, Any], person_id: Any, base: HttpRequest | str | None = None) -> dict[str, Any]:
    """The JSON of an attachment with addresses that are signed for a person, and absolute where a base is given."""
    changed = dict(one)
    for name in ("url", "thumbnail_url"):
        if one[name] is not None:
            address = signed(one[name], one["id"], person_id)
            changed[name] = address if base is None else absolute(address, base)
    return changed
