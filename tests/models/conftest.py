"""Fixtures of the memory model's tests."""

import pytest

from models.costs import Costs
from tests.models.machine import make_costs


@pytest.fixture
def costs() -> Costs:
    return make_costs()
