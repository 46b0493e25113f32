"""The search for the last value of a field that meets limits: brackets, then bisection."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import TypeAlias

from results.metrics.capacity import FieldValue, Found, Probe, Wanted, onward

MOST_PROBES = 20
"""Of one search."""
FINEST = 1.01
"""Two values nearer to each other than this factor are not told apart; whole numbers are."""
_WIDE = 2
"""A factor between neighbours that were tried above which a value between them may tell more."""
_FACTOR = 2
"""By which an open end is moved on."""
_MOST_STEPS = 12
"""So often an open end is moved on at most."""


Probing: TypeAlias = Generator[list[FieldValue], list[Probe | None], Found]
"""Yields values to try, is sent what became of each, None of one that the field does not take."""


@dataclass(frozen=True)
class Stretch:
    """Where a search looks.

    Attributes:
        start: where it begins, if an end is open.
        low: the least value, or None.
        high: the greatest value, or None.
        value_of: the value next to an amount that people would write.
        whole: whether the field takes whole numbers only, so that each is told apart.
    """

    start: FieldValue
    low: FieldValue | None
    high: FieldValue | None
    value_of: Callable[[float], FieldValue]
    whole: bool

    def between(self, low: FieldValue, high: FieldValue) -> FieldValue | None:
        """A value in the middle of two, by their logarithms; None if they are near enough."""
        if self.whole:
            if high.amount - low.amount <= 1:
                return None
            middle = round(math.sqrt(low.amount * high.amount))
            return self.value_of(min(max(middle, low.amount + 1), high.amount - 1))
        if high.amount <= low.amount * FINEST:
            return None
        found = self.value_of(math.sqrt(low.amount * high.amount))
        return found if low.amount < found.amount < high.amount else None

    def next(self, value: FieldValue, *, up: bool) -> FieldValue | None:
        """The value a step farther, at the end at most; None if there is none."""
        end = self.high if up else self.low
        amount = value.amount * _FACTOR if up else value.amount / _FACTOR
        if self.whole:
            amount = max(amount // 1, 1)
        if end is not None and (amount >= end.amount if up else amount <= end.amount):
            return end if end.amount != value.amount else None
        found = self.value_of(amount)
        return found if found.amount != value.amount else None


def search(stretch: Stretch, wanted: Wanted | None) -> Probing:
    """Look for the last value that meets limits.

    Args:
        stretch: where to look.
        wanted: the largest or the smallest one; None if the ends are to say it, of which one that
            meets them is on the better side; with an open end it is the largest.
    """
    known = _Attempts()
    if stretch.low is not None and stretch.high is not None:
        low, high = yield from known.ask([stretch.low, stretch.high])
        if low is None or high is None:
            return Found(wanted or Wanted.LARGEST, None, None, known.probes, refused=True)
        if wanted is None:
            wanted = Wanted.SMALLEST if high.met and not low.met else Wanted.LARGEST
        good, bad = (low, high) if wanted is Wanted.LARGEST else (high, low)
        if not good.met:
            found = Found(wanted, None, good)
        elif bad.met:
            found = Found(wanted, bad, None)
        else:
            found = Found(wanted, good, bad)
    else:
        wanted = wanted or Wanted.LARGEST
        found = yield from _bracket(stretch, wanted, known)
    found.probes = known.probes
    if found.best is not None and found.beyond is not None:
        found.best, found.beyond = yield from _bisect(
            stretch, known, found.best, found.beyond, lambda probe: probe.met
        )
        yield from _look_elsewhere(stretch, known)
        for side in (all, any):
            if (ends := _ends(known.probes, wanted, side)) is not None:
                yield from _bisect(stretch, known, *ends, partial(_on_side, side))
    return found


def _on_side(side: Callable[[Sequence[bool]], bool], probe: Probe) -> bool:
    return side(probe.each)


class _Attempts:
    """What was tried so far."""

    def __init__(self) -> None:
        self.probes: list[Probe] = []

    def ask(
        self, values: list[FieldValue]
    ) -> Generator[list[FieldValue], list[Probe | None], list[Probe | None]]:
        """Try some values."""
        found = yield values
        self.probes += [probe for probe in found if probe is not None]
        return found

    @property
    def enough(self) -> bool:
        """Whether no more may be tried."""
        return len(self.probes) >= MOST_PROBES


def _bracket(
    stretch: Stretch, wanted: Wanted, known: _Attempts
) -> Generator[list[FieldValue], list[Probe | None], Found]:
    """From the start on to where limits begin to be missed, or back to where they are met."""
    (last,) = yield from known.ask([stretch.start])
    if last is None:
        return Found(wanted, None, None, refused=True)
    met = last.met
    up = met is (wanted is Wanted.LARGEST)
    refused = False
    for _ in range(_MOST_STEPS):
        value = stretch.next(last.value, up=up)
        if value is None:
            break
        (probe,) = yield from known.ask([value])
        if probe is None:
            refused = True
            break
        if probe.met is not met:
            return Found(wanted, last, probe) if met else Found(wanted, probe, last)
        last = probe
    best, beyond = (last, None) if met else (None, last)
    return Found(wanted, best, beyond, refused=refused)


def _bisect(
    stretch: Stretch,
    known: _Attempts,
    good: Probe,
    bad: Probe,
    is_good: Callable[[Probe], bool],
) -> Generator[list[FieldValue], list[Probe | None], tuple[Probe, Probe]]:
    """Bring two ends together, as near as they are told apart."""
    while not known.enough:
        low, high = sorted((good.value, bad.value), key=lambda value: value.amount)
        value = stretch.between(low, high)
        if value is None:
            break
        (probe,) = yield from known.ask([value])
        if probe is None:
            break
        if is_good(probe):
            good = probe
        else:
            bad = probe
    return good, bad


def _look_elsewhere(
    stretch: Stretch, known: _Attempts
) -> Generator[list[FieldValue], list[Probe | None], None]:
    """Try a value in the widest gap on either side of the answer, where it is wide.

    Bisection by itself never meets a value that contradicts the others.
    """
    ordered = sorted(known.probes, key=lambda probe: probe.value.amount)
    gaps = [
        (high.value.amount / low.value.amount, low, high)
        for low, high in pairwise(ordered)
        if low.met is high.met
    ]
    for met in (True, False):
        ratio, low, high = max(
            (gap for gap in gaps if gap[1].met is met), key=itemgetter(0), default=_NO_GAP
        )
        if low is None or high is None or ratio < _WIDE or known.enough:
            continue
        value = stretch.between(low.value, high.value)
        if value is not None:
            yield from known.ask([value])


_NO_GAP: tuple[float, Probe | None, Probe | None] = (1.0, None, None)


def _ends(
    probes: Sequence[Probe], wanted: Wanted, side: Callable[[Sequence[bool]], bool]
) -> tuple[Probe, Probe] | None:
    """Of repetitions that differ: neighbours of which one is on a side and the next is not."""
    if all(len(set(probe.each)) == 1 for probe in probes):
        return None
    for pair in pairwise(onward(probes, wanted)):
        if side(pair[0].each) and not side(pair[1].each):
            return pair
    return None
