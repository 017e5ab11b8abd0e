"""A clock that is set wrong is wrong for a program and its forks, but only for the time of day."""

import os
import signal
import subprocess
import sys
import time

import pytest

from .clocks import HOUR, Clock

PROGRAM = """
import os, sys, time
from datetime import datetime
began, right = time.monotonic(), float(sys.argv[1])
if os.fork() == 0:
    while True:
        time.sleep(0.05)
        wrong = round((time.time() - right - (time.monotonic() - began)) / 1800)
        assert round((datetime.now().timestamp() - time.time()) / 1800) == 0
        print(wrong, flush=True)
os.wait()
"""


@pytest.mark.parametrize("seconds", [-HOUR, HOUR, 400 * 24 * HOUR])
def test_a_clock_is_wrong_while_it_is_to_be(tmp_path, seconds):
    clock = Clock(tmp_path / "clock")
    command = [sys.executable, "-c", PROGRAM, str(time.time())]
    with subprocess.Popen(
        command, env={**os.environ, **clock.environment}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        try:
            said = iter(program.stdout)
            assert next(said) == "0\n"
            for wished in (seconds, 0, seconds):
                clock.set(wished)
                assert any(int(line) == wished // 1800 for line in said)
        finally:
            os.killpg(program.pid, signal.SIGKILL)
