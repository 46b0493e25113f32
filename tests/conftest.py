"""What holds for all tests."""

import signal
from collections.abc import Iterator

import processes
import pytest
from hypothesis import settings

# The shell gives a background job an ignored SIGINT (`nohup make test &`), which every process
# that a test starts would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Failed comparisons in modules that tests share show what differs too.
pytest.register_assert_rewrite("driven_memory", "memory_comparison", "memory_inspection")

# A red test says something about the change, not about the day; `make test-full` looks further.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("random", derandomize=False)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    yield
    processes.end_all()


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands start processes only where a test asks for them: a start takes a second."""
    monkeypatch.setenv("FORKSIM_JOBS", "1")
