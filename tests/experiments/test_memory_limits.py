"""``--memory``: a point that needs more fails in one line, and nothing else does."""

from __future__ import annotations

import errno
import resource
from pathlib import Path

import numpy as np
import pytest
from processes import done, start

from experiments.execution.executors.memory_limit import MemoryLimit, is_want_of_memory
from experiments.language.catalogue import EXAMPLES
from results.records.store import Store


@pytest.mark.processes
@pytest.mark.parametrize("memory", ["0B", "700KiB", "3MiB"])
def test_a_point_that_needs_more_is_one_line(tmp_path: Path, memory: str) -> None:
    run = ("run", str(EXAMPLES / "mix.yaml"), "--memory", memory, "--jobs", "1", "--out", "out")
    grid = ("--set", "sweep.0.grid={fork.kind: [classic, on_demand], seed: [1, 2]}")
    code, stdout, stderr = done(start("forksim_with_fake.py", *run, *grid, folder=tmp_path))
    assert (code, stdout) == (1, "")
    failed = [line for line in stderr.splitlines() if line.startswith("point ")]
    assert len(failed) == 4
    assert all(
        "Error" in line and "(--memory) (traceback in out/points/" in line for line in failed
    )
    said = [line for line in stderr.splitlines() if not line.startswith("note: ")]
    assert said == [*failed, "results in out"]
    assert len(list(Store(tmp_path / "out/points").failures())) == 4


def test_the_limit_is_for_as_long_as_it_lasts() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    # So much that whatever else this process frees meanwhile makes no room for it.
    with pytest.raises(MemoryError), MemoryLimit(2**20):
        np.empty(2**34, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with MemoryLimit(2**27):
        np.ones(2**26, np.uint8)
    with MemoryLimit(None):
        np.ones(2**26, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_the_limit_is_lifted_though_everything_is_taken() -> None:
    """What was allocated under it is still held when its end is reached."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    held: list[bytes] = []
    with pytest.raises(MemoryError), MemoryLimit(2**23):
        while True:
            held.append(bytes(1000))
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(held) > 1000


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("a.so: failed to map segment from shared object"), True),
        (ImportError("a.so: cannot map zero-fill pages"), True),
        (ImportError("no module"), False),
        (OSError(errno.ENOENT, "No such file"), False),
        (ValueError("memory"), False),
    ],
)
def test_what_says_that_memory_is_wanting(error: Exception, is_so: bool) -> None:
    assert is_want_of_memory(error) == is_so
