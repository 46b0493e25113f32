"""What a step did, in words."""

from __future__ import annotations

from experiments.forks.trial import Observation
from models.memory.counts import Counts

_PHRASES = {
    "children_killed": ("1 process killed", "{} processes killed"),
    "tables_shared": ("1 table shared", "{} tables shared"),
    "tables_copied": ("1 table copied", "{} tables copied"),
    "tables_synced": ("1 table copied for the child", "{} tables copied for the child"),
    "tables_reused": ("1 table made writable again", "{} tables made writable again"),
    "tables_alloc": ("1 table allocated", "{} tables allocated"),
    "ptes_copied": ("1 entry copied", "{} entries copied"),
    "page_copies": ("4 KiB copied", "{} pages copied"),
    "page_reuse": ("1 page made writable", "{} pages made writable"),
    "zero_fill": ("1 zeroed page mapped", "{} zeroed pages mapped"),
    "zero_map": ("the zero page mapped", "the zero page mapped {} times"),
    "shared_map": ("1 shared page mapped", "{} shared pages mapped"),
    "file_map": ("1 page of a file mapped", "{} pages of a file mapped"),
    "huge_splits": ("1 huge page split", "{} huge pages split"),
    "huge_copies": ("2 MiB copied", "{} huge pages copied"),
    "huge_reuse": ("1 huge page made writable", "{} huge pages made writable"),
    "huge_fill": ("1 zeroed huge page mapped", "{} zeroed huge pages mapped"),
    "huge_zero_map": ("the huge zero page mapped", "the huge zero page mapped {} times"),
    "ptes_scanned": ("1 entry read", "{} entries read"),
    "ptes_zapped": ("1 entry removed", "{} entries removed"),
    "huge_zapped": ("1 huge entry removed", "{} huge entries removed"),
    "tables_freed": ("1 table freed", "{} tables freed"),
    "pages_freed": ("1 page freed", "{} pages freed"),
}
"""What is said of one and of several, by the name in `Counts`; in this order."""

_UNSAID = {"faults"}

NOTHING = "nothing"


def told(observation: Observation) -> str:
    """What was done, and whether other cores had to flush: a phrase each."""
    counts = observation.counts.as_dict()
    # A copied table is also an allocated one.
    counts["tables_alloc"] -= counts["tables_copied"] + counts["tables_synced"]
    phrases = []
    for name, (one, several) in _PHRASES.items():
        if counts[name]:
            phrases.append(one if counts[name] == 1 else several.format(f"{counts[name]:,}"))
    if observation.flushes:
        phrases.append("other cores flush")
    return ", ".join(phrases) or NOTHING


def sayable() -> bool:
    """Whether there are words for everything that is counted."""
    return set(_PHRASES) | _UNSAID == set(Counts().as_dict())
