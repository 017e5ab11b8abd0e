"""Django's backend for PostgreSQL, whose pool says why it has no connection (gistagum/postgresql.py)."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import sql

from gistagum.postgresql import Connection, Pool, remembering_failures


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, except for the pool."""

    @property
    def pool(self) -> Pool | None:
        """The pool of this process. Django makes psycopg's own, of which it offers no other class."""
        pool = self.settings_dict["OPTIONS"].get("pool")
        if pool and self.alias != base.NO_DB_ALIAS and self.alias not in self._connection_pools:
            made = Pool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=Pool.check_connection if self.settings_dict["CONN_HEALTH_CHECKS"] else None,
                **pool,
            )
            self._connection_pools.setdefault(self.alias, made)  # several threads may come here at once
        return super().pool

    def _configure_connection(self, connection: Any) -> bool:
        """Prepare a new connection. Only then it is of use."""
        with remembering_failures():
            changed = super()._configure_connection(connection)
        Connection.succeeded, Connection.failure = True, None
        return changed

    def _configure_role(self, connection: Any) -> bool:
        # Django composes the statement with a connection of the pool, which waits for this very one.
        role = self.settings_dict["OPTIONS"].get("assume_role")
        if role:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        return bool(role)
