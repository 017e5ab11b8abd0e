"""Every fault there is, mixed at random, in a few minutes: nobody loses anything. ``make faults`` is the long form."""

import os
import sys

import pytest

from tests import evidence

from .run import run, say

MINUTES = 0.8


@pytest.mark.long
@pytest.mark.timeout(300)
def test_whatever_befalls_the_office_nothing_is_lost(scratch, static_root, django_db_blocker, capsys):
    seed = int(os.environ.get("FAULTS_SEED", "20261120"))
    with django_db_blocker.unblock(), capsys.disabled():
        told = run(scratch, static_root, seed, minutes=MINUTES, alone=False, every=1.5, longest=6, tell=say)
        path = evidence.write("faults-short", **told.as_json())
        sys.stderr.write(f"{told.counts}; {path}\n")
    assert told.faulty() == []
    assert told.counts["changes"]["committed"] > 100
