"""Figure 8: what On-demand-fork saves of the time to fork and then access a part of the memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from results.figures import style
from results.paper.item import Basis, Condition, PaperItem, of_scheme
from results.records.record import Record

FloatArray = npt.NDArray[np.float64]

ALMOST_ALL = 95.0
"""Per cent saved from which on almost all is saved."""

ORDERED_TO = 50.0
"""Per cent accessed up to which the mixes must lie in order."""

AT_THE_END = (1.0, 10.0)
"""Per cent that must still be saved once everything has been accessed."""

ABOUT_NOTHING = 1.0
"""Per cent saved up to which about nothing is saved."""


WARMTH = "struct_page_miss_ns"
"""The constant that says what a warm struct page saves a fault."""

Prices: TypeAlias = frozenset[tuple[str, float]]
"""Other constants of the machine, with the values that an experiment sets."""

OWN: Prices = frozenset()
"""What the figure itself is simulated with: the profile's prices."""

PERCENTS_OF_PRICES = (1.0, 10.0, 50.0, 100.0)
"""Per cent accessed at which the band of the prices is told."""


def warmth_ns(record: Record) -> float | None:
    """What a warm struct page saves a fault, if the experiment sets it; else None."""
    value: float | None = record.at("machine.constants", {}).get(WARMTH)
    return value


def prices(record: Record) -> Prices:
    """The constants that the experiment sets beside the warmth."""
    constants = record.at("machine.constants", {})
    return frozenset((name, value) for name, value in constants.items() if name != WARMTH)


def mixes(records: Sequence[Record]) -> list[float]:
    """The shares of reads, most reads first."""
    return sorted({record.at("workload.reads") for record in records}, reverse=True)


def saved(
    records: Sequence[Record], reads: float, warmth: float | None = None, at: Prices = OWN
) -> tuple[FloatArray, FloatArray]:
    """Per cent accessed of the region, and per cent of Fork's time saved until then.

    Every run goes through the whole region; its repetitions are averaged. Fork's own run has the
    profile's warmth: no fault of it finds a struct page that a table's copy has warmed.
    """
    accessed, classic = _times(records, reads, None, at, "classic")
    others, on_demand = _times(records, reads, warmth, at, "on_demand")
    if not accessed.size or not others.size:
        return np.zeros(0), np.zeros(0)
    on_demand = np.interp(accessed, others, on_demand)
    return 100 * accessed / accessed[-1], 100 * (1 - on_demand / classic)


def _times(
    records: Sequence[Record], reads: float, warmth: float | None, at: Prices, kind: str
) -> tuple[FloatArray, FloatArray]:
    tables = [
        recording.series["access"]
        for record in of_scheme(records, kind)
        if record.at("workload.reads") == reads
        and warmth_ns(record) == warmth
        and prices(record) == at
        for recording in record.repetitions
        if "access" in recording.series
    ]
    if not tables:
        return np.zeros(0), np.zeros(0)
    elapsed = np.mean([table["elapsed_ns"] for table in tables], axis=0)
    return tables[0]["accessed_bytes"].astype(np.float64), elapsed


