"""Who runs a command."""

from getpass import getuser


def operator() -> str:
    """The name of the operating system's user who runs the command."""
    try:
        return getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "unknown"
