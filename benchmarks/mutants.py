"""Do the tests notice? Change one thing in the sources at random, run the tests, and see.

``python benchmarks/mutants.py --number 300 --seed 1 --out FILE`` samples mutants of the rooms in
`SUITES`, tries each in a copy of the tree, and writes a line for each: which test noticed, or null.
A mutant is one changed operator, constant, condition or statement.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).parents[1]
_OF_MODELS = (
    ["tests/models", "--deselect", "tests/models/test_lazy_against_naive.py",
     "--deselect", "tests/models/test_across_schemes.py", "tests/workloads/test_event_counts.py",
     "tests/workloads/test_memory.py", "tests/workloads/test_script.py",
     "tests/workloads/test_fork_server.py", "tests/workloads/test_mix.py"],
    # Of the random histories those of the forks that differ most.
    ["tests/models/test_across_schemes.py", "tests/models/test_lazy_against_naive.py",
     "-k", "WithDiscards or patchset or head or hugetlb"],
)  # fmt: skip
_OF_REDIS = (
    ["tests/workloads/test_closed_loop.py", "tests/workloads/test_open_loop.py",
     "tests/workloads/test_redis_warmup.py", "tests/workloads/test_goldens.py",
     "tests/workloads/test_event_counts.py", "tests/workloads/test_memory.py"],
    ["tests/workloads/test_against_plain_server.py", "tests/workloads/test_server.py",
     "tests/paper/test_calibration.py"],
)  # fmt: skip
SUITES = {
    "models/kernel": _OF_MODELS,
    "models/operations": _OF_MODELS,
    "workloads/programs/redis": _OF_REDIS,
}
"""The rooms, and the tests that are to notice: first the fast ones."""

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "*",
    ast.BitAnd: "|", ast.BitOr: "&", ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "ones": "zeros", "zeros": "ones"}
_UNSEEN = (ast.Import, ast.ImportFrom, ast.Raise)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        path: of the file.
        line: where, from 1.
        before: the text that is replaced.
        after: what replaces it.
        start: of the text, in characters from the beginning of the file.
    """

    path: str
    line: int
    before: str
    after: str
    start: int


def mutants_of(path: str) -> Iterator[Mutant]:
    """Every mutant of a file that its syntax allows."""
    text = (ROOT / path).read_text("utf-8")
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]

    def position(line: int, column: int) -> int:
        """In characters; the syntax tree counts a line's bytes."""
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for node in _executed(ast.parse(text)):
        for changed, after in (*_expressions(node), *_statements(node)):
            start = position(changed.lineno, changed.col_offset)
            end = position(changed.end_lineno or 0, changed.end_col_offset or 0)
            yield Mutant(path, changed.lineno, text[start:end], after, start)


def _expressions(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """What an expression could be instead."""
    match node:
        case ast.Compare(ops=[op], comparators=[right]):
            after = f"(({ast.unparse(node.left)}) {_COMPARISONS[type(op)]} ({ast.unparse(right)}))"
            yield node, after
        case ast.BinOp(op=operator) if type(operator) in _ARITHMETIC:
            sides = [f"({ast.unparse(side)})" for side in (node.left, node.right)]
            yield node, f"({sides[0]} {_ARITHMETIC[type(operator)]} {sides[1]})"
        case ast.BoolOp(values=[first, *_]):
            yield node, f"({ast.unparse(first)})"
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(number)):
            yield node, str(number + 1)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name) as func) if name in _CALLS:
            yield func, ast.unparse(func).removesuffix(name) + _CALLS[name]
        case ast.IfExp(test=test):
            yield test, f"(not ({ast.unparse(test)}))"


def _statements(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """What a statement could be instead."""
    match node:
        case ast.If(test=test) | ast.While(test=test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.AugAssign() | ast.Delete():
            yield node, "pass"
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield node, "pass"


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes below that do something: no annotations, imports, docstrings, messages."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if not isinstance(node, ast.AST) or isinstance(
                node, ast.Import | ast.ImportFrom | ast.Raise
            ):
                continue
            yield node
            yield from _executed(node)


def sample(number: int, seed: int) -> list[Mutant]:
    """So many mutants, the same ones for the same seed."""
    paths = sorted(
        file.relative_to(ROOT).as_posix() for room in SUITES for file in (ROOT / room).rglob("*.py")
    )
    every = [mutant for path in paths for mutant in mutants_of(path)]
    return random.Random(seed).sample(every, min(number, len(every)))  # noqa: S311 - no secret


def killer(mutant: Mutant, tree: Path) -> str | None:
    """The first test that notices, or None if none does."""
    file = tree / mutant.path
    whole = file.read_text("utf-8")
    end = mutant.start + len(mutant.before)
    file.write_text(whole[: mutant.start] + mutant.after + whole[end:], "utf-8")
    suites = next(suites for room, suites in SUITES.items() if mutant.path.startswith(room))
    try:
        for suite in suites:
            if noticed := _failure(suite, tree):
                return noticed
    finally:
        file.write_text(whole, "utf-8")
    return None


def _failure(suite: Sequence[str], tree: Path) -> str | None:
    options = ["-x", "-q", "-p", "no:cacheprovider", "--timeout=300", "-m", "not full"]
    options += ["--hypothesis-profile=unshrunk"]
    done = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *options, *suite],
        cwd=tree, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return None
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"exit code {done.returncode}"


def main() -> None:
    """Try a sample of mutants; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1", help="i/n: every n-th mutant, from the i-th on")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    first, step = map(int, arguments.part.split("/"))
    with tempfile.TemporaryDirectory() as folder, arguments.out.open("w") as out:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "runs"))
        for mutant in sample(arguments.number, arguments.seed)[first::step]:
            start = time.monotonic()
            noticed = killer(mutant, tree)
            took = round(time.monotonic() - start, 1)
            line = {"killer": noticed, "seconds": took, **asdict(mutant)}
            out.write(json.dumps(line) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
