"""What a step did, in words."""

from __future__ import annotations

from collections import Counter

from experiments.forks.trial import Observation
from models.faults.actions import COUNTED, Action, PageAction, TableAction
from models.memory.counts import EVENTS


def _of(actions: type[Action]) -> dict[str, tuple[str, str]]:
    return {a.counter: (a.row.one, a.row.many) for a in actions if a.row.one}


_PHRASES = {
    "children_killed": ("1 process killed", "{} processes killed"),
    "tables_shared": ("1 table shared", "{} tables shared"),
    **_of(TableAction),
    "tables_alloc": ("1 table allocated", "{} tables allocated"),
    "ptes_copied": ("1 entry copied", "{} entries copied"),
    **_of(PageAction),
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
    counts = Counter(observation.counts.as_dict())
    # A copied table is also an allocated one.
    copied = (TableAction.COPY, TableAction.SYNC)
    counts["tables_alloc"] -= sum(counts[action.counter] for action in copied)
    phrases = []
    for name, (one, several) in _PHRASES.items():
        if counts[name]:
            phrases.append(one if counts[name] == 1 else several.format(f"{counts[name]:,}"))
    if observation.flushes:
        phrases.append("other cores flush")
    return ", ".join(phrases) or NOTHING


def sayable() -> bool:
    """Whether there are words for everything that is counted."""
    return set(_PHRASES) | _UNSAID == {*EVENTS, *COUNTED}
