"""What a fork scheme does, said in short sentences for people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A scheme in words; costs and counts are not told here but measured.

    Attributes:
        shared: What parent and child have in common after the fork.
        payer: Who pays for the rest, and when.
        locks: Who waits for whom.
        breaks: What does not work any more, or surprises.
    """

    shared: str
    payer: str
    locks: str
    breaks: str


ONE_LOCK = (
    "Fork holds the lock of the address space for writing throughout; a fault takes it for reading "
    "and waits."
)
"""What all forks have in common that know no lock of areas (before Linux 6.4)."""
