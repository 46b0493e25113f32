"""What was asked, in sentences: the programs, the machine, the forks, what is swept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any, TypeAlias

from models.schemes.registry import SCHEMES
from results.figures import style
from results.figures.swept_fields import name_of
from results.metrics import formatting
from results.records.fork_labels import FORK
from results.records.record import Record
from results.records.run_folder import Run

_FEW_VALUES = 6


@dataclass(frozen=True)
class _Asked:
    """A program's configuration as people read it; what is swept is told as such."""

    record: Record
    swept: Mapping[str, str]

    def __contains__(self, path: str) -> bool:
        return self.record.at(path) not in (None, [], {}, False)

    def read(self, path: str, to_text: Callable[[Any], str]) -> str:
        """A field's value, or that it is swept."""
        if path in self.swept:
            return self.swept[path]
        value = self.record.at(path)
        return to_text(value) if isinstance(value, int | float) else str(value)

    size = property(lambda self: partial(self.read, to_text=formatting.size))
    time = property(lambda self: partial(self.read, to_text=formatting.duration))
    rate = property(lambda self: partial(self.read, to_text=formatting.rate))
    share = property(lambda self: partial(self.read, to_text=formatting.share))
    count = property(lambda self: partial(self.read, to_text=formatting.count))


_Sentences: TypeAlias = Callable[[_Asked], Iterator[str]]


def question(run: Run) -> list[str]:
    """What the run asks, sentence by sentence."""
    first = run.records[0]
    swept = {path: _values(run, path) for path in run.swept}
    sentences: list[str] = []
    for program, own in first.by_program():
        if not own.at("workload.kind"):
            continue  # the machine of a mix
        where = f"workload.programs.{program}."
        inside = {
            path.replace(where, "workload.") if program is not None else path: text
            for path, text in swept.items()
        }
        told = list(_program(_Asked(own, inside)))
        sentences += [f"{program}: {told[0]}", *told[1:]] if program is not None else told
    return [*sentences, *_forks(run), *_sweep(run, swept), *_repetitions(first, swept)]


def _values(run: Run, path: str) -> str:
    """The values of a swept field: all of a few, else how many from which to which."""
    values = list(dict.fromkeys(label[path] for label in run.labels if path in label))
    if len(values) > _FEW_VALUES:
        return f"{values[0]} to {values[-1]} ({len(values)} values)"
    *others, last = values
    return f"{', '.join(others)} or {last}" if others else last


def _program(fields: _Asked) -> Iterator[str]:
    kind = str(fields.record.at("workload.kind"))
    yield from _OF_KINDS.get(kind, _of_any)(fields)
    if "workload.duration" in fields or "workload.duration" in fields.swept:
        yield f"It runs for {fields.time('workload.duration')}."


def _of_any(fields: _Asked) -> Iterator[str]:
    """Of a program that nobody has sentences for: its fields that are plain values."""
    given = fields.record.at("workload", {})
    plain = [
        f"{name_of(key)} {fields.count(f'workload.{key}')}"
        for key, value in given.items()
        if key != "kind" and isinstance(value, int | float | str) and value
    ]
    kind = given.get("kind", "program")
    yield f"A {kind} with {', '.join(plain)}." if plain else f"A {kind}."


def _redis(fields: _Asked) -> Iterator[str]:
    kind = fields.record.at("workload.clients.kind")
    clients = {
        "open": lambda: f"serves requests at {fields.rate('workload.clients.rate')}",
        "closed": lambda: f"serves {fields.count('workload.clients.connections')} connections",
        "trace": lambda: f"replays {_file(fields, 'workload.clients.path')}",
    }.get(str(kind), lambda: "serves its clients")()
    sets = ""
    if kind != "trace":
        sets = f", {fields.share('workload.set_ratio')} of the requests SETs"
    yield f"A Redis that holds {fields.size('workload.dataset')} {clients}{sets}."
    where = "workload.snapshot"
    if f"{where}.every" in fields or f"{where}.every" in fields.swept:
        yield f"It saves every {fields.time(f'{where}.every')}."
    elif f"{where}.after_changes" in fields:
        yield f"It saves after {fields.count(f'{where}.after_changes')} changes."
    elif f"{where}.save" in fields:
        yield f"It saves by the rules {fields.record.at(f'{where}.save')}."
    elif f"{where}.at" in fields:
        times = [formatting.duration(ns) for ns in fields.record.at(f"{where}.at")]
        yield f"It saves at {', '.join(times)}."
    else:
        yield "It saves nothing."


