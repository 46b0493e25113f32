"""``forksim calibrate host``: measure this machine, and fit a profile to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from experiments.calibration.measured_machine import read_times
from experiments.calibration.profile_file import write_profile
from experiments.commands.calibrate_fit import as_object, base_profile, profile_path, residual_grid
from experiments.commands.printing import Output, note, print_json, say
from experiments.language.errors import InputError
from experiments.measuring.knobs import Knobs, read_knobs
from experiments.measuring.measure import Measured, MeasuringError, check_machine, measure
from experiments.measuring.medians import Median, medians_of
from models.calibration.measured import profile_document, residuals
from models.costs.kernels import has_newer_rules
from models.costs.profile import profile_from
from results.metrics import formatting
from results.tables.grid import Grid, print_grid
from sim.units import parse_bytes

MOST_UNASKED = 8 * 2**30
"""Memory that is taken if nobody says how much, or half of what there is."""
ROWS = ".rows"
"""Ending of the folder beside the profile."""
COMMAND = "forksim calibrate host --out NAME"


def main(out: str, *, seconds: float, memory: str | None, based_on: str, as_json: bool) -> int:
    """Measure, write the rows and the profile, print medians and residuals; 0.

    Raises:
        InputError: this machine cannot be measured, or an option is wrong.
    """
    base, path = base_profile(based_on), profile_path(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        measured = measure(
            path.with_suffix(ROWS),
            seconds=seconds,
            memory_bytes=_memory(memory),
            progress=lambda line: say(line, err=True),
        )
    except MeasuringError as error:
        raise InputError(f"calibrate host: {error}") from None
    kernel = _release(measured.knobs)
    times = read_times(measured.folder)
    try:
        document = profile_document(
            times,
            base,
            name=path.stem,
            description=_described(measured.knobs, kernel),
            kernel=kernel,
            machine=_facts(measured),
        )
        profile = profile_from(document, str(path))
    except ValueError as error:
        raise InputError(f"{measured.folder}: {error}") from None
    write_profile(path, document, COMMAND)
    medians = medians_of(measured.rows)
    off = residuals(times, profile.costs, exclusive=has_newer_rules(kernel))
    if as_json:
        print_json(
            {
                "profile": str(path),
                "rows": str(measured.folder),
                "language": measured.language,
                "seconds": measured.seconds,
                "gate": measured.gate.as_dict(),
                "shortcomings": list(measured.shortcomings),
                "medians": [asdict(one) for one in medians],
                **as_object(document, off),
            }
        )
    else:
        print_grid(_table(medians), Output())
        print_grid(residual_grid(off), Output())
    for remark in (*measured.gate.remarks, *measured.shortcomings, *profile.assumptions):
        note(remark)
    say(f"wrote {path} and {measured.folder} in {measured.seconds:.0f} s", err=True)
    return 0


def _release(knobs: Knobs) -> str:
    """The kernel's release as profiles have it."""
    found = re.match(r"\d+\.\d+", knobs.kernel or "")
    if found is None:
        raise InputError(f"calibrate host: release {knobs.kernel!r}: expected one such as 6.12")
    return found[0]


def _described(knobs: Knobs, kernel: str) -> str:
    cpu = knobs.cpu_model or knobs.architecture or "a machine"
    guest = ", a virtual machine" if knobs.virtual else ""
    return f"{cpu}{guest}, Linux {kernel}: measured here"


def _facts(measured: Measured) -> dict[str, Any]:
    """What the profile says of the machine, see `MachineFacts`."""
    knobs = measured.knobs
    given = [f"{kib}kB" for kib, where in knobs.folios.items() if where != "never"]
    facts = {
        "cpu": knobs.cpu_model,
        "cores": len(knobs.affinity) if knobs.affinity else knobs.cpus,
        "memory_bytes": knobs.memory_bytes,
        "virtual": knobs.virtual,
        "huge_pages": knobs.thp,
        "folios": given or None,
        "measured": datetime.now(UTC).date().isoformat(),
        "load": "; ".join(measured.gate.remarks) or "quiet",
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _memory(text: str | None) -> int:
    if text is not None:
        try:
            return parse_bytes(text)
        except ValueError as error:
            raise InputError(f"--memory {text}: {error}") from None
    knobs = read_knobs()
    check_machine(knobs)
    return min(MOST_UNASKED, (knobs.room_bytes or 2 * MOST_UNASKED) // 2)


def _table(medians: Sequence[Median]) -> Grid:
    rows = [["what", "memory", "unit", "median", "quarters", "p99", "rows"]]
    for one in medians:
        if one.is_headline:
            p99 = "-" if one.p99 is None else _number(one.p99)
            memory = "-" if one.size_bytes is None else formatting.size(one.size_bytes)
            row = [
                one.what,
                memory,
                one.unit,
                _number(one.median),
                _quarters(one),
                p99,
                str(one.count),
            ]
            rows.append(row)
    return Grid(rows, names=3)


def _quarters(one: Median) -> str:
    return f"{_number(one.lower)} .. {_number(one.upper)}"


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
