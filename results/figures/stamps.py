"""Which figures need not be drawn again: those whose files are still what they were drawn as.

Drawing, and what draws, takes longer than everything else that is done with stored points. A figure
follows from its records and from the code and the published numbers here, so beside its files
stands the digest of all these, and one of every file; if anything differs, it is drawn again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from results.records.found_files import read_json
from results.records.record import Record, canonical_json
from results.records.whole_file import write_whole
from sim.regular_file import read_regular

_SOURCES = (".py", ".csv", ".yaml")
_DRAWN_BY = ("matplotlib", "seaborn")


def stamp_of(folder: Path, figure: str) -> Path:
    """Where the stamp of a figure in a folder is."""
    return folder / "drawn" / f"{figure}.json"


def inputs(
    records: Sequence[Record], labels: Sequence[Mapping[str, str]] = (), name: str = ""
) -> str:
    """SHA-256 of all that decides a figure of these records, labelled so, of a run of this name.

    A record's id stands for its results: same point, same bytes, as long as the versions of what
    simulated it, which its provenance names, are the same.
    """
    points = [(record.id, record.provenance) for record in records]
    labelled = [dict(label) for label in labels]
    everything = [_code(), list(map(version, _DRAWN_BY)), points, labelled, name]
    return hashlib.sha256(canonical_json(everything)).hexdigest()


def is_current(stamp: Path, wanted: str, files: Sequence[Path]) -> bool:
    """Whether ``stamp`` says that ``files`` were drawn from ``wanted``, and they are unchanged.

    So it does, too, if it says that nothing was to be drawn.
    """
    try:
        found = read_json(stamp)
        drawn = found["files"]
        return bool(
            found["inputs"] == wanted
            and (drawn == {} or all(drawn[file.name] == _digest(file) for file in files))
        )
    except (OSError, ValueError, LookupError, TypeError):
        return False


def keep(stamp: Path, drawn_from: str, files: Sequence[Path]) -> None:
    """Note in ``stamp`` what ``files``, which lie above its folder, were drawn from, and are."""
    body = {"inputs": drawn_from, "files": {file.name: _digest(file) for file in files}}
    text = json.dumps(body, indent=1) + "\n"
    write_whole(stamp, text.encode("ascii"), root=stamp.parents[1], durable=False)


def _digest(file: Path) -> str:
    return hashlib.sha256(read_regular(file)).hexdigest()


@cache
def _code() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for file in sorted(folder.rglob("*")):
        if file.suffix in _SOURCES:
            source = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()} {len(source)}\n".encode())
            digest.update(source)
    return digest.hexdigest()
