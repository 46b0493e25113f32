"""A file is read once, as long as it is the same, and what is kept has a limit."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
from samples import FORMAT_OF

from workloads.traces.kinds.trace import Trace
from workloads.traces.reading.kept_files import KeptFiles
from workloads.traces.registry import BUNDLED, array_bytes, open_as


class Reader:
    """Reads files as they are, kept up to ten bytes; `reads` has the names."""

    def __init__(self) -> None:
        self.kept = KeptFiles[bytes](10, len)
        self.reads: list[str] = []

    def __call__(self, path: Path, how: str = "whole") -> bytes:
        def read() -> bytes:
            self.reads.append(path.name)
            return path.read_bytes()

        return self.kept.content(path, how, read)


def files(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def test_a_file_is_read_once_by_whatever_name(tmp_path: Path) -> None:
    (file,) = files(tmp_path, one="12345")
    link = tmp_path / "link"
    link.symlink_to(file)
    reader = Reader()
    assert [reader(file), reader(file), reader(link)] == [b"12345"] * 3
    assert reader.reads == ["one"]
    reader(file, "otherwise")
    assert reader.reads == ["one", "one"]


@pytest.mark.parametrize("change", ["size", "content", "times set back", "replaced"])
def test_a_changed_file_is_read_again(tmp_path: Path, change: str) -> None:
    (file,) = files(tmp_path, one="12345")
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 10**9))
    reader = Reader()
    reader(file)
    known = file.stat()
    if change == "replaced":
        (other,) = files(tmp_path, other="54321")
        os.utime(other, ns=(known.st_atime_ns, known.st_mtime_ns))
        other.replace(file)
    else:
        file.write_text("123456" if change == "size" else "54321")
        if change == "times set back":
            while True:  # until the file system's clock has moved on
                os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))
                if file.stat().st_ctime_ns != known.st_ctime_ns:
                    break
    assert reader(file) == file.read_bytes() != b"12345"
    assert len(reader.reads) == 2


def test_the_limit_holds_for_all_together_and_what_was_used_last_stays(tmp_path: Path) -> None:
    one, two, three, huge = files(tmp_path, one="1111", two="2222", three="3333", huge="4" * 11)
    reader = Reader()
    for file in (one, two, one, three, one, three, two):
        reader(file)
    assert reader.reads == ["one", "two", "three", "two"]
    reader.reads.clear()
    assert reader(huge) == reader(huge) == b"4" * 11
    assert reader(two) == b"2222"
    assert reader.reads == ["huge", "huge"]


def test_what_changes_while_it_is_read_is_not_kept(tmp_path: Path) -> None:
    (file,) = files(tmp_path, one="12345")
    kept = KeptFiles[bytes](10, len)

    def slowly() -> bytes:
        text = file.read_bytes()
        file.write_text("123456")
        return text

    assert kept.content(file, None, slowly) == b"12345"
    assert kept.content(file, None, file.read_bytes) == b"123456"


def test_an_error_is_the_readers_and_nothing_is_kept(tmp_path: Path) -> None:
    reader = Reader()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            reader(tmp_path / "none")
    assert len(reader.reads) == 2


def test_threads_read_once(tmp_path: Path) -> None:
    (file,) = files(tmp_path, one="12345")
    reader = Reader()
    together = Barrier(4)

    def ask() -> None:
        together.wait()
        reader(file)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reader.reads == ["one"]


@pytest.mark.parametrize("name", sorted(FORMAT_OF.keys() - {"redis_info.txt.gz"}))
def test_traces_that_are_shared_cannot_be_changed(name: str) -> None:
    trace: Trace = open_as(object, BUNDLED / name)  # type: ignore[assignment]
    columns = [column for column in vars(trace).values() if isinstance(column, np.ndarray)]
    assert columns
    assert array_bytes(trace) == sum(column.size * column.itemsize for column in columns)
    for column in columns:
        assert not column.flags.writeable
    assert open_as(object, BUNDLED / name) is trace
