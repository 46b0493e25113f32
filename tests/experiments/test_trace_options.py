"""What an experiment says beside the path of a trace: format, damage, columns, unit."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from experiments.commands.cli import main
from experiments.language.catalogue import catalogue
from experiments.language.document import load
from experiments.planning.points import Point, plan
from workloads.programs.apache.config import ApacheConfig, TraceClients
from workloads.programs.redis.config import RedisConfig
from workloads.traces.kinds.access_trace import AccessTrace
from workloads.traces.kinds.key_trace import KeyTrace
from workloads.traces.registry import open_as

APACHE = "{kind: apache, clients: {kind: trace, path: access.log%s}}"
LOG = """\
10.0.0.1 - - [24/Oct/2026:02:59:58 +0200] "GET /a HTTP/1.1" 200 5 "-" "x" 1200 7
10.0.0.2 - - [24/Oct/2026:02:59:59 +0200] "GET /a"b HTTP/1.1" 404 5 "-" "x" 300 8
10.0.0.3 - - [24/Oct/2026:03:00:00 +0200] "GET /c HTTP/1.1" 200 5 "-" "x" 900 9
"""
COLUMNS = ", columns: [referer, agent, service, pid], unit: us, skip_damaged: 1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "access.log").write_text(LOG)
    return tmp_path


def write(options: str, workload: str = APACHE) -> Path:
    file = Path("a.yaml")
    file.write_text(
        f"forksim: 1\nname: a\nworkload: {workload % options}\nfork: {{kind: classic}}\n"
    )
    return file


def validate(options: str, workload: str = APACHE) -> Result:
    return CliRunner().invoke(main, ["validate", str(write(options, workload))])


def point(options: str) -> Point:
    (found,) = plan(load(write(options)), Path(), catalogue()).points
    return found


def test_a_program_gets_what_is_said(here: Path) -> None:
    assert validate("").exit_code == 2
    result = validate(COLUMNS)
    note = "note: access.log: 1 line skipped: damaged: bad request\n"
    assert (result.exit_code, result.stderr) == (0, note)
    config = point(COLUMNS).workload
    assert isinstance(config, ApacheConfig)
    assert isinstance(config.clients, TraceClients)
    trace = open_as(AccessTrace, config.clients.path, config.clients.reading)
    assert trace.service_ns.tolist() == [1_200_000, 900_000]
    assert trace.accounting.skipped == {"damaged: bad request": 1}


def test_the_same_file_read_otherwise_is_another_point(here: Path) -> None:
    options = (", skip_damaged: 1", ", skip_damaged: 2", ", skip_damaged: 1, unit: us", COLUMNS)
    assert len({point(one).id for one in options}) == len(options)
    assert point(COLUMNS).digests == point(", skip_damaged: 1").digests


def test_notes_go_with_what_is_said(here: Path) -> None:
    assert "note: access.log: no service times are read" in validate(", skip_damaged: 1").stderr
    assert "service" not in validate(", skip_damaged: 1, unit: us").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (", format: csv", "access.log:1:1: bad header:"),
        (", format: access_lgo", "expected one of redis_monitor,"),
        (", unit: h", "workload.clients.unit: "),
        (", log_format: combned", "log_format: expected directives of Apache's (%t) or"),
        (", log_format: '%h %t %Y'", "log_format: '%Y': expected a directive of Apache's"),
        (", log_format: '%t %h', unit: s", "unit beside a log format without a service time"),
        (", columns: 5", "workload.clients.columns: 5: expected the names of all columns in a"),
        (", columns: {key: 0}", "workload.clients.columns: "),
        (", columns: {key: true}", "workload.clients.columns: "),
        (", columns: {kind: trace}", "access.log:1:1: a service time that is not clear"),
        (", operations: {0: gte}", "operations: 'gte' for '0': expected read, write or"),
        (", operations: memcached", "expected a mapping of codes to operations such as {0: get"),
        (", rate: 5", "workload.clients.rate: 5: expected"),
        (", rate: 5/s", "access.log:1:1: rate said of a trace of format access_log: expected"),
        (", skip_damaged: -1", "workload.clients.skip_damaged: "),
        (", skip_damaged: 1, unit: us, columns: [a]", "a service time that is not clear"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_said(here: Path, options: str, said: str) -> None:
    result = validate(options)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("a.yaml:3:")
    assert said in line


FORMAT = (
    ", skip_damaged: 1, log_format: "
    r"""'%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %D %P'"""
)


@pytest.mark.parametrize(
    ("options", "service_ns"),
    [
        (FORMAT, [1_200_000, 900_000]),
        (FORMAT + ", columns: {service_ms: '%D'}", [1_200_000_000, 900_000_000]),
        (FORMAT + ", columns: {service_us: '%P'}", [7000, 9000]),
        (FORMAT + ", columns: {service: 11}, unit: s", [7 * 10**9, 9 * 10**9]),
        (", skip_damaged: 1, columns: {service_us: 4}", [7000, 9000]),
    ],
)
def test_a_log_format_is_handed_to_the_reader(
    here: Path, options: str, service_ns: list[int]
) -> None:
    config = point(options).workload
    assert isinstance(config, ApacheConfig)
    assert isinstance(config.clients, TraceClients)
    trace = open_as(AccessTrace, config.clients.path, config.clients.reading)
    assert trace.service_ns.tolist() == service_ns


REDIS = "{kind: redis, dataset: 1MiB, clients: {kind: trace, path: access.log%s}}"


def test_codes_rates_and_places_are_handed_to_the_reader(here: Path) -> None:
    Path("access.log").write_text("k1 1 4096\nk2 0 7\n")
    options = ", columns: {key: 1, op: 2, size: 3}, operations: {0: get, 1: set}, rate: 4 rps"
    (found,) = plan(load(write(options, REDIS)), Path(), catalogue()).points
    config = found.workload
    assert isinstance(config, RedisConfig)
    trace = open_as(KeyTrace, config.clients.path, config.clients.reading)  # type: ignore[union-attr] # they are of a trace
    assert trace.time_ns.tolist() == [0, 250_000_000]
    assert trace.is_write.tolist() == [True, False]
    assert trace.value_bytes.tolist() == [4096, 0]
    other = options.replace("4 rps", "5 rps")
    assert plan(load(write(other, REDIS)), Path(), catalogue()).points[0].id != found.id


@pytest.mark.parametrize(
    ("workload", "text"),
    [
        ("{kind: redis, dataset: 1MiB, clients: {kind: trace, path: access.log%s}}", "1,a\n2,b\n"),
        (
            "{kind: sqlite, database: 1MiB, log: {kind: trace, path: access.log%s}}",
            "Name,Duration (s),Result\n'a',2.1,passed\n",
        ),
    ],
)
def test_columns_of_csvs_can_be_named(here: Path, workload: str, text: str) -> None:
    Path("access.log").write_text(text)
    redis = "redis" in workload
    names = "time, key" if redis else "test, run, result"
    named = f", columns: [{names}], unit: {'ms' if redis else 's'}"
    assert validate("", workload).exit_code == 2
    assert validate(named, workload).exit_code == 0


def test_a_line_that_was_cut_is_told(here: Path) -> None:
    """A log that is still written, or was when the disk was full."""
    (here / "access.log").write_text(LOG.splitlines()[0] + "\n" + LOG[:40])
    result = validate(", columns: [referer, agent, service_us, pid]")
    assert result.stderr == "note: access.log: 1 line skipped: cut at the end of the file\n"
    assert result.exit_code == 0
