"""What holds for all tests."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import NoReturn

import processes
import pytest
from hypothesis import Phase, settings
from matplotlib.figure import Figure

# The shell gives a background job an ignored SIGINT, and nohup an ignored SIGHUP (`nohup make test
# &`), which every process that a test starts would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Failed comparisons in modules that tests share show what differs too.
pytest.register_assert_rewrite("driven_memory", "memory_comparison", "memory_inspection")

# A red test says something about the change, not about the day; `make test-full` looks further.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("random", derandomize=False)
# That a test fails is enough for `make mutants`; the smallest example takes minutes to find.
settings.register_profile(
    "unshrunk", derandomize=True, phases=(Phase.explicit, Phase.generate), print_blob=False
)
settings.load_profile("repeatable")

SLOW: dict[str, list[tuple[type, str]]] = {
    "processes": [(subprocess.Popen, "__init__"), (BaseProcess, "start")],
    "figures": [(Figure, "savefig")],
}
"""Markers of what `make test-quick` leaves out, and what only tests with the marker may call."""

HOURS = 3600
"""Seconds that a test named `full` may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("full") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(HOURS))


def _refusal(marker: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail(f"a test that does this needs the marker '{marker}'")

    return refuse


@pytest.fixture(autouse=True)
def _does_what_its_markers_say(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for marker, calls in SLOW.items():
        if not request.node.get_closest_marker(marker):
            for owner, name in calls:
                monkeypatch.setattr(owner, name, _refusal(marker))


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    yield
    processes.end_all()


@pytest.fixture(autouse=True)
def _as_wide_as_it_is_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width of the terminal that tests are started from changes nothing."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands start processes only where a test asks for them: a start takes a second."""
    monkeypatch.setenv("FORKSIM_JOBS", "1")
