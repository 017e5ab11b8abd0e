"""Every fault that the kit knows, by what it befalls. Importing this registers all of them."""

from . import (  # noqa: F401
    clients,
    clock,
    network,
    nginx,
    people,
    postgres,
    redis,
    servers,
    transports,
    writers,
)
