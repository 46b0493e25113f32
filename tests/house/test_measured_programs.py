"""The programs that measured constants are there, and compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks/measured"
PROGRAMS = sorted(file.name for file in FOLDER.glob("*.c"))
NAMED = re.compile(r"\w+\.c\b")


def test_every_program_that_is_named_is_there_and_told_in_the_readme() -> None:
    medians = (ROOT / "models/calibration/measured_medians.csv").read_text("utf-8")
    decisions = (ROOT / "docs/decisions.md").read_text("utf-8")
    assert set(NAMED.findall(medians)) == {"sparse_fork.c", "first_fault.c"}
    named = {name for name in NAMED.findall(decisions) if name in PROGRAMS}
    assert named == set(PROGRAMS)
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert set(NAMED.findall(readme)) == set(PROGRAMS)


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_compiles_as_its_head_says(name: str, tmp_path: Path) -> None:
    program = name.removesuffix(".c")
    assert f"cc -O2 -o {program} {name} && ./{program}" in (FOLDER / name).read_text("utf-8")
    command = ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / program), name]
    subprocess.run(command, cwd=FOLDER, check=True)  # noqa: S603
