"""The search for the last value of a field that meets limits.

A bracket is two neighbours of which one meets the limits and the other misses them. It is found by
going outward from where the search starts, since what lies far away may take a hundred times as
long to simulate; then it is closed by two values a round, one on either side of where the limit is
expected to be reached, since there are several processors nearly everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NoReturn, TypeAlias

from results.metrics.capacity import FieldValue, Found, Probe, Wanted, onward

MOST_PROBES = 20
"""Of one search."""
FINEST = 1.01
"""Two values nearer to each other than this factor are not told apart; whole numbers are."""
FIRST_STEP = 1.4
"""The factor of the first step outward; each further one is its square, up to _LONGEST_STEP."""
_WIDE = 2
"""A factor between neighbours that were tried above which a value between them may tell more."""
_LONGEST_STEP = 8
_FARTHEST = 2**12
"""Without an end a search goes so many times away from its start."""
_NARROWING = 42
"""A round that finds the limit between its two values leaves a 21st of the bracket."""
_HALF_OF_FINEST = 0.49 * math.log(FINEST)
_NEARLY_DONE = 4 * _HALF_OF_FINEST
"""The logarithm of a factor between two ends of which the middle is near enough to both."""


Probing: TypeAlias = Generator[list[FieldValue], list[Probe | None], Found]
"""Yields values to try, is sent what became of each, None of one that the field does not take."""


@dataclass(frozen=True)
class Stretch:
    """Where a search looks.

    Attributes:
        start: where it begins.
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

    def between(
        self, low: FieldValue, high: FieldValue, amounts: Iterable[float]
    ) -> list[FieldValue]:
        """Values next to some amounts between two others, each once; none if these are near."""
        if self.whole:
            if high.amount - low.amount <= 1:
                return []
            amounts = (min(max(round(one), low.amount + 1), high.amount - 1) for one in amounts)
        elif high.amount <= low.amount * FINEST:
            return []
        found = {value.amount: value for value in map(self.value_of, amounts)}
        return [found[key] for key in sorted(found) if low.amount < key < high.amount]

    def beyond(self, value: FieldValue, factor: float, *, up: bool) -> FieldValue | None:
        """The value so many times farther, at the end at most; None if there is none."""
        end = self.high if up else self.low
        amount = value.amount * factor if up else value.amount / factor
        if self.whole:
            amount = max(math.ceil(amount) if up else math.floor(amount), 1)
        if end is not None and (amount >= end.amount if up else amount <= end.amount):
            return end if end.amount != value.amount else None
        least, most = self.start.amount / _FARTHEST, self.start.amount * _FARTHEST
        found = self.value_of(min(max(amount, least), most))
        return found if found.amount != value.amount else None


def search(stretch: Stretch, wanted: Wanted | None) -> Probing:
    """Look for the last value that meets limits.

    Args:
        stretch: where to look.
        wanted: the largest or the smallest one; None if what is tried is to say it: the largest,
            unless only greater values meet the limits.
    """
    known = _Attempts(stretch)
    found = yield from _bracket(known, wanted)
    found.probes = known.probes
    if found.best is not None and found.beyond is not None:
        found.best, found.beyond = yield from _close(known, found.wanted, _meets)
        if elsewhere := known.elsewhere(found.wanted):
            yield from known.ask(elsewhere)
        if any(len(set(probe.each)) > 1 for probe in known.probes):
            for side in (all, any):
                yield from _go_outward(known, [found.wanted], one := partial(_on_side, side))
                if _border(known.probes, found.wanted, one) is not None:
                    yield from _close(known, found.wanted, one)
    return found


def _meets(probe: Probe) -> bool:
    return probe.met


def _on_side(side: Callable[[Sequence[bool]], bool], probe: Probe) -> bool:
    return side(probe.each)


