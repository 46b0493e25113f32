"""``forksim calibrate info``: a profile scaled to one fork that an operator has seen."""

from __future__ import annotations

from typing import Any

from experiments.calibration.profile_file import write_profile
from experiments.commands.calibrate_fit import base_profile, profile_path
from experiments.commands.printing import print_json, say
from experiments.language.errors import InputError, Position, shown
from models.calibration.one_fork import scaled_document
from models.costs.profile import profile_from
from results.metrics import formatting
from sim.units import parse_bytes, parse_duration
from workloads.traces.formats.redis_info import read_info
from workloads.traces.reading.text import TraceError


def main(
    info: str | None,
    out: str,
    *,
    fork_time: str | None,
    size: str | None,
    kernel: str | None,
    based_on: str,
    as_json: bool,
) -> int:
    """Scale the profile, say by how much, write it; 0.

    Raises:
        InputError: the file, an option or a name is wrong.
    """
    base = base_profile(based_on)
    fork_ns, size_bytes, source = _seen(info, fork_time, size)
    path = profile_path(out)
    release = kernel or base.kernel
    try:
        document, factor = scaled_document(
            base,
            fork_ns=fork_ns,
            size_bytes=size_bytes,
            source=source,
            name=path.stem,
            kernel=release,
        )
        profile_from(document, "--kernel")
    except ValueError as error:
        raise InputError(f"{source}: {error}") from None
    command = f"forksim calibrate info --kernel {release} --out NAME"
    write_profile(path, document, command)
    if as_json:
        print_json({"profile": str(path), "factor": factor, "constants": document["constants"]})
    else:
        seen = f"{formatting.duration(fork_ns)} for {formatting.size(size_bytes)}"
        say(f"{seen}: an entry takes {factor:.3g} times what it takes on {base.name}")
        say("everything else is as there: see forksim calibrate host to measure it")
    say(f"wrote {path}", err=True)
    return 0


def _seen(info: str | None, fork_time: str | None, size: str | None) -> tuple[int, int, str]:
    """How long a fork took (ns) of how much memory (bytes), and who says so."""
    if info is None:
        if fork_time is None or size is None:
            wrong = "nothing to scale to: expected a file of INFO, or --fork-time and --size"
            raise InputError.at(Position("INFO"), wrong)
        return _read("--fork-time", fork_time), _read("--size", size), "--fork-time, --size"
    if fork_time is not None or size is not None:
        raise InputError.at(Position("INFO"), "expected either a file or --fork-time and --size")
    try:
        facts: dict[str, Any] = dict(read_info(info).facts())
    except TraceError as error:
        raise InputError(str(error)) from None
    fork_ns, resident = facts.get("latest_fork_ns"), facts.get("used_memory_rss_bytes")
    if not fork_ns or not resident:
        wrong = "no fork: expected latest_fork_usec above 0 and used_memory_rss"
        raise InputError.at(Position(info), wrong)
    return int(fork_ns), int(resident), f"{info}: latest_fork_usec, used_memory_rss"


def _read(option: str, text: str) -> int:
    reader = parse_duration if option == "--fork-time" else parse_bytes
    try:
        value = int(reader(text))
    except ValueError as error:
        raise InputError.at(Position(option), f"{shown(text)}: {error}") from None
    if value <= 0:
        raise InputError.at(Position(option), f"{shown(text)}: expected more than 0")
    return value
