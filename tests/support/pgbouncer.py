"""PgBouncer in transaction mode for tests, in front of a PostgreSQL server of this machine."""

import shutil

import psycopg

from .ports import free_port, wait_until
from .program import Program, find, own_folder

# The sample of docs/operating.md, "PgBouncer", for this machine.
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={behind}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = {user}
pool_mode = transaction
max_client_conn = 500
default_pool_size = {size}
query_wait_timeout = 10
server_login_retry = 1
"""


class PgBouncer:
    """The pooler, with ``size`` connections to the server at port ``behind`` for each database and user."""

    def __init__(self, behind: int, size: int, user: str = "gistagum") -> None:
        self.folder = own_folder("gistagum-pgbouncer-")
        self.port = free_port()
        self._user = user
        (self.folder / "users").write_text(f'"{user}" ""\n')
        path = self.folder / "pgbouncer.ini"
        path.write_text(CONFIGURATION.format(behind=behind, port=self.port, folder=self.folder, size=size, user=user))
        self._program = Program(self.folder, "pgbouncer", find("pgbouncer", "pgbouncer"), str(path))
        self._program.start()
        wait_until(self._answers, "PgBouncer answers")

    def _answers(self) -> bool:
        self._program.check()
        try:
            return bool(self.console("SHOW VERSION"))
        except psycopg.OperationalError:
            return False

    def address(self, database: str) -> str:
        """The ``DATABASE_URL`` of a database through the pooler."""
        return f"postgres://{self._user}@127.0.0.1:{self.port}/{database}"

    def console(self, command: str) -> list[dict[str, object]]:
        """Execute a command of its console, such as ``SHOW POOLS``, and return the rows."""
        with psycopg.connect(
            self.address("pgbouncer"), autocommit=True, connect_timeout=5, cursor_factory=psycopg.ClientCursor
        ) as connection:
            cursor = connection.execute(command)
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def stop(self) -> None:
        """Kill it and remove its folder."""
        self._program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
