"""The report on the whole evaluation: a summary, then every item beside the paper."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from results.paper.comparison import deviations, rankings, sensitivity
from results.paper.comparison.deviations import Deviation
from results.paper.comparison.rankings import Order
from results.paper.comparison.sensitivity import Sensitivity
from results.paper.item import Condition, PaperItem
from results.records.record import Record
from results.records.whole_file import write_whole

_MOST_LISTED = 24
"""Cells or orders of an item that are listed one by one; of more, the curves are."""


@dataclass(frozen=True)
class ItemReport:
    """One item beside the paper.

    Attributes:
        item: the figure or table.
        deviations: one per published cell, in the paper's order.
        orders: which fork is faster, one per pair of forks and quantity.
        conditions: what else the results must show, and whether they do.
        sensitivities: what constants would have to be for predicted cells; empty if not asked.
        remarks: sentences about the results.
    """

    item: PaperItem
    deviations: Sequence[Deviation]
    orders: Sequence[Order] = ()
    conditions: Sequence[Condition] = ()
    sensitivities: Sequence[Sensitivity] = ()
    remarks: Sequence[str] = ()


def report(
    item: PaperItem,
    simulated: Mapping[str, float],
    records: Sequence[Record],
    varied: Sequence[Record] = (),
) -> ItemReport:
    """The item beside the paper.

    Args:
        item: the figure or table.
        simulated: its cells.
        records: what they were collected from.
        varied: records of the short runs of its `PaperItem.variation`.
    """
    found = deviations.deviations(item, simulated)
    return ItemReport(
        item=item,
        deviations=found,
        orders=rankings.orders(item, simulated),
        conditions=item.conditions(simulated, records),
        sensitivities=sensitivity.sensitivities(item, found, varied),
        remarks=item.remarks(simulated, records),
    )


def write(reports: Sequence[ItemReport], folder: Path) -> None:
    """Write ``deviations.md`` and the CSVs with its numbers into ``folder``, which exists."""
    cells = list(chain.from_iterable(report.deviations for report in reports))
    compared = list(chain.from_iterable(report.orders for report in reports))
    moved = list(chain.from_iterable(report.sensitivities for report in reports))
    for name, text in (
        ("deviations.csv", deviations.to_csv(cells)),
        ("comparisons.csv", rankings.to_csv(compared)),
        ("sensitivities.csv", sensitivity.to_csv(moved)),
        ("deviations.md", to_markdown(reports)),
    ):
        write_whole(folder / name, text.encode("utf-8"), durable=False)


def to_markdown(reports: Sequence[ItemReport]) -> str:
    """The report: summary, items, which fork is faster, then every item's cells and misses."""
    lines = [
        "# Deviations from the paper",
        "",
        "Error is simulated over published, less one. *Fitted* cells gave the model its "
        "constants; *predicted* cells did not. A miss lies beyond the tolerance stated with it.",
        "",
        *summary(reports),
        "",
        "| item | basis | cells | mean error | median error | worst error | misses |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for item in reports:
        for basis in ("fitted", "predicted"):
            chosen = [d for d in item.deviations if d.basis == basis]
            if chosen:
                lines.append(f"| {item.item.name} | {basis} | {deviations.summarised(chosen)} |")
    lines += _which_is_faster(reports)
    for item in reports:
        lines += ["", f"## {item.item.title}", "", *_section(item)]
    return "\n".join(lines) + "\n"


def to_json(reports: Sequence[ItemReport]) -> list[dict[str, Any]]:
    """Plain data, an object per item: its published cells with the simulated values beside them."""
    return [
        {
            "item": report.item.name,
            "title": report.item.title,
            "cells": [
                {
                    "cell": d.cell,
                    "unit": d.unit,
                    "published": d.published,
                    "simulated": d.simulated,
                    "error": d.error,
                    "tolerance": d.tolerance,
                    "basis": d.basis,
                }
                for d in report.deviations
            ],
            "conditions": [{"text": c.text, "holds": c.holds} for c in report.conditions],
        }
        for report in reports
    ]


def summary(reports: Sequence[ItemReport]) -> Iterator[str]:
    """The whole in a few lines: errors by basis, orders, conditions."""
    yield "| cells | number | median error | worst error | within tolerance |"
    yield "|---|---:|---:|---:|---:|"
    cells = list(chain.from_iterable(report.deviations for report in reports))
    for basis in ("fitted", "predicted"):
        chosen = [d for d in cells if d.basis == basis]
        known = [d for d in chosen if d.error is not None]
        if known:
            median = statistics.median(map(deviations.size_of_error, known))
            worst = max(known, key=deviations.size_of_error)
            yield (
                f"| {basis} | {len(chosen)} | {median:.1%} | {deviations.percent(worst.error)} "
                f"({worst.item} {worst.cell}) | {sum(not d.misses for d in chosen)} |"
            )
        elif chosen:
            yield f"| {basis} | {len(chosen)} | - | - | 0 |"
    yield ""
    for basis in ("predicted", "fitted"):
        chosen_orders = [
            [order for order in report.orders if order.basis == basis and order.of_forks]
            for report in reports
        ]
        compared = list(chain.from_iterable(chosen_orders))
        if compared:
            yield f"* Which of two forks is faster, {basis}: {_verdicts(compared)}."
        threes = [right for some in chosen_orders for right in rankings.of_three(some).values()]
        if threes:
            yield f"* All three forks in their order, {basis}: {sum(threes)} of {len(threes)}."
    conditions = list(chain.from_iterable(report.conditions for report in reports))
    if conditions:
        held = sum(condition.holds for condition in conditions)
        yield f"* Further conditions that hold: {held} of {len(conditions)}."


def _verdicts(compared: Sequence[Order]) -> str:
    """How many have each verdict, the right ones first."""
    number = dict.fromkeys(("right", "only a tie", "no tie", "opposite", "unknown"), 0)
    for order in compared:
        number[order.verdict] += 1
    right = f"{number.pop('right')} of {len(compared)} right"
    meanings = {
        "only a tie": "a tie here but not in the paper",
        "no tie": "a tie in the paper but not here",
        "opposite": "the other way round",
        "unknown": "not simulated",
    }
    return ", ".join([right, *(f"{n} {meanings[v]}" for v, n in number.items() if n)])


def _which_is_faster(reports: Sequence[ItemReport]) -> Iterator[str]:
    if not any(report.orders for report in reports):
        return
    yield from ("", "## Which fork is faster", "")
    yield (
        "Two values of which the smaller is at least "
        f"{1 - rankings.TIE:.0%} of the larger are a tie."
    )
    for item in reports:
        if item.orders:
            yield from ("", f"### {item.item.title}", "")
            yield from rankings.lines(item.orders, _MOST_LISTED)
            for quantity, reason in item.item.not_ordered.items():
                yield from ("", f"{quantity} is left out: {reason}")


def _section(report: ItemReport) -> Iterator[str]:
    if report.deviations:
        yield from deviations.lines(report.deviations, _MOST_LISTED)
    else:
        yield "No values are published for it."
    wrong = {
        f"{scheme}/{order.quantity}"
        for order in report.orders
        if order.verdict != "right"
        for scheme in (order.first, order.second)
    }
    yield from sensitivity.lines(report.sensitivities, wrong)
    if report.conditions:
        yield ""
        for condition in report.conditions:
            verdict = "Holds" if condition.holds else "**Does not hold**"
            yield f"* {verdict}: {condition.text}"
    if report.remarks:
        yield ""
        yield from (f"* {remark}" for remark in report.remarks)
