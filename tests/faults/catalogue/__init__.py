"""Every fault that the kit knows, by what it befalls. Importing this registers all of them."""

from . import clients, clock, people, redis, servers, transports, writers  # noqa: F401
