"""A trace that does not fit the program is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from experiments.commands.cli import main
from experiments.language.catalogue import EXAMPLES
from workloads.traces.registry import BUNDLED


def test_redis_refuses_an_access_log(tmp_path: Path) -> None:
    example = (EXAMPLES / "redis_replay.yaml").read_text("utf-8")
    named = "../../workloads/traces/data/redis_monitor.log.gz"
    assert named in example
    file = tmp_path / "wrong.yaml"
    file.write_text(example.replace(named, str(BUNDLED / "apache_common.log.gz")), "utf-8")
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["run", str(file), "--out", str(out)])
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{file}:9:32: workload.clients.path: ")
    assert "access_log" in line
    assert not out.exists()
