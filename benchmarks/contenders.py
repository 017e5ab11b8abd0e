"""The contenders: our site on three servers, the peers, and the floor. Data only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One server over one transport.

    ``kind`` is the protocol of its clients (benchmarks/clients/connection.py). ``ours`` names our server; else
    ``module`` is the peer's, started with ``command`` ({port} is filled in; arguments of ``python -m``, empty for
    ``module`` itself). ``most`` limits its clients. ``burst`` is the number of events in a burst. With ``growth``, its
    growth is measured before that of the others, and more than once.
    """

    name: str
    title: str
    kind: str
    path: str
    module: str
    ours: str = ""
    command: str = ""
    variant: str = ""
    most: int = 5_000
    burst: int = 200
    growth: bool = False

    @property
    def transport(self) -> str:
        """``sse`` or ``websocket``."""
        return "sse" if self.kind == "sse" else "websocket"


DAPHNE = "daphne -b 127.0.0.1 -p {port} --access-log /dev/null --no-server-name {module}:application"
UVICORN = "uvicorn --host 127.0.0.1 --port {port} --no-access-log --log-level warning {module}:application"
OUR_SSE = "/projeng/api/realtime/events/?topics=projects"
OUR_SOCKET = "/ws/events/?topics=projects"
OURS = "benchmarks.site_publisher"

# The order of odd rounds. Contenders that targets compare are adjacent, so that a short run covers most targets.
CONTENDERS = (
    Contender("daphne-ws", "ours, WebSocket, Daphne", "websocket", OUR_SOCKET, OURS, "daphne", growth=True),
    Contender(
        "floor-ws", "floor: websockets broadcast()", "websocket", "/", "benchmarks.peers.floor_websocket", growth=True
    ),
    Contender(
        "plan",
        "the plan, core layer, Daphne",
        "websocket",
        "/ws/projects/",
        "benchmarks.peers.plan",
        command=DAPHNE,
        variant="core",
        most=1_000,
    ),
    Contender(
        "socketio",
        "python-socketio, uvicorn",
        "socketio",
        "/socket.io/?EIO=4&transport=websocket",
        "benchmarks.peers.python_socketio",
        command=UVICORN,
    ),
    Contender("uvicorn-ws", "ours, WebSocket, uvicorn", "websocket", OUR_SOCKET, OURS, "uvicorn"),
    Contender("daphne-sse", "ours, SSE, Daphne", "sse", OUR_SSE, OURS, "daphne"),
    Contender("floor-sse", "floor: asyncio, joined writes", "sse", "/", "benchmarks.peers.floor_sse", growth=True),
    Contender("uvicorn-sse", "ours, SSE, uvicorn", "sse", OUR_SSE, OURS, "uvicorn", growth=True),
    Contender("gunicorn-sse", "ours, SSE, Gunicorn threads", "sse", OUR_SSE, OURS, "gunicorn", most=2_000),
    Contender(
        "plan-pubsub",
        "the plan, Pub/Sub layer, Daphne",
        "websocket",
        "/ws/projects/",
        "benchmarks.peers.plan",
        command=DAPHNE,
        variant="pubsub",
        most=1_000,
    ),
    Contender(
        "eventstream",
        "django-eventstream, Daphne",
        "sse",
        "/events/",
        "benchmarks.peers.eventstream",
        command=DAPHNE,
        most=1_000,
    ),
    Contender(
        "eventstream-stored",
        "django-eventstream with storage",
        "sse",
        "/events/",
        "benchmarks.peers.eventstream",
        command=DAPHNE,
        variant="stored",
        most=1_000,
    ),
)
BY_NAME = {one.name: one for one in CONTENDERS}
