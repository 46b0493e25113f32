"""Machine profiles: YAML files of constants, each with its value, unit, kind and source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cached_property, lru_cache
from importlib import resources
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.costs.laws import DEFAULT, AssumedValue, Costs
from sim.configuration import Configuration
from sim.regular_file import open_regular


def _unit(name: str) -> str:
    return next(
        unit
        for ending, unit in (("_ns", "ns"), ("_frames", "frames"), ("hz", "Hz"), ("", "ratio"))
        if name.endswith(ending)
    )


UNITS = {field.name: _unit(field.name) for field in fields(Costs)}
"""The constants of a profile, and the unit of each."""

DEFAULTS: Mapping[str, AssumedValue] = {
    field.name: field.metadata[DEFAULT] for field in fields(Costs) if DEFAULT in field.metadata
}
"""The constants that a profile need not give, and what they are then."""


LARGEST_BYTES = 256 * 1024
"""A longer file is no profile."""

_DEEPEST = 20

DEFAULT_KERNEL = "5.6"
"""The kernel of profiles that do not say: that of the first machine, from which they were made."""

POSITIVE = ("time_slice_ns", "hz")
"""Constants that cannot be 0: nobody would get anything done, or ever have to stop."""


class ProfileError(ValueError):
    """A machine profile that cannot be used; the message names the file and the constant."""


class Constant(Configuration):
    """A number with where it comes from."""

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: Annotated[str, Field(min_length=1)]
    kind: Literal["measured", "fitted", "assumed"]
    source: Annotated[str, Field(min_length=1)]


def default_constants() -> dict[str, Constant]:
    """The constants that profiles may leave out, with their stated defaults."""
    return {
        name: Constant(value=default.value, unit=UNITS[name], kind="assumed", source=default.source)
        for name, default in DEFAULTS.items()
    }


class Profile(Configuration):
    """A calibrated machine.

    Attributes:
        name: Its name, that of its file.
        description: What machine and kernel it is.
        kernel: The release of Linux whose rule of scheduling its cores follow, as in ``6.12``.
        constants: The constants of `models.costs.laws.Costs`, by name; those that its file leaves
            out have their stated default.
        contention: For a victim's memory stream, what each aggressor's weighs on it.
    """

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    kernel: Annotated[str, Field(pattern=r"^[0-9]{1,3}\.[0-9]{1,3}$")] = DEFAULT_KERNEL
    constants: dict[str, Constant]
    contention: dict[str, dict[str, Constant]]
    _left_out: tuple[str, ...] = PrivateAttr(())

    @field_validator("constants")
    @classmethod
    def _complete(cls, constants: dict[str, Constant]) -> dict[str, Constant]:
        for name in UNITS:
            if name not in constants and name not in DEFAULTS:
                raise ValueError(f"{name} is missing")
        for name, constant in constants.items():
            if name not in UNITS:
                raise ValueError(f"{name} is not a constant of the cost model")
            if constant.unit != UNITS[name]:
                raise ValueError(f"{name} is in {UNITS[name]}, not in {constant.unit}")
            if name in POSITIVE and not constant.value:
                raise ValueError(f"{name} is 0: expected more")
        rest = {n: c for n, c in default_constants().items() if n not in constants}
        return {**constants, **rest}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The constants that its file leaves out, so that they have their stated default."""
        return self._left_out

    @property
    def assumptions(self) -> Iterator[str]:
        """What its file leaves out, and what is assumed for it, a sentence each."""
        if "kernel" not in self.model_fields_set:
            yield f"kernel is left out: assumed {self.kernel}, the first machine's"
        for name in self.left_out:
            constant = self.constants[name]
            yield (
                f"{name} is left out: assumed {constant.value:g} {constant.unit} "
                f"({constant.source})"
            )

    @cached_property
    def costs(self) -> Costs:
        """The constants as the cost laws use them."""
        return Costs(**{name: constant.value for name, constant in self.constants.items()})

    @cached_property
    def contention_weights(self) -> dict[str, dict[str, float]]:
        """`contention` without its sources."""
        return {
            victim: {aggressor: constant.value for aggressor, constant in weights.items()}
            for victim, weights in self.contention.items()
        }

    def varied(self, values: Mapping[str, float], factors: Mapping[str, float]) -> Profile:
        """This profile with some constants given other values, then some multiplied by factors.

        Raises:
            KeyError: a name is not that of a constant.
        """
        changed = {}
        for name in (*values, *factors):
            constant = self.constants[name]
            changed[name] = Constant(
                value=values.get(name, constant.value) * factors.get(name, 1.0),
                unit=constant.unit,
                kind="assumed",
                source=f"asked for instead of {constant.value:g}",
            )
        # Not a `model_copy`: that would take what was computed from the constants along.
        own = {name: getattr(self, name) for name in self.model_fields_set}
        varied = Profile(**{**own, "constants": {**self.constants, **changed}})
        varied._left_out = tuple(name for name in self._left_out if name not in changed)
        return varied

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in the profile, whatever the order and layout of its file."""
        canonical = json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def list_profiles() -> list[str]:
    """The names of the bundled profiles, sorted."""
    folder = resources.files("models.costs.machines")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load_profile(name_or_path: str | Path) -> Profile:
    """Read a bundled profile by name, or one of your own by path (`*.yaml`).

    Raises:
        ProfileError: If there is no such profile or it is not complete and sound.
    """
    path = Path(name_or_path)
    if path.suffix != ".yaml" and path.name == str(name_or_path):
        bundled = list_profiles()
        if path.name not in bundled:
            raise ProfileError(f"no profile '{name_or_path}'; there are {', '.join(bundled)}")
        text = (resources.files("models.costs.machines") / f"{path.name}.yaml").read_text("utf-8")
    else:
        text = _text_of(path)
    return parse_profile(text, str(name_or_path))


def _text_of(path: Path) -> str:
    try:
        with open_regular(path) as stream:
            raw = stream.read(LARGEST_BYTES + 1)
        text = raw.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ProfileError(
            f"{path}: cannot be read: {reason}: expected a profile in YAML"
        ) from error
    if len(raw) > LARGEST_BYTES:
        raise ProfileError(f"{path}: too large: expected at most {LARGEST_BYTES // 1024} KiB")
    return text


@lru_cache(maxsize=16)
def parse_profile(text: str, origin: str) -> Profile:
    """The profile that a YAML text describes; `origin` names it in errors.

    It takes 0.1 s, and most experiments name the same profile.

    Raises:
        ProfileError: If the text is not YAML or the profile is not complete and sound.
    """
    nesting = accumulate((c in "[{") - (c in "]}") for c in text)
    if max(nesting, default=0) > _DEEPEST:
        # The parser takes quadratic time over them.
        raise ProfileError(f"{origin}: brackets nested more than {_DEEPEST} deep")
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise ProfileError(f"{origin}: not YAML: {problem}") from error
    try:
        profile = Profile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProfileError(f"{origin}: {where}: {first['msg']}") from error
    profile._left_out = tuple(name for name in DEFAULTS if name not in document["constants"])
    return profile
