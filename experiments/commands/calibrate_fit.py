"""``forksim calibrate fit``: a machine's profile from its micro-benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.calibration.measured_machine import assumed_kernel, read_times
from experiments.calibration.profile_file import write_profile
from experiments.commands.printing import Output, note, print_json, say
from experiments.language.errors import InputError, Position, shown
from models.calibration.measured import Residual, profile_document, residuals
from models.costs.kernels import has_newer_rules
from models.costs.profile import Profile, ProfileError, list_profiles, load_profile, profile_from
from models.costs.user_profiles import path_of
from results.tables.grid import Grid, print_grid
from sim.units import parse_bytes


def main(
    folder: str,
    out: str,
    *,
    kernel: str | None,
    based_on: str,
    up_to: str | None,
    as_json: bool,
) -> int:
    """Fit the profile, print its constants and residuals, write it; 0.

    Raises:
        InputError: a file, an option or a name is wrong.
    """
    base = base_profile(based_on)
    times = read_times(Path(folder), _size(up_to))
    release = kernel or assumed_kernel(times)
    path = profile_path(out)
    limit = f" --up-to {up_to}" if up_to else ""
    command = f"forksim calibrate fit DIR --kernel {release}{limit} --out NAME"
    try:
        document = profile_document(
            times,
            base,
            name=path.stem,
            description=f"fitted to micro-benchmarks of a machine under Linux {release}",
            kernel=release,
        )
        profile = profile_from(document, "--kernel")
    except ValueError as error:
        raise InputError(f"{folder}: {error}") from None
    if kernel is None:
        note(f"no --kernel: assumed {release}, by what a write below a huge page took")
    off = residuals(times, profile.costs, exclusive=has_newer_rules(release))
    write_profile(path, document, command)
    if as_json:
        print_json({"profile": str(path), **as_object(document, off)})
    else:
        print_constants(document)
        print_grid(residual_grid(off), Output())
    say(f"wrote {path}", err=True)
    return 0


def profile_path(out: str) -> Path:
    """Where a profile goes.

    Raises:
        InputError: that is a folder.
    """
    path = path_of(out)
    if path.is_dir():
        raise InputError.at(Position("--out"), f"{out}: a folder: expected a name or a file")
    return path


def base_profile(name: str) -> Profile:
    """The bundled profile that another is based on.

    Raises:
        InputError: there is none of that name.
    """
    try:
        if name in list_profiles():
            return load_profile(name)
    except ProfileError as error:
        raise InputError.at(Position("--based-on"), str(error)) from None
    known = ", ".join(list_profiles())
    wrong = f"{shown(name)}: expected a bundled profile: {known}"
    raise InputError.at(Position("--based-on"), wrong)


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise InputError.at(Position("--up-to"), f"{shown(text)}: {error}") from None


def print_constants(document: dict[str, Any]) -> None:
    """The constants of a profile with their intervals."""
    rows = [["constant", "value", "95 %", "kind"]]
    groups = (document["constants"], document.get("aged", {}))
    for prefix, group in zip(("", "aged "), groups, strict=True):
        for name, constant in group.items():
            rows.append([f"{prefix}{name}", _number(constant["value"]), *_known(constant)])
    for victim, weights in document["contention"].items():
        for stream, constant in weights.items():
            name = f"contention {victim} by {stream}"
            rows.append([name, _number(constant["value"]), *_known(constant)])
    print_grid(Grid(rows), Output())


def _known(constant: dict[str, Any]) -> tuple[str, str]:
    if "low" not in constant:
        return "", constant["kind"]
    return f"{_number(constant['low'])} to {_number(constant['high'])}", constant["kind"]


def _number(value: float) -> str:
    return f"{value:.4g}"


def residual_grid(off: list[Residual]) -> Grid:
    """How far each measured fork is from the fitted one."""
    rows = [["forks", "memory", "measured", "fitted", "error"]]
    for one in off:
        measured, fitted = (f"{ns / 1e6:.4g} ms" for ns in (one.measured_ns, one.fitted_ns))
        size = f"{one.pages * 4096 / 2**20:g} MiB"
        rows.append([one.what, size, measured, fitted, f"{one.error:+.1%}"])
    return Grid(rows)


def as_object(document: dict[str, Any], off: list[Residual]) -> dict[str, Any]:
    """Constants and residuals as one object."""
    return {
        **{name: document[name] for name in ("kernel", "based_on", "constants", "contention")},
        **{name: document[name] for name in ("state", "aged") if name in document},
        "residuals": [
            {
                "what": one.what,
                "pages": one.pages,
                "measured_ns": one.measured_ns,
                "fitted_ns": one.fitted_ns,
                "error": one.error,
            }
            for one in off
        ],
    }
