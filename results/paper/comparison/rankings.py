"""Which fork is faster, published against simulated, quantity by quantity."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Literal, TypeAlias

from results.paper.item import Basis, PaperItem
from results.paper.reference import published
from results.tables.csv_text import csv_text

TIE = 0.08
"""Two values no further apart than this share of the larger are a tie, as in tables 6 and 7."""

COLUMNS = (
    "item", "quantity", "first", "second", "published_ratio", "simulated_ratio",
    "published_faster", "simulated_faster", "verdict",
)  # fmt: skip

Verdict: TypeAlias = Literal["right", "only a tie", "no tie", "opposite", "unknown"]
"""Right; a tie only in the simulation; only in the paper; the other faster; not simulated."""

_SCHEMES = ("fork/concurrent3", "fork_huge", "on_demand", "fork")
"""What stands before the quantity in a cell's name, the longer names first."""


@dataclass(frozen=True)
class Order:
    """Two schemes' values of one quantity.

    Attributes:
        item: the figure or table.
        quantity: what both have: ``p99``, ``1GB``.
        first: one scheme, as in the names of cells.
        second: the other.
        published: the paper's value of the first over that of the second.
        simulated: ours, or None if one of them is missing or zero.
        more_is_faster: whether the values are rates; else they are times.
        basis: whether the constants were fitted to both values, or one of them is predicted.
        why: why the order is not the published one, if that is known.
    """

    item: str
    quantity: str
    first: str
    second: str
    published: float
    simulated: float | None
    more_is_faster: bool
    basis: Basis
    why: str = ""

    @property
    def of_forks(self) -> bool:
        """Whether two forks are compared, rather than one in two surroundings."""
        return not any("/" in scheme for scheme in (self.first, self.second))

    def faster(self, ratio: float | None) -> str:
        """The faster scheme's name, ``tie``, or nothing."""
        if ratio is None:
            return ""
        if min(ratio, 1 / ratio) >= 1 - TIE:
            return "tie"
        return self.first if (ratio > 1) == self.more_is_faster else self.second

    @property
    def verdict(self) -> Verdict:
        """How the simulated order compares with the published one."""
        paper, ours = self.faster(self.published), self.faster(self.simulated)
        if not ours:
            return "unknown"
        if paper == ours:
            return "right"
        return "only a tie" if ours == "tie" else "no tie" if paper == "tie" else "opposite"


def orders(item: PaperItem, simulated: Mapping[str, float]) -> list[Order]:
    """Every pair of schemes that have the same published quantity, in the paper's order."""
    by_quantity: dict[str, dict[str, published.Cell]] = {}
    for cell in published.cells(item.name):
        scheme = next(name for name in _SCHEMES if cell.name.startswith(f"{name}/"))
        quantity = cell.name.removeprefix(f"{scheme}/")
        if quantity not in item.not_ordered:
            by_quantity.setdefault(quantity, {})[scheme] = cell
    return [
        _order(item, quantity, pair, simulated)
        for quantity, cells in by_quantity.items()
        for pair in combinations(cells.items(), 2)
    ]


def _order(
    item: PaperItem,
    quantity: str,
    pair: tuple[tuple[str, published.Cell], tuple[str, published.Cell]],
    simulated: Mapping[str, float],
) -> Order:
    (first, one), (second, other) = pair
    above, below = simulated.get(one.name), simulated.get(other.name)
    return Order(
        item=item.name,
        quantity=quantity,
        first=first,
        second=second,
        published=one.published / other.published,
        simulated=above / below if above and below else None,
        more_is_faster=one.unit == "1/s",
        basis="predicted" if "predicted" in map(item.basis, (one.name, other.name)) else "fitted",
        why=item.why(other.name) or item.why(one.name),
    )


def of_three(found: Sequence[Order]) -> dict[str, bool]:
    """By quantity that more than two schemes have: whether all of them are in the right order."""
    groups = {
        quantity: list(pairs)
        for quantity, pairs in groupby(found, key=lambda order: order.quantity)
    }
    return {
        quantity: all(order.verdict == "right" for order in pairs)
        for quantity, pairs in groups.items()
        if len(pairs) > 1
    }


def to_csv(found: Sequence[Order]) -> str:
    """One row per pair and quantity, in `COLUMNS`."""
    rows: list[Sequence[str]] = [COLUMNS]
    for order in found:
        ours = "" if order.simulated is None else f"{order.simulated:.6g}"
        rows.append(
            [
                order.item, order.quantity, order.first, order.second, f"{order.published:.6g}",
                ours, order.faster(order.published), order.faster(order.simulated), order.verdict,
            ]
        )  # fmt: skip
    return csv_text(rows)


def lines(found: Sequence[Order], most_listed: int) -> Iterator[str]:
    """The orders of one item as a table, and why some are not right.

    It has a row per pair and quantity, or of more than ``most_listed`` a row per pair.
    """
    pairs: dict[tuple[str, str], list[Order]] = {}
    for order in found:
        pairs.setdefault((order.first, order.second), []).append(order)
    if len(found) > most_listed:
        yield "| schemes | faster as published | median factor published | simulated |"
        yield "|---|---:|---:|---:|"
        for (first, second), chosen in pairs.items():
            right = sum(order.verdict == "right" for order in chosen)
            factors = (
                _median([o.published for o in chosen]),
                _median([o.simulated for o in chosen if o.simulated is not None]),
            )
            cells = " | ".join(factors)
            yield f"| {first}, {second} | {right} of {len(chosen)} sizes | {cells} |"
    else:
        yield "| quantity | schemes | faster, published | faster, simulated | |"
        yield "|---|---|---|---|---|"
        for order in found:
            paper, ours = (_said(order, ratio) for ratio in (order.published, order.simulated))
            yield (
                f"| {order.quantity} | {order.first}, {order.second} | {paper} | {ours} "
                f"| {order.verdict} |"
            )
    yield from _misses(found)


def _misses(found: Sequence[Order]) -> Iterator[str]:
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for order in found:
        if order.verdict != "right":
            key = (f"{order.first}, {order.second}", order.verdict, order.why)
            reasons.setdefault(key, []).append(order.quantity)
    if reasons:
        yield ""
    for (schemes, verdict, why), quantities in reasons.items():
        yield f"* **Miss** {schemes}: {verdict} at {_listed(quantities)}. {why or 'Not explained.'}"


def _listed(quantities: Sequence[str]) -> str:
    if len(quantities) <= 8:
        return ", ".join(quantities)
    return f"{len(quantities)} sizes from {quantities[0]} to {quantities[-1]}"


def _said(order: Order, ratio: float | None) -> str:
    if ratio is None:
        return "-"
    faster = order.faster(ratio)
    return faster if faster == "tie" else f"{faster}, {max(ratio, 1 / ratio):.3g} times"


def _median(ratios: Sequence[float]) -> str:
    if not ratios:
        return "-"
    middle = statistics.median(ratios)
    return f"{max(middle, 1 / middle):.3g}"
