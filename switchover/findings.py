"""A line of a checklist."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A line of the safety checklist: ``well`` or not, with the evidence, or what is missing."""

    name: str
    well: bool
    evidence: str
