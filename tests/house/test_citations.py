"""What the code and the documents cite stands where they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MECHANISMS = (ROOT / "docs/mechanisms.md").read_text("utf-8")
SECTIONS = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)[. ]", MECHANISMS, re.MULTILINE))
NAMES = set(re.findall(r"^\* \*\*([A-Z]\d+)\*\*", MECHANISMS, re.MULTILINE))

CITATION = re.compile(
    r"mechanisms\.md[`,)]*(?: sections?)?((?:[\s,;:]|and|column [PV]|\d+(?:\.\d+)*|[A-Z]\d+\b)*)"
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
NAME = re.compile(r"(?<![\w.])([SNIBDRLX])(\d{1,2})(?:(?:-| to )\1?(\d{1,2}))?(?![\w.])")
PATH = re.compile(
    r"(?<![\w./-])(?:(?:sim|models|workloads|experiments|results|tests|docs|benchmarks)/[\w./-]*\w/?)"
)
TO_BE_WRITTEN = re.compile(r"NAME|ITEM|small_first")
"""Parts of paths of files that recipes ask for."""
MODULE = re.compile(r"`((?:sim|models|workloads|experiments|results)(?:\.\w+)+)`")


def texts(*patterns: str) -> Iterator[tuple[str, str]]:
    """Sources and documents, by their path."""
    for pattern in patterns:
        for file in sorted(set(ROOT.glob(pattern)) - {Path(__file__)}):
            yield file.relative_to(ROOT).as_posix(), file.read_text("utf-8")


PYTHON = [f"{top}/**/*.py" for top in ("sim", "models", "workloads", "experiments", "results")]
EVERYTHING = [*PYTHON, "tests/**/*.py", "tests/**/*.md", "docs/*.md", "*.md", "benchmarks/*.py"]


def test_the_reference_defines_what_its_first_table_promises() -> None:
    promised = {
        *(f"S{n}" for n in range(1, 34)),
        *(f"N{n}" for n in range(1, 4)),
        *(f"I{n}" for n in range(1, 11)),
        *(f"X{n}" for n in range(1, 7)),
        *(f"B{n}" for n in range(1, 10)),
        *(f"D{n}" for n in range(1, 10)),
        *(f"L{n}" for n in range(1, 5)),
        "R1",
    }
    assert promised == NAMES


def test_every_cited_section_exists() -> None:
    cited = [
        (path, number)
        for path, text in texts(*EVERYTHING)
        for citation in CITATION.findall(text)
        for number in NUMBER.findall(citation)
    ]
    assert len(cited) > 30
    assert [(path, number) for path, number in cited if number not in SECTIONS] == []


def named(text: str) -> Iterator[str]:
    """The names in a text, those between the ends of a range too."""
    for letter, first, last in NAME.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number}"


def test_every_name_of_a_scenario_invariant_or_defect_exists() -> None:
    """As comments, docstrings and messages of models and tests have them: ``S27``, ``I1-I5``."""
    cited = [
        (path, name)
        for path, text in texts("models/**/*.py", "tests/models/*.py", "tests/oracle/*.py")
        for name in named(text)
    ]
    assert len(cited) > 100
    assert [(path, name) for path, name in cited if name not in NAMES] == []


def test_a_name_that_is_not_there_would_be_found() -> None:
    assert list(named("(mechanisms.md S32, S33; I1-I3 and B10)")) == [
        "S32",
        "S33",
        "I1",
        "I2",
        "I3",
        "B10",
    ]
    assert "B10" not in NAMES
    (citation,) = CITATION.findall("see mechanisms.md 3.2 and 3.9)")
    assert [number in SECTIONS for number in NUMBER.findall(citation)] == [True, False]


@pytest.mark.parametrize("kind", ["documents", "sources"])
def test_every_file_that_is_named_is_there(kind: str) -> None:
    patterns = ["docs/*.md", "*.md", "tests/**/*.md"] if kind == "documents" else PYTHON
    missing = [
        (path, named)
        for path, text in texts(*patterns)
        if path != "CHANGELOG.md"
        for named in PATH.findall(text)
        if not any(ROOT.glob(named.rstrip("/"))) and not TO_BE_WRITTEN.search(named)
    ]
    assert not missing, missing


def test_every_module_that_a_docstring_names_is_there() -> None:
    missing = [
        (path, named)
        for path, text in texts(*PYTHON, "docs/*.md")
        for named in MODULE.findall(text)
        if not found(named)
    ]
    assert missing == []


def found(dotted: str) -> bool:
    """Whether a dotted name is a module or a name that is defined in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:end])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                name = parts[end] if end < len(parts) else ""
                defined = rf"(?:^|\b(?:class|def) |^    ){name}\b"
                return not name or bool(re.search(defined, file.read_text("utf-8"), re.MULTILINE))
    return False
