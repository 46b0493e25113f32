"""A record is waited for until it is on the disk, if simulating it again would take longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sweeps_of_fakes import expected, points_of

from experiments.execution.executors.attempt import Attempt, keep
from results.records.store import Store


@pytest.mark.parametrize(("wall_s", "waits"), [(0.0, 0), (0.099, 0), (0.1, 2), (60.0, 2)])
def test_the_file_and_its_folder_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wall_s: float, waits: int
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    (point,) = points_of("good", seeds=1)
    store = Store(tmp_path / "points")
    keep(Attempt(wall_s, expected((point,))[point.id]), point, store)
    assert store.has(point.id)
    assert len(synced) == waits
