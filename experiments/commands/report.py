"""``forksim report``: a run as one page of HTML that stands by itself."""

from __future__ import annotations

import shlex
from pathlib import Path

from experiments.commands.ending import DONE, SOME_FAILED
from experiments.commands.finished_run import open_run
from experiments.commands.printing import say
from experiments.language.document import Document, load, read_text
from experiments.language.errors import InputError
from experiments.language.limits import limits_of
from models.costs.profile import Profile, ProfileError, load_profile
from results.metrics.limits import MetricLimit
from results.page.run_page import RunPage
from results.records.run_folder import Run, RunFolder
from results.records.whole_file import whole_file
from results.tables.limit_table import in_all, limit_grid, limit_rows
from results.tables.run_table import run_table


def main(folder: str, out: str | None) -> int:
    """Write the page of the run in ``folder``; 0, or 1 if some of its points are missing.

    Raises:
        InputError: it is no run, or the page's folder is not there.
    """
    target = None if out is None else Path(out)
    if target is not None and not target.parent.is_dir():
        raise InputError(f"--out: {target.parent}: no such folder: expected one for the page")
    run = open_run(folder)
    page = _page(run).render(run)
    file = target or run.path / "report.html"
    with whole_file(file) as stream:
        stream.write(page)
    say(f"{file}", err=True)
    return SOME_FAILED if run.missing else DONE


def _page(run: Run) -> RunPage:
    folder = RunFolder(run.path)
    text, document = _experiment(folder.experiment_file)
    name = str(run.records[0].at("machine.profile", "unknown"))
    limits = [] if document is None else _limits(document, run)
    rows = limit_rows(run.records, run.written, limits)
    command = ["forksim", "run", str(folder.experiment_file), "--out", str(run.path)]
    return RunPage(
        name=folder.read_name() or run.path.name,
        experiment=text,
        command=shlex.join(command),
        profile=_profile(name, run),
        profile_name=name,
        limits=limit_grid(rows) if rows else None,
        limit_lines=list(in_all(rows)),
    )


def _experiment(file: Path) -> tuple[str, Document | None]:
    """The experiment's text and what it says, if it can be read."""
    try:
        return read_text(file), load(file)
    except InputError:
        return "", None


def _limits(document: Document, run: Run) -> list[MetricLimit]:
    return limits_of(document, run_table(run.records, run.written).metrics)


def _profile(name: str, run: Run) -> Profile | None:
    """The machine's profile, if it is still the one that was used."""
    try:
        profile = load_profile(name)
    except (ProfileError, OSError):
        return None
    used = run.records[0].provenance.get("profile", {}).get("sha256")
    return profile if used in (None, profile.digest) else None
