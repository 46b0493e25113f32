"""Every picture of the documents is there, and one command makes it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_SHOWN = re.compile(r"!\[[^\]]*\]\(([^)#\s]+)\)|<img[^>]*src=\"([^\"]+)\"")


def shown() -> dict[Path, Path]:
    """Every picture that a document shows, with the document."""
    return {
        (document.parent / (one or other)).resolve(): document
        for document in DOCUMENTS
        for one, other in _SHOWN.findall(document.read_text(encoding="utf-8"))
        if "://" not in (one or other)
    }


@pytest.fixture
def pictures() -> ModuleType:
    """The module that makes them."""
    file = ROOT / "benchmarks" / "pictures.py"
    spec = importlib.util.spec_from_file_location("pictures", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["pictures"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_that_is_shown_is_there() -> None:
    missing = [str(picture) for picture in shown() if not picture.is_file()]
    assert missing == []
    assert len(shown()) >= 5


def test_every_picture_that_is_shown_is_made_by_the_command(pictures: ModuleType) -> None:
    made = {pictures.FOLDER / f"{name}.png" for name in pictures.PICTURES}
    assert made == set(shown())


def test_every_picture_that_is_there_is_shown() -> None:
    assert set((ROOT / "docs").rglob("*.png")) <= set(shown())


def test_the_examples_that_are_drawn_exist(pictures: ModuleType) -> None:
    for picture in pictures.PICTURES.values():
        for command in picture.commands:
            if command[1] == "run":
                assert (ROOT / command[2]).is_file()
