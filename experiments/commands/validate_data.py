"""``forksim validate-data``: rows measured on a machine beside what its profile predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from experiments.commands.ending import DONE, LIMIT_MISSED
from experiments.commands.printing import Output, note, print_json, tell
from experiments.language.errors import InputError, Position
from experiments.validation.folder import chosen_files, predicted
from experiments.validation.prediction import Prediction
from experiments.validation.targets import Target
from models.costs.profile import Profile, load_profile
from results.metrics import formatting
from results.tables.cells import NOTHING
from results.tables.grid import Grid, print_grid
from sim.measures.metrics import Unit

_MET: Mapping[bool | None, str] = {True: "met", False: "missed", None: NOTHING}

_HEADINGS = ["predicted", "measured", "spread", "ratio", "target", "basis"]
_LOADED = "dataset_gib"
"""What rows of a Redis say of themselves."""
_SUMMARY = ["quantity", "rows", "met", "median error", "worst error", "target", "all"]


def main(folder: str, profile: str, only: str | None, *, as_json: bool) -> int:
    """Print predictions beside what was measured; `LIMIT_MISSED` if a target is missed, else 0.

    Raises:
        InputError: there is no such profile or file, or a file is wrong.
    """
    machine = _profile(profile)
    names = [name.strip() for name in only.split(",")] if only else []
    found = dict(predicted(Path(folder), machine, chosen_files(names, "--only")))
    summary = _by_quantity([one for some in found.values() for one in some])
    if as_json:
        print_json(_document(folder, machine, found, summary))
    else:
        _print(found, summary)
        note(f"predicted from {machine.name}, Linux {machine.kernel}; nothing is fitted to rows")
    for name in (name for name, predictions in found.items() if not predictions):
        note(f"{name}: nothing is predicted: expected rows of several sizes, or of a load")
    missed = any(target.met(ratios) is False for target, ratios in summary.items())
    return LIMIT_MISSED if missed else DONE


def _profile(name: str) -> Profile:
    try:
        return load_profile(name)
    except (OSError, ValueError) as error:
        raise InputError.at(Position("--profile"), str(error)) from None


def _by_quantity(predictions: Sequence[Prediction]) -> dict[Target, list[float]]:
    """The ratios of each quantity."""
    summary: dict[Target, list[float]] = {}
    for one in predictions:
        if one.ratio is not None:
            summary.setdefault(one.target, []).append(one.ratio)
    return summary


def _print(
    found: Mapping[str, Sequence[Prediction]], summary: Mapping[Target, Sequence[float]]
) -> None:
    for name, predictions in found.items():
        print_grid(Grid(list(_rows(name, predictions)), words=(5, 6)), Output())
        tell("")
    of_quantities = [_of_quantity(*one) for one in summary.items()]
    print_grid(Grid([list(_SUMMARY), *of_quantities], words=(5, 6)), Output())


def _rows(name: str, predictions: Sequence[Prediction]) -> Iterator[list[str]]:
    """Those of a file; of a load several things are predicted, which stand below its name."""
    yield [Path(name).stem, *_HEADINGS]
    heading = ""
    for one in predictions:
        words = {field: _field(field, value) for field, value in one.fields.items()}
        phase = words.pop("phase", "")
        described = " ".join(words.values())
        if _LOADED not in words:
            yield _row(described, one)
            continue
        if described != heading:
            heading = described
            yield [heading, *[""] * len(_HEADINGS)]
        yield _row(f"  {one.what} {phase}".rstrip(), one)


def _row(described: str, one: Prediction) -> list[str]:
    predicted_text, measured_text = formatting.alike(one.unit, [one.predicted, one.measured])
    target = one.target.of_a_row
    return [
        described,
        predicted_text,
        measured_text,
        NOTHING if one.spread is None else formatting.share(one.spread),
        NOTHING if one.ratio is None else f"{one.ratio:.3f}",
        target if one.met is None else f"{target} {_MET[one.met]}",
        one.basis,
    ]


def _field(name: str, value: str | int | float) -> str:
    """What a row says of itself, as short as can be understood."""
    if isinstance(value, str):
        return value.replace("_", " ") if name == "phase" else value
    if name.endswith("_bytes"):
        return formatting.size(value)
    return _SHORT[name].format(value) if name in _SHORT else f"{name} {value:g}"


_SHORT = {
    "instances": "x{:g}",
    "fork_no_after_touch": "fork {:g}",
    "touched_percent": "{:g}%",
    _LOADED: "{:g} GiB",
    "rate_req_per_s": "{:g}/s",
}


def _of_quantity(target: Target, ratios: Sequence[float]) -> list[str]:
    errors = [target.error(ratio) for ratio in ratios]
    judged = [target.row_met(ratio) for ratio in ratios]
    near = NOTHING if target.within is None else str(sum(map(bool, judged)))
    return [
        target.quantity,
        str(len(ratios)),
        near,
        formatting.share(median(errors)),
        formatting.share(max(errors)),
        target.of_all,
        _MET[target.met(ratios)],
    ]


def _document(
    folder: str,
    machine: Profile,
    found: Mapping[str, Sequence[Prediction]],
    summary: Mapping[Target, Sequence[float]],
) -> dict[str, Any]:
    return {
        "folder": folder,
        "machine": machine.name,
        "predictions": [
            {
                "file": name,
                "what": one.what,
                "quantity": one.target.quantity,
                "fields": dict(one.fields),
                "unit": _unit(one.unit),
                "predicted": one.predicted,
                "measured": one.measured,
                "spread": one.spread,
                "ratio": one.ratio,
                "within": one.target.within,
                "met": one.met,
                "basis": one.basis,
            }
            for name, predictions in found.items()
            for one in predictions
        ],
        "quantities": [
            {
                "quantity": target.quantity,
                "rows": len(ratios),
                "median_error": median(map(target.error, ratios)),
                "worst_error": max(map(target.error, ratios)),
                "target": target.of_all,
                "met": target.met(ratios),
            }
            for target, ratios in summary.items()
        ],
    }


def _unit(unit: Unit) -> str:
    return {Unit.NANOSECONDS: "ns", Unit.PER_SECOND: "1/s", Unit.COUNT: "count"}[unit]
