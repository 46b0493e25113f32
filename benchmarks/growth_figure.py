"""What `growth.py` measured, as a table and a figure: `growth_figure.py GROWTH.csv TABLE.md PNG`.

Of every series the exponent of the time is fitted on its upper half by log-log regression.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from growth_series import Fields, grows
from matplotlib.style import context
from scipy.stats import linregress

from results.figures.caption import POINTS
from results.figures.style import INK, PAGE_IN, STYLE


def growth(sizes: list[float], times: list[float]) -> tuple[float, float]:
    """Exponent of the upper half of a series, and its standard error."""
    upper = slice((len(sizes) - 1) // 2, None)
    fitted = linregress(np.log(sizes[upper]), np.log(times[upper]))
    return float(fitted.slope), float(fitted.stderr)


def called(exponent: float) -> str:
    """The name of a growth."""
    if exponent < 0.15:
        return "constant"
    if exponent < 0.85:
        return "less than linear"
    return "linear" if exponent < 1.15 else "more than linear"


def table(rows: list[Fields]) -> str:
    """The measurements and the growth of each series, in Markdown."""
    lines = ["| series | sizes | time on a core | peak memory | exponent | growth |"]
    lines.append("|---|---|---|---|---:|---|")
    for name, unit in grows().items():
        own = [row for row in rows if row["series"] == name]
        sizes, times = [row["size"] for row in own], [row["core_s"] for row in own]
        exponent, error = growth(sizes, times)
        memory = [row["peak_mib"] for row in own]
        lines.append(
            f"| {name} | {sizes[0]:,} to {sizes[-1]:,} {unit} "
            f"| {times[0]:.3g} to {times[-1]:.3g} s | {min(memory):.0f} to {max(memory):.0f} MiB "
            f"| {exponent:.2f} ± {error:.2f} | {called(exponent)} |"
        )
    return "\n".join(lines) + "\n"


def draw(rows: list[Fields], path: Path) -> None:
    """Time above, memory below, a panel for each thing that grows."""
    frame = pd.DataFrame(rows)
    frame["grows"] = frame["series"].map(grows())
    panels = list(dict.fromkeys(frame["grows"]))
    with context(STYLE):
        figure, axes = plt.subplots(
            2, len(panels), figsize=(PAGE_IN, 3.4), sharey="row", sharex="col",
            layout="constrained",
        )  # fmt: skip
        for column, unit in enumerate(panels):
            part = frame[frame["grows"] == unit]
            for row, (field, label) in enumerate(
                (("core_s", "time on a core (s)"), ("peak_mib", "peak memory (MiB)"))
            ):
                ax = axes[row, column]
                sns.lineplot(
                    part, x="size", y=field, hue="series", marker="o", markersize=4, ax=ax,
                    palette="colorblind", legend=row == 0 and part["series"].nunique() > 1,
                )  # fmt: skip
                ax.set(xscale="log", yscale="log", ylabel=label, xlabel=unit if row else "")
                if ax.get_legend():
                    short = [text.get_text().split(", ")[-1] for text in ax.get_legend().texts]
                    handles = ax.get_legend().legend_handles
                    ax.legend(handles, [s.removeprefix("forks of a ") for s in short], title=None)
            axes[1, column].axhline(500e6 / 2**20, color=INK, linewidth=0.6, linestyle=":")
        at = {"xy": (1, 500e6 / 2**20), "xytext": (0, 3), "textcoords": "offset points"}
        axes[1, 0].annotate("500 MB", fontsize=7, **at)
        axes[1, 0].set_ylim(50, 1000)
        axes[1, 0].set_yticks([50, 100, 200, 500, 1000], ["50", "100", "200", "500", "1000"])
        axes[1, 0].minorticks_off()
        figure.supxlabel(
            "make growth: time and memory of a process of its own for each size",
            x=0.01, ha="left", fontsize=POINTS, color="#555555",
        )  # fmt: skip
        figure.savefig(path, dpi=200, metadata={"Software": ""})


def main(measured: Path, markdown: Path, picture: Path) -> None:
    """See the module."""
    with measured.open(newline="") as stream:
        rows: list[Fields] = [
            {
                "series": row["series"],
                "size": int(row["size"]),
                "core_s": float(row["core_s"]),
                "peak_mib": float(row["peak_mib"]),
            }
            for row in csv.DictReader(stream)
        ]
    markdown.write_text(table(rows))
    draw(rows, picture)


if __name__ == "__main__":
    mpl.use("agg")
    main(*map(Path, sys.argv[1:4]))
