"""What all parts of a configuration have in common, as pydantic models."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from sim.units import RESOLVED

Model = TypeVar("Model", bound=BaseModel)


class Configuration(BaseModel):
    """A part of a configuration: no unknown keys, no conversions, no NaN, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def read_back(model: type[Model], dumped: Any) -> Model:
    """The model that was dumped as plain JSON data: units gone, fields under their own names.

    Raises:
        pydantic.ValidationError: it cannot have been.
    """
    # As JSON, of which pydantic takes lists for tuples even when strict.
    return model.model_validate_json(json.dumps(dumped), context=RESOLVED, by_name=True)
