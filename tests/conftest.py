"""What holds for all tests."""

import pytest


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands start processes only where a test asks for them: a start takes a second."""
    monkeypatch.setenv("FORKSIM_JOBS", "1")