def _afl(fields: _Asked) -> Iterator[str]:
    many = fields.read("workload.instances", formatting.count)
    who = "A fuzzer forks" if many == "1" else f"{many} fuzzers fork, each"
    yield f"{who} a target of {fields.size('workload.target')} for every input."
    if "workload.run" in fields:
        yield f"An input runs for {fields.time('workload.run')}."
    elif "workload.rates" in fields:
        yield f"How long an input runs follows from {_file(fields, 'workload.rates.path')}."


def _sqlite(fields: _Asked) -> Iterator[str]:
    yield (
        f"A test-suite on an in-memory database of {fields.size('workload.database')}, "
        "each test in a child of the initialised process."
    )
    if "workload.log" in fields:
        yield f"The tests are those of {_file(fields, 'workload.log.path')}."


def _apache(fields: _Asked) -> Iterator[str]:
    clients = "serves its clients"
    if "workload.clients.path" in fields:
        clients = f"replays {_file(fields, 'workload.clients.path')}"
    elif "workload.clients.rate" in fields:
        clients = f"serves {fields.rate('workload.clients.rate')}"
    yield (
        f"An Apache with prefork, whose parent has {fields.size('workload.parent')}, starts with "
        f"{fields.count('workload.workers')} workers and {clients}."
    )


_OF_KINDS: Mapping[str, _Sentences] = {
    "redis": _redis,
    "afl": _afl,
    "sqlite": _sqlite,
    "apache": _apache,
}


def _file(fields: _Asked, path: str) -> str:
    if path in fields.swept:
        return fields.swept[path]
    return PurePath(str(fields.record.at(path))).name


def _forks(run: Run) -> Iterator[str]:
    """Each fork with what it shares, so that one who does not know it can read on."""
    named: dict[str, str] = {}
    for record, label in zip(run.records, run.labels, strict=True):
        kind = str(record.at(FORK))
        named.setdefault(label.get(FORK, kind), kind)
    names = [style.name_of_fork(fork) for fork in named]
    yield f"What would change under {_listed(names)}?" if len(names) > 1 else f"Fork: {names[0]}."


def fork_words(run: Run) -> list[tuple[str, str]]:
    """The forks of a run: what each is called, and what it shares, from whom it takes the time."""
    found: dict[str, str] = {}
    for record in run.records:
        kind = str(record.at(FORK))
        words = getattr(SCHEMES.get(kind), "words", None)
        if words is not None:
            found.setdefault(style.title_of(kind), f"{words.shared} {words.payer}")
    return list(found.items())


def _listed(names: Sequence[str]) -> str:
    """``A, B or C``; with semicolons where a name has a comma."""
    comma = ";" if any("," in name for name in names) else ","
    *others, last = names
    if not others:
        return last
    return f"{f'{comma} '.join(others)}{comma if comma == ';' else ''} or {last}"


def _sweep(run: Run, swept: Mapping[str, str]) -> Iterator[str]:
    told = [f"{path}: {text}" for path, text in swept.items() if path != FORK]
    if told:
        yield f"Swept are {'; '.join(told)}: {len(run.records)} points in all."


def _repetitions(record: Record, swept: Mapping[str, str]) -> Iterator[str]:
    number = len(record.repetitions)
    if number > 1 and "repetitions" not in swept:
        yield f"Each point is repeated {number} times, with arrivals of its own every time."


def machine(run: Run) -> list[str]:
    """The machine in sentences, but for its profile."""
    first = run.records[0]
    fields = _Asked(first, {path: _values(run, path) for path in run.swept})
    sentences = [f"{fields.count('machine.cores')} cores"]
    if "machine.memory" in fields or "machine.memory" in fields.swept:
        sentences.append(f"{fields.size('machine.memory')} of memory")
    if "machine.scheduler" in fields:
        sentences.append(f"scheduled by {first.at('machine.scheduler')}")
    for what in ("constants", "scale"):
        changed = first.at(f"machine.{what}") or {}
        sentences += [f"{what}: {name} {value:g}" for name, value in changed.items()]
    return sentences
