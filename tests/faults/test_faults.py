"""All faults mixed at random, for a few minutes: no client loses an event. ``make faults`` is the long form."""

import os
import sys

import pytest

from tests import evidence

from .run import run, write_progress

MINUTES = 1.2


@pytest.mark.long
@pytest.mark.timeout(300)
def test_whatever_befalls_the_office_nothing_is_lost(scratch, static_root, django_db_blocker, capsys):
    seed = int(os.environ.get("FAULTS_SEED", "20261120"))
    with django_db_blocker.unblock(), capsys.disabled():
        result = run(
            scratch, static_root, seed, minutes=MINUTES, alone=False, every=2.5, longest=5, log_progress=write_progress
        )
        path = evidence.write("faults-short", **result.as_json())
        sys.stderr.write(f"{result.counts}; {path}\n")
    assert result.problems() == []
    assert result.counts["changes"]["committed"] > 30, "enough to judge"
