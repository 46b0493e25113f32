"""The recipes of docs/extending.md, followed in a copy of the sources."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
WINGS = ("sim", "models", "workloads", "experiments", "results")

SWAP_IN = [
    (
        "models/faults/actions.py",
        "    NO_PAGE = ActionRow(\n",
        "    SWAP_IN = ActionRow(\n"
        '        "Read a page back from swap.",\n'
        '        "1 page read from swap",\n'
        '        "{} pages read from swap",\n'
        "        pages=1,\n"
        '        price="swap_in_ns",\n'
        "    )\n"
        "    NO_PAGE = ActionRow(\n",
    ),
    (
        "models/costs/laws.py",
        "    fill_jitter: float\n",
        "    fill_jitter: float\n"
        '    swap_in_ns: float = assumed(90_000.0, "a read of 4 KiB from an NVMe drive")\n',
    ),
    (
        "models/faults/actions.py",
        "PageAction.ZERO_FILL if write else PageAction.ZERO_MAP\n",
        "PageAction.ZERO_FILL if write else PageAction.SWAP_IN\n",
    ),
    (
        "models/faults/small_pages.py",
        "    PageAction.ZERO_FILL: _fill_pages,\n",
        "    PageAction.ZERO_FILL: _fill_pages,\n    PageAction.SWAP_IN: _fill_pages,\n",
    ),
]
"""All pages are on a swap device, and a first read brings them back."""

SCRIPT = """\
forksim: 1
name: swapping
workload:
  kind: script
  steps:
    - {do: map, pages: 512, at: 0}
    - {do: read, pages: 0-9}
fork: {kind: classic}
"""

ECHO = '''\
"""Echo: answers as often as it is told to, and counts the letters."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.kernel.kernel import Kernel
from sim.machine.clock import Activity
from sim.machine.streams import Streams
from sim.measures.recording import Recording
from workloads.running.program import Program
from workloads.workload import Workload


class EchoConfig(BaseModel):
    """How often."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal["echo"]
    times: Annotated[int, Field(ge=1, description="answers")] = 3


class Echo(Workload):
    """Echo: answers as often as it is told to, and counts the letters."""

    name = "echo"
    Config = EchoConfig

    def start(self, config: EchoConfig, kernel: Kernel, streams: Streams) -> Program:
        """The answers, a microsecond each."""
        task = kernel.machine.task("echo")

        def answer() -> Activity:
            yield from task.run(compute_ns=1000 * config.times)

        def recording() -> Recording:
            return Recording(
                counters={"requests": config.times},
                levels={"duration_ns": kernel.machine.clock.now},
            )

        return Program([answer()], recording)
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the product."""
    for wing in WINGS:
        shutil.copytree(ROOT / wing, tmp_path / wing, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def changed(copy: Path) -> set[str]:
    """The files of the product that are other in the copy, or only there."""
    files = {file for wing in WINGS for file in (copy / wing).rglob("*.py")}
    relative = {file.relative_to(copy).as_posix(): file for file in files}
    return {
        path
        for path, file in relative.items()
        if not (ROOT / path).is_file() or file.read_bytes() != (ROOT / path).read_bytes()
    }


def change(copy: Path, path: str, old: str, new: str) -> None:
    text = (copy / path).read_text("utf-8")
    assert text.count(old) == 1, (path, old)
    (copy / path).write_text(text.replace(old, new), "utf-8")


def forksim(copy: Path, *arguments: str) -> tuple[str, str]:
    """What the copy's command prints on standard output and standard error."""
    program = "from experiments.commands.cli import main; main()"
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", program, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def metrics(output: str) -> dict[str, Any]:
    (point,) = json.loads(output)["points"]
    found: dict[str, Any] = point["metrics"]
    return found


def test_a_kind_of_fault_touches_three_files(copy: Path) -> None:
    for path, old, new in SWAP_IN:
        change(copy, path, old, new)
    assert len(changed(copy)) == 3
    (copy / "a.yaml").write_text(SCRIPT)
    output, told = forksim(copy, "run", "a.yaml", "--json")
    found = metrics(output)
    # Counted: ten first reads find no zero page, but a page on the device.
    assert mean(found["faults/swap_in"]) == 10
    assert mean(found["faults/zero_map"]) == 0
    # Priced, as the profile's file does not say otherwise; which is said.
    assert mean(found["steps/002_P_read/took_ns"]) > 10 * 90_000
    assert "swap_in_ns is left out: assumed 90000 ns (a read of 4 KiB from an NVMe drive)" in told
    # Shown: on the terminal as in the files.
    shown, _ = forksim(copy, "run", "a.yaml")
    assert "swap in" in " ".join(shown.split())
    assert "faults/swap_in" in (copy / "runs/swapping/table.csv").read_text()


def test_a_program_is_a_file_and_its_name_in_the_registry(copy: Path) -> None:
    (copy / "workloads/programs/echo.py").write_text(ECHO)
    registry = "workloads/registry.py"
    script = "from workloads.programs.script import Script\n"
    change(copy, registry, script, f"from workloads.programs.echo import Echo\n{script}")
    change(copy, registry, "Sqlite(), ", "Sqlite(), Echo(), ")
    assert changed(copy) == {"workloads/programs/echo.py", registry}
    listed, _ = forksim(copy, "list")
    assert "Echo: answers as often as it is told to" in listed
    (copy / "a.yaml").write_text(
        "forksim: 1\nname: echo\nworkload: {kind: echo, times: 7}\nfork: {kind: classic}\n"
    )
    output, _ = forksim(copy, "run", "a.yaml", "--json")
    assert mean(metrics(output)["requests"]) == 7


def mean(metric: Any) -> float:
    """Of a metric as JSON has it."""
    return float(metric["mean"] if isinstance(metric, dict) else metric)
