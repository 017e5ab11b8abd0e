"""What befalls nginx, or is done to it by those who configure it."""

import random
from collections.abc import Iterator

from tests.support.ports import wait_until

from ..nemesis import fault
from ..office import Office

PATIENCE = 40.0  # seconds for harm to be seen, which another fault may hold up
BUFFERING = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"
# The servers of the kit say something every second at the latest, as those of an office do every 15 seconds: so this
# stands for an idle timeout of 10 seconds there. Pages that take longer are given up as well.
IMPATIENT = "proxy_read_timeout 300ms;"


@fault("nginx", (1, 6))
def nginx_restarted(office: Office, rng: random.Random) -> Iterator[None]:
    """Stopped, and started again after a while."""
    office.nginx.stop()
    yield
    office.nginx.start()


@fault("nginx", (1, 4))
def nginx_reloaded(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGHUP: a new worker for what comes, while the old one serves what is open."""
    office.nginx.reload()
    yield


@fault("nginx", (4, 15))
def nginx_buffers(office: Office, rng: random.Random) -> Iterator[None]:
    """Buffering is switched on, and the site's own word against it ignored: streams through nginx are mute.

    Who has nothing but a stream hears nothing, or all of it late, until it is over, and notices by the silence alone.
    """
    office.nginx.stop()
    office.nginx.start(BUFFERING)
    yield
    office.nginx.stop()
    office.nginx.start()


@fault("nginx", (4, 15))
def nginx_impatient(office: Office, rng: random.Random) -> Iterator[None]:
    """An idle timeout shorter than the heartbeat: whatever is quiet for a moment is ended, again and again."""
    before = office.nginx.said("timed out")
    office.nginx.stop()
    office.nginx.start(IMPATIENT)
    wait_until(lambda: office.nginx.said("timed out") > before, "nginx has lost its patience", PATIENCE)
    yield
    office.nginx.reload("")
