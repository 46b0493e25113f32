"""Files are whole or absent, and nobody's link decides where they go."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from stat import S_ISFIFO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results.records.whole_file import make_folder, new_file, whole_file, write_whole


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder that a link may lead to, with a file."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "file").write_bytes(b"dear")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("target", ["victim/file", "victim/new", "nowhere/new", "link"])
def test_a_link_under_the_name_is_replaced(tmp_path: Path, victim: Path, target: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, b"own")
    assert not link.is_symlink()
    assert link.read_bytes() == b"own"
    assert content(victim) == {"file": b"dear"}


def test_a_hard_link_under_the_name_is_replaced(tmp_path: Path, victim: Path) -> None:
    link = tmp_path / "link"
    link.hardlink_to(victim / "file")
    with new_file(link) as stream:
        stream.write(b"own")
    assert content(victim) == {"file": b"dear"}
    assert link.read_bytes() == b"own"


@pytest.mark.parametrize("place", ["own", "own/deep"])
def test_folders_below_the_named_one_may_not_be_links(
    tmp_path: Path, victim: Path, place: str
) -> None:
    root = tmp_path / "root"
    link = root / place
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    for below in ("", "/new"):
        folder = root / f"{place}{below}"
        with pytest.raises(OSError, match="a link, which is not followed") as caught:
            write_whole(folder / "file", b"own", root=root)
        assert caught.value.errno == errno.ELOOP
        assert caught.value.filename == str(folder)
        with pytest.raises(OSError, match="a link, which is not followed"):
            make_folder(folder, root)
    assert content(victim) == {"file": b"dear"}


def test_the_named_folder_may_be_a_link(tmp_path: Path, victim: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(victim)
    write_whole(link / "points" / "one", b"1", root=link)
    write_whole(link / "two", b"2")
    assert (victim / "points" / "one").read_bytes() == b"1"
    assert (victim / "two").read_bytes() == b"2"


def test_the_folder_of_a_named_file_is_not_made(tmp_path: Path) -> None:
    for write in (lambda file: write_whole(file, b""), new_file):
        with pytest.raises(FileNotFoundError):
            write(tmp_path / "no" / "file")
    assert not list(tmp_path.iterdir())


def test_a_pipe_and_an_open_file_get_the_bytes_as_they_come(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join()
    assert read == [b"through"]
    assert S_ISFIFO(pipe.stat().st_mode)
    target = tmp_path / "target"
    with target.open("wb") as stream:
        for name in (f"/proc/self/fd/{stream.fileno()}", f"/dev/fd/{stream.fileno()}"):
            write_whole(Path(name), name.encode())
            assert target.read_bytes() == name.encode()
    link = tmp_path / "link"
    link.symlink_to(pipe)  # whoever plants a link to a device does not get at it
    write_whole(link, b"own")
    assert link.read_bytes() == b"own"
    write_whole(Path("/dev/null"), b"nothing")
    assert Path("/dev/null").is_char_device()


def test_a_pipe_in_a_folder_of_ours_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    write_whole(tmp_path / "pipe", b"own", root=tmp_path)
    assert (tmp_path / "pipe").read_bytes() == b"own"


def test_what_is_raised_meanwhile_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(file) as stream:
        stream.write(b"new")
        assert content(tmp_path)["file"] == b"old"
        raise KeyboardInterrupt
    assert content(tmp_path) == {"file": b"old"}


@pytest.mark.parametrize("length", [1, 40, 41, 255])
def test_any_name_that_a_file_can_have(tmp_path: Path, length: int) -> None:
    for letter in ("a", "\N{GREEK SMALL LETTER MU}"):
        file = tmp_path / (letter * (length // len(letter.encode())) or letter)
        write_whole(file, b"own")
        assert file.read_bytes() == b"own"


_NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)


@given(
    links=st.lists(st.tuples(_NAMES, st.booleans()), max_size=3),
    written=st.lists(_NAMES, min_size=1, max_size=4),
)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_is_written_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
    links: list[tuple[list[str], bool]],
    written: list[list[str]],
) -> None:
    """Links planted anywhere below a folder, and files written anywhere below it."""
    base = tmp_path_factory.mktemp("base")
    root, elsewhere = base / "root", base / "elsewhere"
    for folder in (root, elsewhere / "a" / "b"):
        folder.mkdir(parents=True)
    (elsewhere / "file").write_bytes(b"dear")
    for names, to_folder in links:
        link = root.joinpath(*names)
        if not any(parent.is_symlink() for parent in link.parents) and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(elsewhere if to_folder else elsewhere / "file")
    before = sorted(elsewhere.rglob("*"))
    for names in written:
        file = root.joinpath(*names)
        try:
            write_whole(file, b"own", root=root)
        except OSError as error:
            assert error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
        else:
            assert file.read_bytes() == b"own"
            assert file.resolve().is_relative_to(root.resolve())
    assert sorted(elsewhere.rglob("*")) == before
    assert (elsewhere / "file").read_bytes() == b"dear"
