"""How time and memory grow with data set, requests, forks, cores and programs: `make growth`.

Each size runs once, in a process of its own, which tells the time that the simulation took of a
core and the most memory that the process ever held. This process stays small and imports nothing
large: its memory would count as that of the processes it starts until they are loaded.

    growth.py OUT.csv
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

ONE_SIZE = str(Path(__file__).with_name("growth_series.py"))


def told(*arguments: str) -> str:
    """What a Python process prints."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own


def series() -> dict[str, list[int]]:
    """The sizes of every series."""
    sizes: dict[str, list[int]] = json.loads(told(ONE_SIZE))
    return sizes


def main(path: Path) -> None:
    """Measure every size of every series."""
    with path.open("w", newline="") as stream:
        names = ["series", "size", "wall_s", "core_s", "peak_mib"]
        rows = csv.DictWriter(stream, names, lineterminator="\n")
        rows.writeheader()
        for name, sizes in series().items():
            for size in sizes:
                took = json.loads(told(ONE_SIZE, name, str(size)))
                row = {"series": name, "size": size, **{k: f"{v:.4g}" for k, v in took.items()}}
                rows.writerow(row)
                stream.flush()
                print(*row.values(), flush=True)  # noqa: T201 - so that one sees it going on


if __name__ == "__main__":
    main(Path(sys.argv[1]))
