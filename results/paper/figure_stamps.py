"""Which figures need not be drawn again: those whose files are still what they were drawn as.

Drawing takes longer than everything else that `forksim paper` does with stored points. A figure
follows from its records and from the code and the published numbers here, so beside its files
stands the digest of all these, and one of every file; if anything differs, it is drawn again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl

from results.records.found_files import read_json
from results.records.record import Record, canonical_json
from results.records.whole_file import write_whole
from sim.regular_file import read_regular

_SOURCES = (".py", ".csv", ".yaml")


def inputs(records: Sequence[Record]) -> str:
    """SHA-256 of all that decides a figure of these records.

    A record's id stands for its results: same point, same bytes, as long as the versions of what
    simulated it, which its provenance names, are the same.
    """
    points = [(record.id, record.provenance) for record in records]
    return hashlib.sha256(canonical_json([_code(), mpl.__version__, points])).hexdigest()


def is_current(stamp: Path, wanted: str, files: Sequence[Path]) -> bool:
    """Whether ``stamp`` says that ``files`` were drawn from ``wanted``, and they are unchanged."""
    try:
        return bool(read_json(stamp) == _stamp(wanted, files))
    except (OSError, ValueError):
        return False


def keep(stamp: Path, drawn_from: str, files: Sequence[Path]) -> None:
    """Note in ``stamp`` what ``files``, which lie above its folder, were drawn from, and are."""
    text = json.dumps(_stamp(drawn_from, files), indent=1) + "\n"
    write_whole(stamp, text.encode("ascii"), root=stamp.parents[1], durable=False)


def _stamp(drawn_from: str, files: Sequence[Path]) -> Mapping[str, Any]:
    digests = {file.name: hashlib.sha256(read_regular(file)).hexdigest() for file in files}
    return {"inputs": drawn_from, "files": digests}


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
