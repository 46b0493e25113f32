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
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from models.costs.laws import DEFAULT, AssumedValue, Costs
from models.costs.user_profiles import is_bare, path_of, user_profiles
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

STATE = ("movable_stock_frames", "unmovable_stock_frames")
"""Constants that tell how memory lay when a machine was measured, not what it is."""

POSITIVE = ("time_slice_ns", "hz")
"""Constants that cannot be 0: nobody would get anything done, or ever have to stop."""


class ProfileError(ValueError):
    """A machine profile that cannot be used; the message names the file and the constant."""


_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Text = Annotated[str, Field(min_length=1)]


class Constant(Configuration):
    """A number with where it comes from.

    Attributes:
        value: The number.
        unit: Its unit, that of `UNITS`.
        kind: How it is known.
        source: Whose it is.
        low: The least that it may be by what was measured (95 %); nobody knows if left out.
        high: The most.
    """

    value: _Number
    unit: _Text
    kind: Literal["measured", "fitted", "assumed"]
    source: _Text
    low: _Number | None = None
    high: _Number | None = None


class MachineFacts(Configuration):
    """What a machine is and how it was set and loaded when it was measured, as far as known.

    Attributes:
        cpu: Its processor.
        cores: Logical processors that programs could use.
        memory_bytes: Memory that programs could use.
        virtual: Whether it is a guest.
        huge_pages: How transparent huge pages were set: always, madvise, never.
        folios: Sizes of larger folios that were enabled, such as ``64kB``.
        measured: The day.
        load: What else was going on.
    """

    cpu: _Text | None = None
    cores: Annotated[int, Field(ge=1, le=4096)] | None = None
    memory_bytes: Annotated[int, Field(ge=1)] | None = None
    virtual: bool | None = None
    huge_pages: _Text | None = None
    folios: list[_Text] | None = None
    measured: _Text | None = None
    load: _Text | None = None


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
        based_on: The bundled profile that stands in for what was not measured.
        machine: What the machine is.
        constants: The constants of `models.costs.laws.Costs`, by name, also those of `STATE`, which
            a file may have apart, as ``state``; those that it leaves out are those of the profile
            it is based on, or have their stated default.
        aged: Those of `STATE` once the machine had run for long, if that was measured.
        contention: For a victim's memory stream, what each aggressor's weighs on it.
    """

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    kernel: Annotated[str, Field(pattern=r"^[0-9]{1,3}\.[0-9]{1,3}$")] = DEFAULT_KERNEL
    based_on: _Text | None = None
    machine: MachineFacts | None = None
    constants: dict[str, Constant]
    aged: dict[str, Constant] = Field(default_factory=dict)
    contention: dict[str, dict[str, Constant]]
    _left_out: tuple[str, ...] = PrivateAttr(())
    _borrowed: tuple[str, ...] = PrivateAttr(())

    @field_validator("aged")
    @classmethod
    def _of_state(cls, aged: dict[str, Constant]) -> dict[str, Constant]:
        for name, constant in aged.items():
            if name not in STATE:
                raise ValueError(f"{name}: expected some of {', '.join(STATE)}")
            if constant.unit != UNITS[name]:
                raise ValueError(f"{name} is in {UNITS[name]}, not in {constant.unit}")
        return aged

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
        if self._borrowed:
            names = f"{len(self._borrowed)} constants" if len(self._borrowed) > 1 else "a constant"
            yield f"{names} not measured: assumed to be those of {self.based_on}"
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
        varied._borrowed = tuple(name for name in self._borrowed if name not in changed)
        return varied

    @property
    def when_aged(self) -> Profile:
        """This profile once the machine has run for long; itself if nobody has measured that."""
        if not self.aged:
            return self
        own = {name: getattr(self, name) for name in self.model_fields_set}
        aged = Profile(**{**own, "constants": {**self.constants, **self.aged}})
        aged._left_out, aged._borrowed = self._left_out, self._borrowed
        return aged

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything in the profile, whatever the order and layout of its file."""
        said = self.model_dump(exclude_none=True)
        if not said["aged"]:
            del said["aged"]  # so that a profile from before there was such a thing stays the same
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def list_profiles() -> list[str]:
    """The names of the bundled profiles, sorted."""
    folder = resources.files("models.costs.machines")
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load_profile(name_or_path: str | Path) -> Profile:
    """Read a profile by name, a bundled one or the user's own, or by path.

    Raises:
        ProfileError: If there is no such profile or it is not complete and sound.
    """
    name, bundled = str(name_or_path), list_profiles()
    if name in bundled:
        text = (resources.files("models.costs.machines") / f"{name}.yaml").read_text("utf-8")
        return parse_profile(text, name)
    path = path_of(name)
    if is_bare(name) and not path.exists():
        known = ", ".join([*bundled, *user_profiles()])
        raise ProfileError(f"no profile '{name}'; there are {known}")
    return parse_profile(_text_of(path), name)


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
    return profile_from(document, origin)


def profile_from(document: Any, origin: str) -> Profile:
    """The profile that a file's content describes, see `parse_profile`.

    Raises:
        ProfileError: it is not complete and sound.
    """
    own = dict(document) if isinstance(document, dict) else document
    borrowed: list[str] = []
    if isinstance(own, dict):
        _join_state(own, origin)
        borrowed = _borrow(own, origin)
    try:
        profile = Profile.model_validate(own)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProfileError(f"{origin}: {where}: {first['msg']}") from error
    profile._left_out = tuple(name for name in DEFAULTS if name not in own["constants"])
    profile._borrowed = tuple(borrowed)
    return profile


def _join_state(document: dict[str, Any], origin: str) -> None:
    """What a file has apart as ``state`` among the constants."""
    state, constants = document.pop("state", {}), document.get("constants")
    if not isinstance(state, dict) or not set(state) <= set(STATE):
        raise ProfileError(f"{origin}: state: expected some of {', '.join(STATE)}")
    if isinstance(constants, dict):
        if twice := sorted(set(state) & set(constants)):
            raise ProfileError(f"{origin}: state: {twice[0]} is among the constants too")
        document["constants"] = {**constants, **state}


def _borrow(document: dict[str, Any], origin: str) -> list[str]:
    """Fill in what the profile that a file is based on has and it has not; which constants."""
    named, constants = document.get("based_on"), document.get("constants")
    if named is None or not isinstance(constants, dict):
        return []
    if named not in list_profiles():
        known = ", ".join(list_profiles())
        raise ProfileError(f"{origin}: based_on: no bundled profile '{named}'; there are {known}")
    base = load_profile(named)
    borrowed = [name for name in base.constants if name not in constants]
    document["constants"] = {**constants, **{name: _of(base, name) for name in borrowed}}
    document.setdefault("contention", base.model_dump(exclude_none=True)["contention"])
    return borrowed


def _of(base: Profile, name: str) -> dict[str, Any]:
    constant = base.constants[name].model_dump(exclude_none=True)
    return {**constant, "kind": "assumed", "source": f"that of {base.name}: {constant['source']}"}
