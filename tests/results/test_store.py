"""A record in the store is whole or absent, whatever happened to its file."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from run_samples import redis

from results.record import Record
from results.store import Store

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


def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.write(RECORD)

    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        store.write(RECORD)
    assert names(tmp_path) == [f"{RECORD.id}.json"]
    assert store.has(RECORD.id)


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
