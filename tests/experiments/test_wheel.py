"""What is shipped works where nothing else of the project is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
OF_THE_COMMAND_LINE = (
    "test_command.py",
    "test_calibrate_command.py",
    "test_explain.py",
    "test_faults_told.py",
    "test_fork_command.py",
    "test_paper_command.py",
    "test_plan_command.py",
    "test_trace_command.py",
)


def call(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed; it knows nothing of this tree."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(  # noqa: S603 - our own
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources that is gone afterwards."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    packages = ("sim", "models", "workloads", "experiments", "results")
    for name in (*packages, "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        sources.mkdir(exist_ok=True)
        copy(ROOT / name, sources / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir")
    call(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, sources, cwd=folder)
    shutil.rmtree(sources)
    (built,) = folder.glob("forksim-*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, its dependencies, and no forksim else."""
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin/python"
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(call(python, "-c", query, cwd=folder).strip())
    # A plain line of a .pth adds the folder but not what its own .pth files would, among them
    # the one that leads to this tree.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    missing = (
        "import importlib.util as u; assert u.find_spec('simpy'); assert not u.find_spec('sim')"
    )
    call(python, "-c", missing, cwd=folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    call(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return python


def test_the_wheel_passes_the_tests_of_the_command_line(python: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    tests = [f"tests/experiments/{name}" for name in OF_THE_COMMAND_LINE]
    options = ("-x", "-p", "no:cacheprovider", "-m", "not full")
    told = call(python, "-m", "pytest", *options, *tests, cwd=tmp_path)
    assert " passed" in told
    where = call(python, "-c", "import sim; print(sim.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(python.parents[1])


def test_the_command_is_there_and_finds_its_data(python: Path, tmp_path: Path) -> None:
    forksim = python.with_name("forksim")
    listed = call(forksim, "list", cwd=tmp_path)
    for name in ("redis", "on_demand", "epyc-7302p-linux-5.6", "redis_replay.yaml"):
        assert name in listed
    folder = Path(listed.rpartition("examples are in ")[2].strip())
    call(forksim, "run", folder / "afl_measured.yaml", "--out", "out", cwd=tmp_path)
    assert (tmp_path / "out/figure.png").stat().st_size > 1000
