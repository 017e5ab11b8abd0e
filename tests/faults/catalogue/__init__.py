"""Every fault that the kit knows, by what it befalls. Importing this registers all of them."""

from . import redis, servers, writers  # noqa: F401
