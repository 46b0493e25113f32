"""What a metric is stands in its declaration: nothing in `results` takes a metric's name apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.measures import common_metrics
from sim.measures.metrics import Distribution, Metric

ROOT = Path(__file__).parents[2]
ROOMS = ("metrics", "tables", "figures")
TAKES_APART = {
    "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split",
}  # fmt: skip
OF_NO_METRIC = {
    "text": "a number that is shown",
    "path": "a field of the configuration",
    "fork": "a fork's name with its options",
    "asked": "what somebody typed",
    "along.unit": "the unit of a swept field",
    "infer_dtype(table[name], skipna=True)": "what pandas says of a column",
}
"""What is taken apart in these rooms, as it stands there."""
UNIT_OR_STATISTIC = re.compile(
    r"_(ns|bytes|per_s|p\d|max|mean|peak)|(latency|fork)_|(faults|fork_ns)/"
)
"""How a string begins that looks for what metrics are called."""
OWNED = {
    name
    for one in vars(common_metrics).values()
    for name in (
        [one.name] if isinstance(one, Metric) else [one.name, one.named("mean")]
        if isinstance(one, Distribution) else []
    )
}  # fmt: skip


def texts(tree: ast.AST) -> Iterator[str]:
    """All strings but docstrings and what stands between the values of f-strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.JoinedStr):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.Constant):
                    part.value = None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def offences(source: str) -> list[str]:
    """What in a module looks at what a metric is called."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(name.name == "re" for name in node.names):
            found.append("import re")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in TAKES_APART
            and ast.unparse(node.func.value) not in OF_NO_METRIC
        ):
            found.append(ast.unparse(node))
    return found + [text for text in texts(tree) if UNIT_OR_STATISTIC.match(text) or text in OWNED]


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_of_a_metric_is_read(room: str) -> None:
    for file in sorted((ROOT / "results" / room).rglob("*.py")):
        assert offences(file.read_text("utf-8")) == [], file


def test_nothing_that_may_be_taken_apart_is_gone() -> None:
    sources = [
        file.read_text("utf-8") for room in ROOMS for file in (ROOT / "results" / room).glob("*.py")
    ]
    for receiver in OF_NO_METRIC:
        assert any(f"{receiver}.{method}(" in text for text in sources for method in TAKES_APART)


@pytest.mark.parametrize(
    "source",
    [
        'def f(name): return name.endswith("_ns")',
        'def f(metric): return metric.name.rpartition("_")',
        'def f(name): return "_bytes" in name',
        'def f(name): return name[:7] == "faults/"',
        'WANTED = ("throughput_per_s",)',
        'WANTED = "latency_p99.9_ns"',
        "import re",
    ],
)
def test_what_looks_at_a_name_is_seen(source: str) -> None:
    assert offences(source)


def test_what_composes_a_name_is_not() -> None:
    assert offences('"""Of `_ns`."""\ndef f(a, b): return f"{a}_ns_{b}"') == []
