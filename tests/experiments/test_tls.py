"""An encrypted Dask scheduler: only who has a certificate that it trusts reaches it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dask_commands import free_port, running
from fake_program import EXAMPLE
from processes import done, start
from refused_experiments import planned
from sweeps_of_fakes import content, expected

from experiments.commands.cli import main

OPTIONS = ("--tls-ca", "--tls-cert", "--tls-key")


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A certificate that vouches for itself, and its key, as files."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", f"/CN={name}"]
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command")
    subprocess.run([openssl, "req", *kind, *files], check=True, capture_output=True)  # noqa: S603
    return str(cert), str(key)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The address of an encrypted scheduler with a worker, and the files that it takes."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = certificate(folder, "cluster")
    address = f"tls://127.0.0.1:{free_port()}"
    files = ("--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key)
    with running(
        folder,
        ("scheduler", "--host", address, "--no-dashboard", *files),
        ("worker", address, "--nthreads", "1", "--local-directory", ".", *files),
    ):
        yield address, (cert, cert, key)


def run(folder: Path, address: str, *files: str) -> tuple[int, str, str]:
    """The example on a scheduler, with files for `OPTIONS`."""
    (folder / "a.yaml").write_text(EXAMPLE)
    options = [word for pair in zip(OPTIONS, files, strict=False) for word in pair]
    command = ("run", "a.yaml", "--json", "--scheduler", address, *options)
    return done(start("forksim_with_fake.py", *command, folder=folder))


@pytest.mark.processes
def test_a_run_on_an_encrypted_scheduler(
    tmp_path: Path, cluster: tuple[str, tuple[str, ...]]
) -> None:
    address, files = cluster
    code, stdout, stderr = run(tmp_path, address, *files)
    assert code == 0, stderr
    assert len(json.loads(stdout)["points"]) == 2
    assert all(line.startswith(("[", "results in")) for line in stderr.splitlines())
    assert content(tmp_path / "runs/fake-run/points") == expected(planned(EXAMPLE).points)


@pytest.mark.processes
def test_who_has_another_certificate_is_turned_away(
    tmp_path: Path, cluster: tuple[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, (ca, _, _) = cluster
    cert, key = certificate(tmp_path, "stranger")
    monkeypatch.setattr("experiments.execution.executors.dask._PATIENCE_S", 2.0)
    unencrypted = address.replace("tls", "tcp")
    for where, files in (
        (address, (cert, cert, key)),  # who trusts only itself
        (address, (ca, cert, key)),  # whom the scheduler does not trust
        (unencrypted, ()),
    ):
        result = forksim(tmp_path, where, *files)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        assert f"--scheduler:1:1: {where}: cannot be reached: expected a running" in result.stderr


def forksim(folder: Path, address: str, *files: str | None) -> Result:
    (folder / "a.yaml").write_text(EXAMPLE)
    options = [w for pair in zip(OPTIONS, files, strict=False) if pair[1] for w in pair]
    command = ["run", str(folder / "a.yaml"), "--out", str(folder / "out")]
    where = ["--scheduler", address] if address else []
    return CliRunner().invoke(main, [*command, *where, *map(str, options)])


@pytest.mark.processes
def test_files_and_addresses_that_do_not_go_together(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "one")
    _, other = certificate(tmp_path, "other")
    tls = "tls://127.0.0.1:9"
    expected_only = "expected only with --scheduler tls://HOST:8786"
    os.mkfifo(tmp_path / "pipe")
    for address, files, line in (
        ("", (cert,), f"--tls-ca:1:1: '{cert}"[:40]),
        ("tcp://127.0.0.1:9", (cert, cert, key), expected_only),
        ("local:2", (None, cert), expected_only),
        (tls, (), "--tls-ca:1:1: missing: expected with tls://, unless Dask's own configuration"),
        (tls, (cert,), "--tls-cert:1:1: missing: expected beside --tls-ca"),
        (tls, (None, cert, key), "--tls-ca:1:1: missing: expected beside --tls-cert, --tls-key"),
        (tls, ("no", cert, key), "--tls-ca:1:1: no: No such file or directory: expected PEM"),
        (tls, (cert, str(tmp_path), key), f"--tls-cert:1:1: {tmp_path}: not a file: expected PEM"),
        (tls, (cert, cert, str(tmp_path / "pipe")), "pipe: not a file: expected PEM"),
        (tls, (cert, cert, other), "expected PEM, and the certificate's own key"),
        (tls, (str(tmp_path / "a.yaml"), cert, key), "expected PEM, and the certificate's own key"),
    ):
        result = forksim(tmp_path, address, *files)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        assert line in result.stderr
