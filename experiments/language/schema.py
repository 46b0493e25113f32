"""The shape of an experiment's YAML, for validation and for editors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import (
    BaseModel,
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
)

from experiments.language.catalogue import Catalogue, first_line
from experiments.language.limits import Limits
from experiments.language.repetitions import Repetitions
from experiments.language.sweep_schema import Block
from models.costs.profile import POSITIVE, UNITS
from models.kernel.scheduling import SchedulerName
from models.schemes.base import Scheme
from sim.configuration import Configuration
from sim.units import Bytes


class ConstantNumbers(Configuration):
    """A number for some of a profile's constants: an optional field for each."""

    @model_serializer(mode="wrap")
    def _given(self, dump: SerializerFunctionWrapHandler) -> dict[str, float]:
        return {name: value for name, value in dump(self).items() if value is not None}


class MachineConfig(Configuration):
    """The machine that everything runs on."""

    profile: Annotated[
        str, Field(min_length=1, description="a profile's name (see forksim list) or its file")
    ] = "epyc-7302p-linux-5.6"
    cores: Annotated[int, Field(ge=1, le=4096, description="cores that programs run on")] = 16
    memory: Annotated[
        Annotated[Bytes, Field(gt=0)] | None,
        Field(description="above it, the program that has most is killed; no limit if left out"),
    ] = None
    scheduler: Annotated[
        SchedulerName | None,
        Field(
            description="how programs that outnumber the cores share them: cfs (Linux up to 6.5) "
            "and eevdf (from 6.6) put ahead who slept, under wait everybody waits for the end of a "
            "slice; that of the profile's kernel if left out"
        ),
    ] = None
    constants: ConstantNumbers = ConstantNumbers()
    scale: ConstantNumbers = ConstantNumbers()


_MACHINE = "the machine that everything runs on"
_WORKLOAD = "the program that runs"
_FORK = "how it forks"


class Experiment(Configuration):
    """One question to the simulator: a program on a machine under a fork, and what to vary."""

    forksim: Annotated[int, Field(ge=1, le=1, description="1, the version of this format")]
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            description="a name, which the folder of the results gets",
        ),
    ]
    machine: Annotated[MachineConfig, Field(description=_MACHINE)] = MachineConfig()
    workload: Annotated[BaseModel, Field(description=_WORKLOAD)]
    fork: Annotated[BaseModel, Field(description=_FORK)]
    sweep: list[Block] = Field(
        default_factory=list,
        description="blocks of swept fields, combined as a product, and conditions",
    )
    slo: Limits = Field(default_factory=dict)
    repetitions: Annotated[
        Repetitions,
        Field(description="how often each point is run, with other random numbers each time"),
    ] = 1
    seed: Annotated[
        int, Field(ge=0, lt=2**63, description="of all random numbers; the same for every fork")
    ] = 0


def experiment_model(catalogue: Catalogue) -> type[Experiment]:
    """`Experiment` with the workloads and forks that are registered."""
    workloads = {name: workload.Config for name, workload in catalogue.workloads.items()}
    forks = {name: _fork(name, scheme) for name, scheme in catalogue.schemes.items()}
    return create_model(
        "Experiment",
        __base__=Experiment,
        __doc__=Experiment.__doc__,
        machine=(_machine(), Field(_machine()(), description=_MACHINE)),
        workload=(_one_of(workloads), Field(description=_WORKLOAD)),
        fork=(_one_of(forks), Field(description=_FORK)),
    )


@cache
def _machine() -> type[MachineConfig]:
    values = _of_constants("Values", "the constant's value, in its own unit", 1e9, 1.0)
    factors = _of_constants("Factors", "what the constant is multiplied by", 1e3, 1e-3)
    return create_model(
        "Machine",
        __base__=MachineConfig,
        __doc__=MachineConfig.__doc__,
        constants=(values, Field(values(), description="values instead of the profile's")),
        scale=(factors, Field(factors(), description="factors on the profile's constants")),
    )


def _of_constants(
    name: str, what: str, most: float, least_positive: float
) -> type[ConstantNumbers]:
    number, positive = (
        Annotated[float | None, Field(ge=least, le=most, description=what)]
        for least in (0, least_positive)
    )
    fields: dict[str, Any] = dict.fromkeys(UNITS, (number, None))
    fields |= dict.fromkeys(POSITIVE, (positive, None))
    return create_model(name, __base__=ConstantNumbers, **fields)


def _fork(name: str, scheme: type[Scheme]) -> type[BaseModel]:
    kind: Any = Literal[name]
    return create_model(
        f"fork {name}", __base__=scheme.Options, __doc__=first_line(scheme), kind=(kind, ...)
    )


def _one_of(models: Mapping[str, type[BaseModel]]) -> Any:
    """A field that holds the model whose ``kind`` it names."""
    arms = tuple(models.values())
    if len(arms) == 1:
        return arms[0]
    return Annotated[Union[arms], Field(discriminator="kind")]  # noqa: UP007 - built at run time
