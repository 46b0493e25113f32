"""A word that is none of those that a key takes is told with them, whatever else it takes."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.language.validation import validate


class Choices(BaseModel):
    """A key of each way to take one of some words."""

    model_config = ConfigDict(strict=True, extra="forbid")

    plain: Literal["cold", "warm"] = "cold"
    optional: Literal["cold", "warm"] | None = None
    lone: Literal["mser5"] | None = None
    beside_number: int | Literal["mser5"] | None = None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain: wram", "1:8: plain: 'wram' - did you mean 'warm'?"),
        ("optional: wram", "1:11: optional: 'wram' - did you mean 'warm'?"),
        ("optional: 3", "1:11: optional: 3: expected one of 'cold', 'warm'"),
        ("optional: [x]", "1:11: optional: ['x']: expected one of 'cold', 'warm'"),
        ("lone: nothing", "1:7: lone: 'nothing': expected 'mser5'"),
        ("beside_number: msre5", "1:16: beside_number: 'msre5' - did you mean 'mser5'?"),
    ],
)
def test_what_is_none_of_the_words(text: str, line: str) -> None:
    with pytest.raises(InputError) as error:
        validate(Choices, parse(text, Position("a.yaml")))
    assert str(error.value) == f"a.yaml:{line}"


@pytest.mark.parametrize("text", ["optional: warm", "lone: mser5", "beside_number: 3", "{}"])
def test_what_is_one_of_them(text: str) -> None:
    validate(Choices, parse(text, Position("a.yaml")))