class _Attempts:
    """What was tried so far."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self.probes: list[Probe] = []
        self._has_looked = False

    def ask(
        self, values: list[FieldValue]
    ) -> Generator[list[FieldValue], list[Probe | None], list[Probe | None]]:
        """Try some values, as many as there may still be."""
        found = yield values[: MOST_PROBES - len(self.probes)]
        self.probes += [probe for probe in found if probe is not None]
        return found

    @property
    def enough(self) -> bool:
        """Whether no more may be tried."""
        return len(self.probes) >= MOST_PROBES

    def elsewhere(self, wanted: Wanted) -> list[FieldValue]:
        """Once: values in the middle of the widest gaps on either side of the answer, if wide.

        The search by itself never meets a value that contradicts the others. What lies between the
        last that was tried and the end of the field's values is looked at where the limits should
        be met, since that is what an answer promises.
        """
        found: list[FieldValue] = []
        if self._has_looked:
            return found
        self._has_looked = True
        for met in (True, False):
            amounts = {_amount(one) for one in self.probes if one.met is met}
            end = self.stretch.low if wanted is Wanted.LARGEST else self.stretch.high
            if met and end is not None:
                amounts.add(end.amount)
            gaps = [(high / low, low, high) for low, high in pairwise(sorted(amounts))]
            ratio, low, high = max(gaps, default=(1.0, 0.0, 0.0))
            if ratio >= _WIDE:
                ends = FieldValue(low, low), FieldValue(high, high)
                found += self.stretch.between(*ends, [math.sqrt(low * high)])
        return found

    def outermost(self, *, up: bool) -> Probe:
        """The one with the greatest value, or with the least."""
        return (max if up else min)(self.probes, key=_amount)


def _amount(probe: Probe) -> float:
    return probe.value.amount


def _border(
    probes: Iterable[Probe], wanted: Wanted, is_good: Callable[[Probe], bool]
) -> tuple[Probe, Probe] | None:
    """The first neighbours of which one is good and the next is not; None if there are none."""
    for pair in pairwise(onward(probes, wanted)):
        if is_good(pair[0]) and not is_good(pair[1]):
            return pair
    return None


def _bracket(
    known: _Attempts, wanted: Wanted | None
) -> Generator[list[FieldValue], list[Probe | None], Found]:
    """Outward from the start to where limits begin to be missed, or back to where they are met."""
    stretch, sides = known.stretch, [wanted] if wanted else list(Wanted)
    harder_is_up = sides[0] is Wanted.LARGEST
    step = stretch.beyond(stretch.start, FIRST_STEP, up=harder_is_up)
    first, *others = yield from known.ask([stretch.start, *([step] if step else [])])
    if first is None:
        return Found(sides[0], None, None, refused=True)
    refused = yield from _go_outward(known, sides, _meets)
    up = first.met is harder_is_up
    found = _found(known, sides)
    if found is None and wanted is None and (end := stretch.low if up else stretch.high):
        # Perhaps it is a field of which more is better.
        if end.amount not in map(_amount, known.probes) and not known.enough:
            yield from known.ask([end])
        found = _found(known, sides)
    if found is None:
        last = known.outermost(up=up)
        found = Found(sides[0], last, None) if first.met else Found(sides[0], None, last)
        found.refused = refused or None in others
    return found


def _go_outward(
    known: _Attempts, sides: Sequence[Wanted], is_good: Callable[[Probe], bool]
) -> Generator[list[FieldValue], list[Probe | None], bool]:
    """On from the outermost value until there is a border; whether the field refuses one."""
    up = is_good(known.probes[0]) is (sides[0] is Wanted.LARGEST)
    factor, refused = FIRST_STEP**2, False
    while not known.enough and not any(_border(known.probes, one, is_good) for one in sides):
        value = known.stretch.beyond(known.outermost(up=up).value, factor, up=up)
        if value is None:
            break
        (probe,) = yield from known.ask([value])
        if probe is None:
            # Values that a field does not take cost nothing, and the last one that it does counts.
            refused, factor = True, math.sqrt(factor)
            if factor < FINEST:
                break
        elif not refused:
            factor = min(factor**2, _LONGEST_STEP)
    return refused


def _found(known: _Attempts, sides: Iterable[Wanted]) -> Found | None:
    """The bracket for one of what is wanted."""
    for side in sides:
        if (border := _border(known.probes, side, _meets)) is not None:
            return Found(side, *border)
    return None


def _close(
    known: _Attempts, wanted: Wanted, is_good: Callable[[Probe], bool]
) -> Generator[list[FieldValue], list[Probe | None], tuple[Probe, Probe]]:
    """Bring the ends of a bracket together, as near as they are told apart."""
    good, bad = _border(known.probes, wanted, is_good) or _missing()
    narrowed = True
    while not known.enough:
        low, high = sorted((good.value, bad.value), key=lambda value: value.amount)
        width = math.log(high.amount / low.amount)
        expected = _expected(good, bad) if narrowed and is_good is _meets else None
        elsewhere = []
        if width <= _NEARLY_DONE:
            amounts = [low.amount * math.exp(width / 2)]
            elsewhere = known.elsewhere(wanted)
        elif expected is None:
            parts = 3 if width > math.log(FIRST_STEP) else 2
            amounts = [low.amount * math.exp(width * part / parts) for part in range(1, parts)]
        else:
            off = math.exp(max(_HALF_OF_FINEST, width / _NARROWING))
            inner = math.exp(width / _NARROWING)
            expected = min(max(expected, low.amount * inner), high.amount / inner)
            amounts = [expected / off, expected * off]
        values = known.stretch.between(low, high, amounts)
        if not values or None in (yield from known.ask([*values, *elsewhere])):
            break
        within = [one for one in known.probes if low.amount <= _amount(one) <= high.amount]
        good, bad = _border(within, wanted, is_good) or _missing()
        narrowed = abs(math.log(_amount(bad) / _amount(good))) <= width / 2
    return good, bad


def _missing() -> NoReturn:
    raise AssertionError("a bracket has ends")


def _expected(good: Probe, bad: Probe) -> float | None:
    """Where the limit is reached, if strain is a power of the value; None if strains do not say."""
    if not 0 < good.strain <= 1 < bad.strain < math.inf:
        return None
    share = math.log(good.strain) / (math.log(good.strain) - math.log(bad.strain))
    return float(_amount(good) * (_amount(bad) / _amount(good)) ** share)