def band(records: Sequence[Record], reads: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per cent accessed, and least and most saved between the two ends of the warmth."""
    ends = sorted(
        value
        for record in records
        if record.at("workload.reads") == reads and (value := warmth_ns(record))
    )
    return _between([saved(records, reads, end) for end in (ends[0], ends[-1])] if ends else [])


def band_of_prices(
    records: Sequence[Record], reads: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per cent accessed, and least and most saved with any of the prices that experiments set."""
    ends = {prices(record) for record in records if record.at("workload.reads") == reads}
    return _between([saved(records, reads, at=end) for end in ends - {OWN}])


def _between(
    curves: Sequence[tuple[FloatArray, FloatArray]],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if len(curves) < 2 or not all(accessed.size for accessed, _ in curves):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    percents = [percent for _, percent in curves]
    return curves[0][0], np.min(percents, axis=0), np.max(percents, axis=0)


def collect(records: Sequence[Record]) -> dict[str, float]:
    """Per cent saved by mix and per cent accessed: ``75% reads/50%``."""
    return {
        f"{reads:.0%} reads/{percent:g}%": value
        for reads in mixes(records)
        for percent, value in zip(*map(np.ndarray.tolist, saved(records, reads)), strict=True)
    }


def _basis(_cell: str) -> Basis:
    return "predicted"


def _draw(_simulated: Mapping[str, float], records: Sequence[Record]) -> Figure:
    figure, (whole, below) = style.panels(2, width_in=style.PAGE_IN, height_in=2.4)
    for axes in (whole, below):
        _curves(axes, records)
        axes.set_xlim(0, 100)
        axes.set_xlabel("accessed (% of the memory)")
        axes.set_ylabel("saved (% of Fork's time)")
    whole.set_ylim(0, 100)
    below.set_ylim(-0.5, 12)
    if whole.lines:
        lines, labels = whole.get_legend_handles_labels()
        if whole.collections:
            lines.append(Patch(color=style.OTHER_COLOURS[-1], alpha=0.3, linewidth=0))
            labels.append("between the ends of the warmth")
        whole.legend(lines, labels, loc="upper right")
    return figure


def _curves(axes: Axes, records: Sequence[Record]) -> None:
    found = mixes(records)
    for number, reads in enumerate(found):
        # Yellow ends of colour maps are lost on paper.
        colour = to_hex(colormaps["viridis"](0.85 * number / max(len(found) - 1, 1)))
        accessed, low, high = band(records, reads)
        if accessed.size:
            axes.fill_between(accessed, low, high, color=colour, alpha=0.2, linewidth=0)
        accessed, percent = saved(records, reads)
        if accessed.size:
            axes.plot(accessed, percent, color=colour, label=_name(reads))
    accessed, percent = saved(records, 0, 0)
    if accessed.size:
        axes.plot(
            accessed, percent, color=style.INK, linestyle="--", linewidth=0.8,
            label="all writes, nothing warm",
        )  # fmt: skip


def _name(reads: float) -> str:
    return {1.0: "all reads", 0.0: "all writes"}.get(reads, f"{reads:.0%} reads")


def _data(_simulated: Mapping[str, float], records: Sequence[Record]) -> list[list[str]]:
    rows = [["reads", "struct_page_miss_ns", "accessed_percent", "saved_percent"]]
    for reads in mixes(records):
        here = {
            warmth_ns(record)
            for record in of_scheme(records, "on_demand")
            if record.at("workload.reads") == reads
        }
        for warmth in sorted(here, key=lambda value: -1 if value is None else value):
            name = "profile" if warmth is None else f"{warmth:g}"
            for accessed, percent in zip(*saved(records, reads, warmth), strict=True):
                rows.append([f"{reads:g}", name, f"{accessed:.6g}", f"{percent:.6g}"])
    return rows


def _at(curve: tuple[FloatArray, ...], percent: float) -> list[float]:
    """Values of a curve or band at a per cent accessed."""
    accessed, *values = curve
    return [float(np.interp(percent, accessed, value)) for value in values]


def _remarks(_simulated: Mapping[str, float], records: Sequence[Record]) -> list[str]:
    remarks = ["The paper gives no values for it: the cells are ours alone."]
    for reads in mixes(records):
        curve, ends = saved(records, reads), band(records, reads)
        if not curve[0].size:
            continue
        parts = []
        for percent in (0.0, 50.0, 100.0):
            (value,) = _at(curve, percent)
            part = f"{value:.1f} % at {percent:g} % accessed"
            if ends[0].size and percent:
                low, high = _at(ends, percent)
                part += f" ({low:.1f} to {high:.1f} between the ends of the warmth)"
            parts.append(part)
        remarks.append(f"Saved with {_name(reads)}: {', '.join(parts)}.")
    return [*remarks, *_remarks_on_prices(records)]


def _remarks_on_prices(records: Sequence[Record]) -> Iterator[str]:
    for reads in mixes(records):
        ends = band_of_prices(records, reads)
        if not ends[0].size:
            continue
        set_prices = sorted({price for record in records for price in prices(record)})
        values = {name: [v for other, v in set_prices if other == name] for name, _ in set_prices}
        which = ", ".join(f"{name} {v[0]:g} to {v[-1]:g}" for name, v in values.items())
        parts = [
            "{:.1f} to {:.1f} % at {:g} % accessed".format(*_at(ends, percent), percent)
            for percent in PERCENTS_OF_PRICES
        ]
        yield f"With {_name(reads)}, over the bands of the prices ({which}): {', '.join(parts)}."


def _conditions(_simulated: Mapping[str, float], records: Sequence[Record]) -> list[Condition]:
    curves = {reads: saved(records, reads) for reads in mixes(records)}
    curves = {reads: curve for reads, curve in curves.items() if curve[0].size}
    if not curves:
        return []
    least = min(percent[0] for _, percent in curves.values())
    widest = max(float(np.diff(accessed).max()) for accessed, _ in curves.values())
    conditions = [
        Condition(
            f"Right after the fork every mix saves almost all: {least:.1f} % or more "
            f"(expected: {ALMOST_ALL:g} %).",
            bool(least >= ALMOST_ALL),
        ),
        Condition(
            f"The more reads, the more is saved, at 1 to {ORDERED_TO:g} % accessed.",
            _in_order(list(curves.values())),
        ),
        Condition(f"Steps of {widest:.2g} % (expected: 1 % or finer).", round(widest, 6) <= 1),
    ]
    low, high = AT_THE_END
    for reads in (1.0, 0.0):
        if reads in curves:
            (value,) = _at(curves[reads], 100)
            conditions.append(
                Condition(
                    f"Once everything has been accessed, {_name(reads)} still save {value:.1f} % "
                    f"(expected: {low:g} to {high:g} %).",
                    low <= value <= high,
                )
            )
    cold = saved(records, 0, 0)
    if cold[0].size:
        (value,) = _at(cold, 100)
        conditions.append(
            Condition(
                f"With nothing warm, all writes save {value:.2f} % at the end "
                f"(expected: at most {ABOUT_NOTHING:g} % either way).",
                abs(value) <= ABOUT_NOTHING,
            )
        )
    return conditions


def _in_order(curves: Sequence[tuple[FloatArray, FloatArray]]) -> bool:
    """Whether each curve lies above the next, most reads first, at every whole per cent.

    Nearer to the fork two mixes may not have differed in a single access yet.
    """
    percents = np.arange(1, ORDERED_TO + 1)
    heights = [np.interp(percents, *curve) for curve in curves]
    return all(bool((upper > lower).all()) for upper, lower in pairwise(heights))


ITEM = PaperItem(
    name="fig08",
    title="Figure 8: fork and access, time saved by On-demand-fork",
    collect=collect,
    basis=_basis,
    tolerance=lambda _cell: 0.0,
    draw=_draw,
    data=_data,
    remarks=_remarks,
    conditions=_conditions,
)
