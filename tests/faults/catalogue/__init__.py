"""All faults, in a module for each target. Importing this package registers them."""

from . import (  # noqa: F401
    clients,
    clock,
    network,
    nginx,
    numbering,
    people,
    postgres,
    redis,
    servers,
    transports,
    writers,
)
