"""System check of the database behind a pooler, for ``manage.py check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.db import connections


def limits_of_the_role(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Behind a pooler the limits of waiting come from the role, since a pooler refuses them at the start."""
    if settings.DATABASE_POOLER == "none" or "default" not in (databases or []):
        return []
    from .postgresql import LIMITS

    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT name, setting::bigint, current_user FROM pg_settings WHERE name = ANY(%s)", [list(LIMITS)]
        )
        found = cursor.fetchall()
    missing = {name: LIMITS[name] for name, value, _ in found if not 0 < value <= LIMITS[name] * 1000}
    if not missing:
        return []
    role = connections["default"].ops.quote_name(found[0][2])
    statements = " ".join(f"ALTER ROLE {role} SET {name} = '{missing[name]}s';" for name in LIMITS if name in missing)
    return [Warning(f"PostgreSQL does not limit how long it waits behind the pooler: {statements}", id="gistagum.W001")]
