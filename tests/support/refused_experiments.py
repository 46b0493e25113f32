"""Experiments that are refused: what the tests of bad input share."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_program import EXAMPLE, catalogue

from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import Plan, plan
from experiments.sweeps.overrides import override

HERE = Path(__file__).parent

KINDS = "'grid', 'zip', 'list', 'sample', 'where'"
SWEPT = "'machine', 'workload', 'fork', 'repetitions', 'seed'"


def planned(text: str, *overrides: str) -> Plan:
    return plan(override(parse(text, Position("a.yaml")), overrides), HERE, catalogue())


def refusal(text: str, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        planned(text, *overrides)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert EXAMPLE.count(old) == 1
    return EXAMPLE.replace(old, new)
