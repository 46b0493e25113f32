"""The pictures of the documents, as the command makes them: `pictures.py [NAME ...]`, or all.

Each is copied as a command of `forksim` or a script leaves it; nothing is cut or retouched. A test
compares what the documents show with this list.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
RUNS = Path("runs") / "pictures"

EXAMPLES, ANSWERS = "experiments/examples", "docs/answers"
LIMIT_MISSED = 3
"""The exit code of a run that misses a limit of its file, and is drawn all the same."""


@dataclass(frozen=True)
class Picture:
    """How a picture is made.

    Attributes:
        commands: run one after the other in the project's folder.
        made: the file that they leave.
    """

    commands: Sequence[Sequence[str]]
    made: Path


def example(name: str, plot: Sequence[str] = (), folder: str = EXAMPLES) -> Picture:
    """The picture that a run of an example makes, or one that is plotted of it."""
    out = RUNS / name
    run = ("forksim", "run", f"{folder}/{name}.yaml", "--out", str(out))
    if not plot:
        return Picture([(*run, "--figures", "png")], out / "figure.png")
    file = out / "plot.png"
    drawn = ("forksim", "plot", str(out), *plot, "--out", str(file))
    return Picture([(*run, "--figures", "none"), drawn], file)


def paper(item: str) -> Picture:
    """The picture of an item of the paper."""
    out = RUNS / "paper"
    made = ("forksim", "paper", "--only", item, "--out", str(out), "--figures", "png")
    return Picture([made], out / f"{item}.png")


def growth() -> Picture:
    """The picture of what `make growth` measured."""
    data, table, drawn = (FOLDER / "growth.csv", RUNS / "growth.md", RUNS / "growth.png")
    script = str(ROOT / "benchmarks" / "growth_figure.py")
    return Picture([(sys.executable, script, str(data), str(table), str(drawn))], drawn)


PICTURES: Mapping[str, Picture] = {
    "redis_replay": example("redis_replay"),
    "redis_under_every_fork": example(
        "sweep_redis_schemes",
        ("--x", "workload.dataset", "--y", "fork_max,p99.9,max,extra_memory"),
    ),
    "save_every_quarter_hour": example("save_every_quarter_hour", folder=ANSWERS),
    "huge_pages": example("huge_pages", folder=ANSWERS),
    "prefork_memory": example("prefork_memory", folder=ANSWERS),
    "fuzz_faster": example(
        "fuzz_faster", ("--x", "workload.target", "--y", "throughput,fork_max"), folder=ANSWERS
    ),
    "fig07": paper("fig07"),
    "fig09": paper("fig09"),
    "growth": growth(),
}


def make(name: str) -> Path:
    """Make a picture; its file in the documents."""
    picture = PICTURES[name]
    (ROOT / RUNS).mkdir(parents=True, exist_ok=True)
    for command in picture.commands:
        whole = [*_forksim(), *command[1:]] if command[0] == "forksim" else list(command)
        made = subprocess.run(whole, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
        if made.returncode not in {0, LIMIT_MISSED}:
            made.check_returncode()
    return Path(shutil.copyfile(ROOT / picture.made, FOLDER / f"{name}.png"))


def _forksim() -> Sequence[str]:
    return [sys.executable, "-c", "from experiments.commands.cli import main; main()"]


def main(names: Sequence[str]) -> None:
    """See the module."""
    for name in names or PICTURES:
        sys.stdout.write(f"{make(name).relative_to(ROOT)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
