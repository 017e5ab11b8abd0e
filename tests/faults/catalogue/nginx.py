"""Faults of nginx and of its configuration."""

import random
from collections.abc import Iterator

from tests.support.ports import wait_until

from ..nemesis import fault
from ..office import Office

EFFECT_SECONDS = 40.0  # until the fault must have had an effect, which another fault may delay
BUFFERING = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"
# The heartbeat is 1 second at most here and 15 seconds in production, so this stands for an idle timeout of 10 seconds
# there. Pages that take longer time out as well.
IMPATIENT = "proxy_read_timeout 300ms;"


@fault("nginx", (1, 6))
def nginx_restarted(office: Office, rng: random.Random) -> Iterator[None]:
    """nginx is stopped, and started again after a while."""
    office.nginx.stop()
    yield
    office.nginx.start()


@fault("nginx", (1, 4))
def nginx_reloaded(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGHUP: a new worker serves new connections, while the old one serves open ones."""
    office.nginx.reload()
    yield


@fault("nginx", (4, 15))
def nginx_buffers(office: Office, rng: random.Random) -> Iterator[None]:
    """Buffering is enabled, and the site's header against it ignored: streams through nginx deliver nothing.

    A client with nothing but a stream receives frames late or not at all, and notices only by the missing heartbeat.
    """
    office.nginx.stop()
    office.nginx.start(BUFFERING)
    yield
    office.nginx.stop()
    office.nginx.start()


@fault("nginx", (4, 15))
def nginx_impatient(office: Office, rng: random.Random) -> Iterator[None]:
    """An idle timeout shorter than the heartbeat: nginx repeatedly closes idle connections."""
    before = office.nginx.said("timed out")
    office.nginx.stop()
    office.nginx.start(IMPATIENT)
    wait_until(lambda: office.nginx.said("timed out") > before, "nginx has lost its patience", EFFECT_SECONDS)
    yield
    office.nginx.reload("")
