"""``forksim init``: a commented experiment to start from, like a server that is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.commands.printing import say
from experiments.forks.fork_choice import one_fork as fork_of
from experiments.forks.one_fork import JustFilled, one_fork, pause_if_scattered_ns, size_in_pages
from experiments.language.catalogue import Catalogue, catalogue, first_line
from experiments.language.commented import Comments, comment_lines, commented, inline
from experiments.language.document import Data, Route, parse
from experiments.language.errors import InputError, Position, suggestion
from experiments.language.fields import FieldGroup, fields_of
from experiments.language.schema import experiment_model
from experiments.planning.points import plan
from experiments.sweeps.overrides import override
from results.metrics import formatting
from results.records.whole_file import write_whole
from workloads.programs.redis.of_server import DescribedServer, described_server
from workloads.programs.redis.redis_conf import read_redis_conf
from workloads.traces.formats.redis_info import read_info
from workloads.traces.reading.text import TraceError

FORKS = ["classic", "on_demand"]
"""Those that a first run compares."""


def main(
    program: str,
    info: str | None,
    conf: str | None,
    settings: tuple[str, ...],
    out: str | None,
    *,
    force: bool,
) -> int:
    """Write the experiment; 0.

    Raises:
        InputError: there is no such program, a file or a setting is wrong, or the file is there.
    """
    known = catalogue()
    if program not in known.workloads:
        wrong = f"{program!r}{suggestion(program, known.workloads)}"
        raise InputError.at(Position("PROGRAM"), wrong)
    for option, file in (("--from-info", info), ("--from-conf", conf)):
        if file is not None and program != "redis":
            raise InputError.at(Position(option), f"{program}: expected redis")
    if out is not None and not force and Path(out).exists():
        what = f"{out} is there: expected a new file, or --force"
        raise InputError.at(Position("--out"), what)
    text = _text(program, known, _described(known.workloads[program].example, info, conf), settings)
    if out is None:
        for line in text.splitlines():
            say(line)
    else:
        write_whole(Path(out), text.encode("utf-8"))
        say(f"{out} is written: forksim run {out}")
    return 0


def _described(example: str, info: str | None, conf: str | None) -> DescribedServer:
    start = parse(example, Position("example")).data
    try:
        return described_server(
            start,
            None if info is None else read_info(info),
            None if conf is None else read_redis_conf(conf),
        )
    except TraceError as error:
        raise InputError(str(error)) from None


def _text(
    program: str, known: Catalogue, server: DescribedServer, settings: tuple[str, ...]
) -> str:
    data: dict[str, Any] = {
        "forksim": 1,
        "name": program,
        "machine": {"profile": known.profiles[0], "cores": 16},
        "workload": server.workload,
        "fork": {"kind": "classic"},
        "sweep": [{"grid": {"fork.kind": FORKS}}],
        "repetitions": 1,
        "seed": 1,
    }
    whole = parse(inline(data), Position("init"))
    document = override(whole, settings)
    planned = plan(document, Path(), known)
    comments: dict[Route, list[str]] = {
        ("workload", *way): texts for way, texts in server.comments.items()
    }
    if server.fork_ns and server.dataset_bytes:
        told = _last_fork(server.fork_ns, server.dataset_bytes, known)
        comments.setdefault(("machine", "profile"), []).append(told)
    lines = [
        *comment_lines(f"{first_line(known.workloads[program])}.", 0),
        *comment_lines("Run it: forksim run FILE. What begins with # and no blank is left out.", 0),
        *(line for remark in server.remarks for line in comment_lines(remark, 0)),
        *_lines(known, document.data, comments),
    ]
    for remark in planned.remarks:
        say(f"note: {remark}", err=True)
    return "\n".join([*lines, ""])


def _last_fork(fork_ns: int, dataset_bytes: int, known: Catalogue) -> str:
    """What the last fork took beside what it would take on the profile's machine."""
    scheme = fork_of("classic", None, (), known).scheme
    memory = JustFilled(size_in_pages(dataset_bytes))
    times = one_fork(scheme, memory).blocked_ns, pause_if_scattered_ns(scheme, memory)
    low, high = map(formatting.duration, times)
    return (
        f"INFO: latest_fork_usec, {formatting.duration(fork_ns)}; on this profile a fork of as "
        f"much takes {low}, or {high} if all its page frames are scattered."
    )


def _lines(known: Catalogue, data: Data, comments: Comments) -> Iterator[str]:
    """Every field of an experiment; those of the program as its own model has them."""
    group = fields_of(experiment_model(known))
    for field in group.fields:
        yield ""
        if field.name != "workload":
            yield from commented(FieldGroup(None, "", (field,)), data, comments)
            continue
        yield from comment_lines(field.meaning, 0)
        yield "workload:"
        yield from _program(known, data["workload"], comments, ("workload",))


def _program(
    known: Catalogue, config: dict[str, Any], comments: Comments, way: tuple[str, ...]
) -> Iterator[str]:
    lead = "  " * len(way)
    yield f"{lead}kind: {config['kind']}"
    if config["kind"] != "mix":
        own = fields_of(known.workloads[config["kind"]].Config)
        yield from commented(own, config, comments, way)
        return
    (programs,) = fields_of(known.workloads["mix"].Config).fields
    yield from comment_lines(programs.meaning, len(lead))
    yield f"{lead}programs:"
    for name, program in config["programs"].items():
        yield f"{lead}  {inline(name)}:"
        yield from _program(known, program, comments, (*way, "programs", name))
