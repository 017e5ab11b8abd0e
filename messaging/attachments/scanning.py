"""Malware scans, behind an interface. Without a scanner every file is taken for clean."""

from typing import IO

from django.conf import settings

from .clamd import Clamd
from .verdicts import Outcome, Scanner, Verdict


class NoScanner:
    """Takes every file for clean: no scanner is configured."""

    def scan(self, file: IO[bytes]) -> Verdict:
        """Return that the file is clean, without reading it."""
        return Verdict(Outcome.CLEAN)


def scanner() -> Scanner:
    """Return the scanner that the settings name: that of ``CLAMD_SOCKET``, or none."""
    return Clamd(settings.CLAMD_SOCKET) if settings.CLAMD_SOCKET else NoScanner()
