"""Whatever is written goes through `results.records.whole_file`, which follows no links."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITER = ROOT / "results/records/whole_file.py"
OWN = {"self", "store"}
"""Objects of ours whose `write_bytes` is not a path's."""


def modules() -> Iterator[Path]:
    for wing in ("sim", "models", "workloads", "results", "experiments"):
        yield from sorted((ROOT / wing).rglob("*.py"))


def writes(call: ast.Call) -> bool:
    """Whether a call opens a file to write to it, or looks like it."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(getattr(call.func, "value", None), "id", "")
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    modes += [key.value.value for key in call.keywords if isinstance(key.value, ast.Constant)]
    if name in ("open", "fdopen"):
        return any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)
    return name == "write_text" or (name == "write_bytes" and owner not in OWN)


def test_nothing_writes_but_the_writer() -> None:
    assert any(writes(node) for node in calls(WRITER))
    assert [path for path in modules() if path != WRITER and any(map(writes, calls(path)))] == []


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
