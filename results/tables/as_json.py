"""The table of a run as JSON."""

from __future__ import annotations

from typing import Any

from results.metrics.summary import Summary
from results.tables.memory_sentences import to_json as need_to_json
from results.tables.run_table import PROGRAM, RunTable


def to_json(table: RunTable) -> list[dict[str, Any]]:
    """Plain data, an object per row: id, fields, metrics, doubts.

    A metric has mean, std, min, max, the 95 % interval of the mean (null of a single repetition)
    and the number of repetitions; ``at_least`` where it would be more, had the run gone on. Those
    of a mix have its program's name as well.
    """
    return [
        {
            "id": row.id,
            **({} if row.program is None else {PROGRAM: row.program}),
            "fields": dict(row.fields),
            "metrics": {
                metric.name: {
                    "mean": summary.mean,
                    "std": summary.std,
                    "min": summary.minimum,
                    "max": summary.maximum,
                    "interval": _ends(summary),
                    "repetitions": summary.count,
                    **({"at_least": True} if summary.at_least else {}),
                }
                for metric in table.metrics
                if (summary := row.metrics.get(metric.name))
            },
            "memory": None if row.need is None else need_to_json(row.need),
            "doubts": list(row.doubts),
        }
        for row in table.rows
    ]


def _ends(summary: Summary) -> list[float] | None:
    interval = summary.interval
    return None if interval is None else [interval.low, interval.high]
