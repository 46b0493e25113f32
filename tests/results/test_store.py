"""A record in the store is whole or absent, whatever happened to its file."""

import errno
import os
import resource
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_ISDIR
from typing import Any
from unittest.mock import MagicMock

import pytest
from own_disk import own_disk
from run_samples import redis

from results.records.record import Record
from results.records.store import Failure, Store

RECORD = redis("classic")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_an_empty_store_reads_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "points")
    assert store.read(RECORD.id) is None
    assert not store.has(RECORD.id)
    assert list(store.ids()) == []
    assert not store.path.exists()


def test_written_records_are_read_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "a" / "points")
    file = store.write(RECORD)
    assert file.read_bytes() == RECORD.to_bytes()
    assert names(store.path) == [f"{RECORD.id}.json"]
    read = store.read(RECORD.id)
    assert read is not None
    assert read.to_bytes() == RECORD.to_bytes()
    assert list(store.ids()) == [RECORD.id]


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "other"])
def test_a_damaged_record_is_set_aside_and_absent(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    file = store.write(RECORD)
    data = bytearray(file.read_bytes())
    if damage == "truncate":
        del data[len(data) // 2 :]
    elif damage == "flip":
        data[len(data) // 3] ^= 4
    elif damage == "empty":
        data.clear()
    else:
        data = bytearray(redis("huge").to_bytes())
    file.write_bytes(data)
    assert store.read(RECORD.id) is None
    assert names(tmp_path) == [f"{RECORD.id}.json.corrupt"]
    assert (tmp_path / f"{RECORD.id}.json.corrupt").read_bytes() == bytes(data)
    store.write(RECORD)
    assert store.has(RECORD.id)


def test_a_second_damaged_record_does_not_overwrite_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for text in (b"one", b"two", b"three"):
        store.file_of(RECORD.id).write_bytes(text)
        assert not store.has(RECORD.id)
    kept = [file.read_bytes() for file in tmp_path.glob("*.corrupt")]
    assert sorted(kept) == [b"one", b"three", b"two"]


def test_a_leftover_temporary_file_is_no_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    left = tmp_path / f".{RECORD.id}.json.0011223344556677.tmp"
    left.write_bytes(RECORD.to_bytes()[:100])
    assert store.read(RECORD.id) is None
    assert list(store.ids()) == []
    store.write(RECORD)
    assert store.has(RECORD.id)
    assert left.exists()


STEPS = ("mkdir", "open", "write", "flush", "fsync", "replace", "folder")


def fail_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this step of every write say that the disk is full."""

    def no_space(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    def failing_if(condition: Callable[..., bool], call: Callable[..., Any]) -> Any:
        return lambda *arguments, **named: (
            no_space() if condition(*arguments) else call(*arguments, **named)
        )

    if step == "mkdir":
        monkeypatch.setattr(Path, step, no_space)
    elif step == "replace":
        monkeypatch.setattr(os, step, no_space)
    elif step == "open":
        creates = failing_if(lambda _, flags, *__: bool(flags & os.O_CREAT), os.open)
        monkeypatch.setattr(os, step, creates)
    elif step in ("fsync", "folder"):
        of_folder = step == "folder"
        synced = failing_if(lambda opened: S_ISDIR(os.fstat(opened).st_mode) == of_folder, os.fsync)
        monkeypatch.setattr(os, "fsync", synced)
    else:
        fdopen = os.fdopen

        def open_failing(*arguments: Any) -> Any:
            stream = fdopen(*arguments)
            failing = MagicMock(wraps=stream)
            failing.__enter__.return_value = failing
            failing.__exit__.side_effect = lambda *_: stream.close()
            getattr(failing, step).side_effect = no_space
            return failing

        monkeypatch.setattr(os, "fdopen", open_failing)


@pytest.mark.parametrize("step", STEPS)
def test_a_full_disk_at_any_step_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = Store(tmp_path)
    store.write(RECORD)
    with monkeypatch.context() as patch:
        fail_at(step, patch)
        with pytest.raises(OSError, match="No space left"):
            store.write(RECORD)
        with pytest.raises(OSError, match="No space left"):
            store.write(redis("huge"))
    assert store.has(RECORD.id)
    assert names(tmp_path)[0][0] != "."
    # Only the sync of the folder comes after the record is whole and in its place.
    assert store.has(redis("huge").id) == (step == "folder")
    store.write(redis("huge"))
    assert store.has(redis("huge").id)


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_record_that_the_disk_takes_only_in_part_is_absent(tmp_path: Path, share: float) -> None:
    store = Store(tmp_path)
    store.write(RECORD)
    other = redis("huge")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel itself stops the write in the middle; Python hears of it as of a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * len(other.to_bytes())), hard))
    try:
        with pytest.raises(OSError, match=rf"File too large: '.*{other.id}\.json'$"):
            store.write(other)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == [f"{RECORD.id}.json"]
    assert store.has(RECORD.id)
    assert not store.has(other.id)


@pytest.mark.processes
def test_a_full_file_system(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with own_disk(disk, "64k"):
        store = Store(disk / "points")
        store.write(RECORD)
        (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free))
        with pytest.raises(OSError, match="No space left"):
            store.write(redis("huge"))
        assert store.read(RECORD.id) is not None
        assert names(store.path) == [f"{RECORD.id}.json"]


def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        Store(tmp_path / "file" / "points").make_ready()


def test_what_dead_writers_left_is_removed_and_what_others_write_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "points", tmp_path / "wall")
    store.write(RECORD)
    store.write_wall(RECORD.id, 1)
    old, new = (tmp_path / "points" / f".{RECORD.id}.json.{n}.tmp" for n in (1, 2))
    wall = tmp_path / "wall" / f".{RECORD.id}.json.3.tmp"
    for file in (old, new, wall):
        file.touch()
    for file in (old, wall):
        os.utime(file, (0, 0))
    assert store.leftovers() == [old, new, wall]
    store.make_ready()
    assert store.leftovers() == [new]
    assert store.has(RECORD.id)
    assert names(tmp_path / "points") == [new.name, f"{RECORD.id}.json"]


def test_a_record_written_anew_while_the_damaged_one_is_set_aside_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    file = store.write(RECORD)
    file.write_bytes(b"damaged")
    rename = Path.rename

    def other_is_faster(path: Path, target: Path) -> Path:
        monkeypatch.undo()
        rename(path, path.with_name("elsewhere"))
        store.write(RECORD)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", other_is_faster)
    read = store.read(RECORD.id)
    assert read is not None
    assert read.to_bytes() == file.read_bytes() == RECORD.to_bytes()
    assert names(tmp_path) == [f"{RECORD.id}.json", "elsewhere"]


def test_a_failure_is_kept_until_the_record_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    failure = Failure("seed=1", "ArithmeticError: \udcff", "Traceback\n  two lines\n")
    store.write_failure(RECORD.id, failure)
    told = Failure("seed=1", "ArithmeticError: \\udcff", "Traceback\n  two lines\n")
    assert list(store.failures()) == [(RECORD.id, told)]
    store.write(RECORD)
    assert list(store.failures()) == []
    assert names(tmp_path) == [f"{RECORD.id}.json"]


def test_many_writers_and_readers_of_one_point(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(RECORD)

    def write_and_read(turn: int) -> Record | None:
        if turn % 2:
            Store(tmp_path).write(RECORD)
        return Store(tmp_path).read(RECORD.id)

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(write_and_read, range(64)))
    assert {record.to_bytes() for record in read if record} == {RECORD.to_bytes()}
    assert None not in read
    assert names(tmp_path) == [f"{RECORD.id}.json"]


@pytest.mark.parametrize("id_", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_ids_name_files(tmp_path: Path, id_: str) -> None:
    with pytest.raises(ValueError, match="not the id of a record"):
        Store(tmp_path).file_of(id_)


def test_wall_time_stands_apart_from_the_records(tmp_path: Path) -> None:
    store = Store(tmp_path)
    file = store.write(RECORD)
    before = file.read_bytes()
    assert store.read_wall(RECORD.id) is None
    store.write_wall(RECORD.id, 1.23456)
    assert store.read_wall(RECORD.id) == 1.235
    assert file.read_bytes() == before
    assert list(store.ids()) == [RECORD.id]
    assert names(tmp_path) == [f"{RECORD.id}.json", "wall"]
    (tmp_path / "wall" / f"{RECORD.id}.json").write_text("{")
    assert store.read_wall(RECORD.id) is None
    elsewhere = Store(tmp_path / "points", tmp_path / "times")
    elsewhere.write_wall(RECORD.id, 2)
    assert names(tmp_path / "times") == [f"{RECORD.id}.json"]
    assert not elsewhere.path.exists()


@pytest.mark.parametrize("seconds", ["1" + 400 * "0", "NaN", "Infinity", "-1", "[]", '"x"'])
def test_what_is_no_wall_time_is_none(tmp_path: Path, seconds: str) -> None:
    store = Store(tmp_path)
    store.write_wall(RECORD.id, 1)
    (tmp_path / "wall" / f"{RECORD.id}.json").write_text(f'{{"wall_s": {seconds}}}')
    assert store.read_wall(RECORD.id) is None
