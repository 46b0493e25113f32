"""The shape of an experiment's YAML, for validation and for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from experiments.catalogue import Catalogue

LONGEST_SWEPT = 10_000
MOST_REPETITIONS = 1_000


class Strict(BaseModel):
    """No unknown keys, no conversions, no NaN, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Machine(Strict):
    """The machine that everything runs on."""

    profile: Annotated[
        str, Field(min_length=1, description="a profile's name (see forksim list) or its file")
    ] = "epyc-7302p-linux-5.6"
    cores: Annotated[int, Field(ge=1, le=4096)] = 16


class Kind(Strict):
    """Something chosen by its registry name."""

    kind: str


class Block(Strict):
    """Fields that take several values: every combination of them is a point."""

    grid: Annotated[
        dict[str, Annotated[list[Any], Field(min_length=1, max_length=LONGEST_SWEPT)]],
        Field(min_length=1, description="lists of values by dotted path, such as fork.kind"),
    ]


class Experiment(Strict):
    """One question to the simulator: a program on a machine under a fork, and what to vary."""

    forksim: Annotated[int, Field(ge=1, le=1, description="1, the version of this format")]
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            description="a name, which the folder of the results gets",
        ),
    ]
    machine: Machine = Machine()
    workload: BaseModel
    fork: Kind
    sweep: Annotated[
        list[Block], Field(description="blocks of swept fields, combined as a product")
    ] = []
    repetitions: Annotated[int, Field(ge=1, le=MOST_REPETITIONS)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


def experiment_model(catalogue: Catalogue) -> type[Experiment]:
    """`Experiment` with the workloads and forks that are registered."""
    workloads = {name: workload.Config for name, workload in catalogue.workloads.items()}
    forks = {name: _kind(name, docs) for name, docs in catalogue.schemes.items()}
    return create_model(
        "Experiment",
        __base__=Experiment,
        __doc__=Experiment.__doc__,
        workload=(_one_of(workloads), ...),
        fork=(_one_of(forks), ...),
    )


def _kind(name: str, docs: str) -> type[Kind]:
    kind: Any = Literal[name]
    return create_model(f"fork {name}", __base__=Kind, __doc__=docs, kind=(kind, ...))


def _one_of(models: Mapping[str, type[BaseModel]]) -> Any:
    """A field that holds the model whose ``kind`` it names."""
    arms = tuple(models.values())
    if len(arms) == 1:
        return arms[0]
    return Annotated[Union[arms], Field(discriminator="kind")]  # noqa: UP007 - built at run time
