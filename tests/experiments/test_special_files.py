"""Names of what is no file end in one line, wherever a file is named, and wait for nobody."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_program import EXAMPLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.commands.cli import main
from sim.regular_file import open_regular, read_regular

SPECIAL = [
    *(
        "/proc/self/mem",
        "/proc/self/pagemap",
        "/proc/self/maps",
        "/proc/kmsg",
        "/proc",
        "/dev/zero",
    ),
    *("/dev/null", "/dev/full", "/dev/random", "/dev/tty", "/dev/stdin", "/dev/fd/99", "."),
    *("pipe", "socket", "link to a pipe", "link to itself", "unreadable/below", "a\0b", ""),
]
NAMING = {
    "experiment": ["validate", "%s"],
    "to run": ["run", "%s"],
    "trace": ["trace", "inspect", "%s"],
    "named trace": ["trace", "inspect", "%s", "--format", "csv"],
    "to convert": ["trace", "convert", "%s"],
    "of an experiment": ["validate", "a.yaml", "--set", "workload={kind: redis, dataset: 1MiB, "
                         "clients: {kind: trace, path: '%s'}}"],
    "profile": ["validate", "a.yaml", "--set", "machine.profile='%s'"],
    "machine": ["explain", "classic", "--profile", "%s"],
    "run": ["compare", "%s"],
    "status": ["status", "%s"],
}  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(EXAMPLE)
    os.mkfifo("pipe")
    Path("link to a pipe").symlink_to("pipe")
    Path("link to itself").symlink_to("link to itself")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        yield tmp_path


@pytest.mark.timeout(60)
@pytest.mark.parametrize("naming", NAMING)
@pytest.mark.parametrize("special", SPECIAL)
def test_one_line(here: Path, naming: str, special: str) -> None:
    command = [word % special if "%s" in word else word for word in NAMING[naming]]
    result = CliRunner().invoke(main, command)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 2, result.output
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    assert "Errno" not in result.stderr
    assert "expected " in result.stderr or "no profile" in result.stderr


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(before=st.binary(max_size=99), later=st.lists(st.binary(max_size=9), max_size=9))
def test_a_file_is_read_to_the_size_it_had(
    tmp_path: Path, before: bytes, later: list[bytes]
) -> None:
    file = tmp_path / "grows"
    file.write_bytes(before)
    digest, read = sha256(), b""
    with open_regular(file, digest) as stream:
        for more in later:
            with file.open("ab") as end:
                end.write(more)
            read += stream.read1(7)
        read += stream.read()
    assert read == before
    assert digest.digest() == sha256(before).digest()
    assert read_regular(file) == before + b"".join(later)


def test_a_file_that_shrinks_ends_where_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "shrinks"
    file.write_bytes(b"a" * 9)
    with open_regular(file) as stream:
        os.truncate(file, 4)
        assert stream.read() == b"aaaa"


def test_a_pipe_with_a_writer_is_not_read_either(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = os.open(pipe, os.O_RDWR)
    try:
        before = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(9):
            with pytest.raises(OSError, match="not a file"):
                open_regular(pipe)
        assert (threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))) == before
    finally:
        os.close(writing)
