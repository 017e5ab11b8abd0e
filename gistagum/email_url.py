"""Django's e-mail settings from ``EMAIL_URL``.

django-environ reads these addresses otherwise than they are meant: ``smtps://`` becomes STARTTLS, without a port.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BACKENDS = "django.core.mail.backends"
SMTP = "comm_service.email.smtp.EmailBackend"
FORMS = (
    "smtp://user:password@host:port, smtp+tls://… (STARTTLS), smtps://… (TLS from the beginning), file:///folder, "
    "console: or memory:"
)
# The settings that a scheme switches on, and its port.
SCHEMES: dict[str, tuple[dict[str, bool], int]] = {
    "smtp": ({}, 25),
    "smtp+tls": ({"EMAIL_USE_TLS": True}, 587),
    "smtps": ({"EMAIL_USE_SSL": True}, 465),
}
TIMEOUT_SECONDS = 15  # for each answer of the server


def email_settings(url: str, outbox: Path) -> dict[str, Any]:
    """The settings for an address. An empty one: each e-mail is a file in the folder ``outbox``.

    Raise ImproperlyConfigured for an address of another form.
    """
    if not url:
        return _in_files(outbox)
    if url.lower() in {"console:", "console://"}:
        return {"EMAIL_BACKEND": f"{BACKENDS}.console.EmailBackend"}
    if url.lower() in {"memory:", "memory://"}:
        return {"EMAIL_BACKEND": f"{BACKENDS}.locmem.EmailBackend"}
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:  # the message of which may contain the password
        raise ImproperlyConfigured(f"EMAIL_URL is no address; it may be {FORMS}.") from None
    if parts.scheme == "file" and not host and len(parts.path) > 1 and parts.path.startswith("/"):
        return _in_files(Path(unquote(parts.path)))
    if parts.scheme not in SCHEMES or not host or port == 0 or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(f"EMAIL_URL is not an address that is known; it may be {FORMS}.")
    switched, usual_port = SCHEMES[parts.scheme]
    return {
        "EMAIL_BACKEND": SMTP,
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or usual_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_TIMEOUT": TIMEOUT_SECONDS,
        **switched,
    }


def _in_files(folder: Path) -> dict[str, Any]:
    return {"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": folder}
