"""A profile's file: YAML, a constant a line."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from results.records.whole_file import write_whole


def yaml_of(document: Mapping[str, Any], command: str) -> str:
    """A profile as its file has it, with the command that writes it anew on top."""
    yaml = YAML()
    yaml.width = 10_000  # a constant a line, whatever its source says
    data = {name: part for name, part in document.items() if part != {}}
    for group in ("constants", "state", "aged"):
        if group in data:
            data[group] = dict(_in_lines(yaml, data[group]))
    data["contention"] = {
        victim: dict(_in_lines(yaml, weights)) for victim, weights in data["contention"].items()
    }
    stream = io.StringIO()
    stream.write(f"# Written by `{command}`; do not edit.\n")
    yaml.dump(data, stream)
    return stream.getvalue()


def _in_lines(yaml: YAML, constants: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, constant in constants.items():
        line = yaml.map(**constant)
        line.fa.set_flow_style()
        yield name, line


def write_profile(path: Path, document: Mapping[str, Any], command: str) -> None:
    """Write it, whole or not at all; its folder is made.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, yaml_of(document, command).encode("utf-8"))
