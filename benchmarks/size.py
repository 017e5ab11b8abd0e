"""The sizes of a full and of a quick run."""

from dataclasses import dataclass

from .contenders import BY_NAME


@dataclass(frozen=True)
class Size:
    """The parameters of a run.

    ``contenders`` take part by default. ``clients`` is the number for one server in the main measures, and ``growth``
    has the other numbers; ``rounds`` is the number of rounds. A burst may take ``burst_seconds``, and longer in the
    first round, to find out which events never arrive. ``steady``: the events per second and their number.
    ``writers`` processes write for ``writers_seconds`` in each case; ``sockets`` get ``socket_events`` from PostgreSQL.
    ``dashboards`` are open in an office with ``projects`` for ``paint_seconds``. Each side of the communication API is
    asked for ``comm_seconds``.
    ``growth_rounds``, ``growth_steady``, ``events`` (of a burst), ``processes`` and ``log`` (rows) are for the measures
    of growth.
    """

    contenders: tuple[str, ...] = tuple(BY_NAME)
    clients: int = 1_000
    rounds: int = 5
    steady: tuple[tuple[int, int], ...] = ((2, 10), (20, 60), (100, 300))
    growth: tuple[int, ...] = (500, 5_000, 100, 2_000)
    growth_rounds: int = 2
    growth_deliveries: int = 1_000_000
    growth_steady: tuple[tuple[int, int], ...] = ((2, 6), (20, 40))
    events: tuple[int, ...] = (1, 10, 100, 1_000)
    processes: tuple[int, ...] = (1, 2, 4)
    returning: int = 1_000
    missed: int = 1_000
    idle_seconds: float = 15.0
    saves: int = 100
    writers: int = 32
    writers_seconds: float = 3.0
    sockets: int = 50
    socket_events: int = 10
    log: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    dashboards: int = 50
    projects: int = 10_000
    paint_seconds: float = 30.0
    comm_seconds: float = 4.0
    burst_seconds: float = 10.0
    first_burst_seconds: float = 45.0
    minutes: float = 60.0


FULL = Size()
QUICK = Size(
    contenders=("daphne-ws", "plan", "floor-sse", "gunicorn-sse"),  # one of each kind
    clients=100,
    rounds=1,
    steady=((2, 4), (20, 20), (100, 100)),
    growth=(200,),
    growth_rounds=1,
    growth_deliveries=100_000,
    growth_steady=((20, 10),),
    events=(1, 100),
    processes=(2,),
    returning=100,
    missed=500,
    idle_seconds=3.0,
    saves=20,
    writers=4,
    writers_seconds=0.5,
    sockets=10,
    socket_events=4,
    log=(1_000, 10_000),
    dashboards=10,
    projects=1_000,
    paint_seconds=6.0,
    comm_seconds=0.5,
    burst_seconds=3.0,
    first_burst_seconds=3.0,
    minutes=2.5,  # plus the server that was begun before
)
