"""Doors say what a room is and what it may import, and import nothing; class names are unique."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from models.schemes.base import Scheme
from models.schemes.registry import SCHEMES

ROOT = Path(__file__).parents[2]
WINGS = ("sim", "models", "workloads", "results", "experiments")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS = {
    contract["containers"][0]: [
        [room.strip() for room in layer.split("|")] for layer in contract["layers"]
    ]
    for contract in SETTINGS["contracts"]
    if "containers" in contract
}
OF_PROGRAMS = {"ClosedLoop", "TraceClients"}
"""What configurations of several programs have under one name."""


def doors() -> Iterator[tuple[Path, ast.Module]]:
    for wing in WINGS:
        for file in sorted((ROOT / wing).rglob("__init__.py")):
            yield file.relative_to(ROOT), ast.parse(file.read_text("utf-8"))


def test_every_folder_with_code_has_a_door() -> None:
    folders = {file.parent for wing in WINGS for file in (ROOT / wing).rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_doors_are_a_docstring() -> None:
    """A command imports what it needs, when it needs it; `results.load` is a public call."""
    for path, door in doors():
        assert ast.get_docstring(door), path
        assert len(door.body) == 1 or path == Path("results/__init__.py"), path


def test_doors_say_what_the_contract_says() -> None:
    for container, layers in CONTRACTS.items():
        for number, layer in enumerate(layers):
            below = [f"`{room}`" for rooms in layers[number + 1 :] for room in rooms]
            may = f"Of `{container}` it may import: {', '.join(below) or 'nothing'}."
            for room in layer:
                door = ROOT.joinpath(*container.split("."), room, "__init__.py")
                if door.is_file():
                    assert may in door.read_text("utf-8").replace("\n", " "), door


def test_every_contract_is_exhaustive() -> None:
    assert set(WINGS) <= set(CONTRACTS)
    assert all(c["exhaustive"] for c in SETTINGS["contracts"] if "containers" in c)


def test_no_two_concepts_share_a_class_name() -> None:
    where = defaultdict(set)
    for wing in WINGS:
        for file in (ROOT / wing).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    where[node.name.lstrip("_")].add(file.relative_to(ROOT).as_posix())
    shared = {name: files for name, files in where.items() if len(files) > 1}
    assert {name for name in shared if f"_{name}" not in OF_PROGRAMS} - OF_PROGRAMS == set()


WRITTEN = {"slot_table", "slot_writable", "accounted_pages", "references", "owner", "counts"}
"""What of address spaces, tables and counts only `models.memory.slots` changes."""
OWNERS = {"models/memory/slots.py", "models/memory/address_space.py", "models/memory/tables.py"}


def changed(tree: ast.Module) -> Iterator[str]:
    """The attributes that a module's assignments change, or change something of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    inside = part
                    while isinstance(inside, ast.Subscript | ast.Attribute):
                        if isinstance(inside, ast.Attribute):
                            yield inside.attr
                        inside = inside.value


def test_slots_rss_and_counts_have_one_writer() -> None:
    for wing in ("models", "workloads", "experiments"):
        for file in (ROOT / wing).rglob("*.py"):
            path = file.relative_to(ROOT).as_posix()
            if path not in OWNERS:
                found = WRITTEN & set(changed(ast.parse(file.read_text("utf-8"))))
                own = {"counts"} if "self.counts = Counts()" in file.read_text("utf-8") else set()
                assert not found - own, path


def test_schemes_are_put_together_not_derived() -> None:
    assert all(scheme.__bases__ == (Scheme,) for scheme in SCHEMES.values())
