"""Behind nginx with its own defaults: nothing is held back in its buffers, and silence does not end a stream."""

import time
from contextlib import ExitStack

import pytest

from projeng import inbox
from projeng.access import Role
from tests.support.nginx import Nginx
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Stream

STREAM = "/projeng/api/realtime/events/?topics=notifications"
IDLE = 10  # seconds of silence after which the proxy gives up
HEARTBEAT = 5
PASSED = 5  # seconds; what a proxy holds back stays there until its buffers are full


class BeatingStream(Stream):
    """Notes when anything came at all, comments included."""

    def __init__(self, *args, **options) -> None:
        self.heard: list[float] = []
        super().__init__(*args, **options)

    def _block(self, block: str) -> None:
        self.heard.append(time.monotonic())
        super()._block(block)


@pytest.mark.timeout(90)
def test_events_pass_at_once_and_heartbeats_outlast_the_idle_timeout(new_database, on_database, scratch):
    url = new_database("sqlite")
    on_database(url)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    timeout = f"proxy_read_timeout {IDLE}s;"
    with ExitStack() as stack:
        streams: dict[str, BeatingStream] = {}
        for server in ("gunicorn", "daphne"):
            heartbeat = {"SSE_HEARTBEAT_SECONDS": str(HEARTBEAT)}
            site = stack.enter_context(Site(scratch / server, url, server, **heartbeat))
            proxy = stack.enter_context(Nginx(scratch / f"nginx-{server}", site.port, timeout))
            streams[server] = stack.enter_context(BeatingStream(f"{proxy.url}{STREAM}", cookie))
        for server, stream in streams.items():
            assert stream.headers["server"].startswith("nginx"), server
            assert stream.next(PASSED)["type"] == "notification"
        inbox.send([user], "at once")
        for stream in streams.values():
            assert stream.wait_for(lambda frame: "message" in frame, "the event", PASSED)["message"] == "at once"
        silence_began = time.monotonic()
        before = {server: len(stream.comments) for server, stream in streams.items()}
        for server, stream in streams.items():
            ended = stream.ended.wait(max(0.0, silence_began + IDLE + 2 - time.monotonic()))
            assert not ended, (
                f"{server}: the proxy has closed the stream after {time.monotonic() - silence_began:.1f} s"
            )
            beats = [moment for moment in stream.heard if moment > silence_began]
            assert len(beats) >= 2
            assert stream.comments[before[server] :].count("heartbeat") == len(beats), "nothing but heartbeats"
        inbox.send([user], "after the silence")
        for stream in streams.values():
            stream.wait_for(lambda frame: frame.get("message") == "after the silence", "the event", PASSED)


def test_the_same_proxy_closes_a_stream_whose_heartbeat_is_too_slow(new_database, on_database, scratch):
    """So that the test above means something."""
    url = new_database("sqlite")
    on_database(url)
    cookie = session_cookie(person(Role.HEAD))
    with (
        Site(scratch / "site", url, "gunicorn", SSE_HEARTBEAT_SECONDS="60") as site,
        Nginx(scratch / "nginx", site.port, "proxy_read_timeout 2s;") as proxy,
        Stream(f"{proxy.url}{STREAM}", cookie) as stream,
    ):
        stream.next(5)
        assert stream.ended.wait(6)
