"""``forksim calibrate``: fit a machine profile to published micro-benchmarks."""

from __future__ import annotations

from pathlib import Path

import click

from models import calibration


def main(target: str, out: str | None) -> int:
    """Fit the profile for ``target`` and print the residuals; 0."""
    click.echo(calibration.calibrate(target, Path(out) if out else None), nl=False)
    return 0
