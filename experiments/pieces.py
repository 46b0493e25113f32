"""Validation of many experiments that are alike, piece by piece.

A hundred thousand points differ in a few fields. The fields of a mapping depend on each other
only through the validators of its model, so each is validated once for each combination of the
values that a sweep gives to it, and those validators are run on what came out. The outcome is
that of validating every experiment as a whole (tests compare them); a mapping for which that is
not certain, because its model does more, is one piece.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from inspect import signature
from operator import itemgetter
from types import NoneType
from typing import Any, NamedTuple, TypeAlias, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from experiments.blocks import Axis
from experiments.document import Data, Route, put
from experiments.errors import InputError, Position
from results.record import canonical_jsons

Rows: TypeAlias = tuple[int, ...]
"""Of the axes that concern a piece, the row of each."""

_NOWHERE = Position("")

ABSENT = object()


class Resolved(NamedTuple):
    """A piece in one combination of a sweep.

    Attributes:
        value: as its model has it.
        config: as plain JSON data, defaults filled in.
        spelled: the same as canonical JSON.
        written: as the file and the sweep have it, or `ABSENT`.
    """

    value: Any
    config: Any
    spelled: bytes
    written: Data


class Varied:
    """What a sweep does to the value at a route.

    Attributes:
        axes: the numbers of those that give it, or something below it, a value.
        replaced: whether the value as a whole is given.
        keys: what is given a value directly below it.
    """

    def __init__(self, route: Route, base: Data, axes: Sequence[Axis]) -> None:
        size = len(route)
        touching = [[field for field in axis.fields if field[:size] == route] for axis in axes]
        fields = {field for some in touching for field in some}
        self.axes = [number for number, some in enumerate(touching) if some]
        self.replaced = route in fields
        self.keys = {str(field[size]) for field in fields if len(field) > size}
        self._route = route
        self._base = base
        self._axes = [axes[number] for number in self.axes]
        self._chosen = itemgetter(*self.axes) if self.axes else None

    def rows(self, combination: Sequence[int]) -> Rows:
        """What of a combination concerns it."""
        if self._chosen is None:
            return ()
        rows: Any = self._chosen(combination)
        return rows if len(self.axes) > 1 else (rows,)

    def column(self) -> list[Data]:
        """The value in each row of the axis that it varies with; nothing if that is not one.

        Raises:
            InputError: a path leads nowhere; the position in it means nothing.
        """
        if len(self.axes) != 1:
            return []
        (axis,) = self._axes
        (shape, *others) = axis.shapes
        if self._route in shape and not others:
            place = shape.index(self._route)
            return [row[place].data for row in axis.rows]
        return [self.data((row,)) for row in range(len(axis.rows))]

    def data(self, rows: Rows) -> Data:
        """The value as written, or `ABSENT`.

        Raises:
            InputError: a path leads nowhere; the position in it means nothing.
        """
        size = len(self._route)
        value = self._base
        for axis, row in zip(self._axes, rows, strict=True):
            for given in axis.rows[row]:
                if given.field == self._route:
                    value = given.data
                elif given.field[:size] == self._route:
                    whole = {} if value is ABSENT or value is None else value
                    value = put(whole, given.field[size:], given.data, _NOWHERE)
        return value


class _Leaf:
    """A field that is validated as a whole."""

    def __init__(self, name: str, model: type[BaseModel], varied: Varied) -> None:
        field = model.model_fields[name]
        fields: dict[str, Any] = {name: (field.annotation, field)}
        self.varied = varied
        self._name = name
        one = create_model(f"{model.__name__}.{name}", __config__=model.model_config, **fields)
        several: Any = list.__class_getitem__(one)
        self._models: TypeAdapter[list[BaseModel]] = TypeAdapter(several)
        self._known: dict[Rows, Resolved] = {}
        self._column: list[Resolved] | None = None

    def of(self, combination: Sequence[int]) -> Resolved:
        """The field in one combination.

        Raises:
            ValidationError: it is wrong.
            InputError: a path leads nowhere.
        """
        if self._column is None:
            self._column = self._beforehand()
        if self._column:
            return self._column[combination[self.varied.axes[0]]]
        rows = self.varied.rows(combination)
        found = self._known.get(rows)
        if found is None:
            (found,) = self._resolved([self.varied.data(rows)])
            self._known[rows] = found
        return found

    def _beforehand(self) -> list[Resolved]:
        """Every row of its one axis; nothing if some row is wrong, which may be of no point."""
        try:
            return self._resolved(self.varied.column())
        except (ValidationError, InputError):
            return []

    def _resolved(self, written: list[Data]) -> list[Resolved]:
        # Values by the thousand are validated several times faster together than one by one.
        name = self._name
        data = [{} if value is ABSENT else {name: value} for value in written]
        valid = self._models.validate_json(to_json(data))
        dumped = self._models.dump_python(valid, mode="json", serialize_as_any=True)
        values = [getattr(one, name) for one in valid]
        configs = [one[name] for one in dumped]
        return list(map(Resolved, values, configs, canonical_jsons(configs), written))


class Branch:
    """A mapping of which each field is a piece."""

    def __init__(
        self,
        model: type[BaseModel],
        base: Mapping[str, Data],
        axes: Sequence[Axis],
        route: Route = (),
        but: Collection[str] = (),
    ) -> None:
        """Take a mapping to pieces.

        Args:
            model: of the mapping.
            base: the mapping without the sweep's values.
            axes: of the sweep.
            route: the way to the mapping in an experiment.
            but: fields that are left out.
        """
        self.varied = Varied(route, base, axes)
        self._recurs = len(self.varied.axes) < len(axes)
        self._model = model
        self._rules = [
            rule.func for rule in model.__pydantic_decorators__.model_validators.values()
        ]
        self._wanted = bool(route) or bool(self._rules)
        self._pieces = {
            name: _piece(model, name, base.get(name, ABSENT), axes, (*route, name))
            for name in model.model_fields
            if name not in but
        }
        self._varying = {
            name: self._pieces[name]
            for name in sorted(self._pieces)
            if self._pieces[name].varied.axes
        }
        self._names = set(self._pieces)
        self._strange = {*base, *self.varied.keys} - {*self._names, *but}
        self._first: _Joined | None = None
        self._known: dict[Rows, Resolved] = {}

    def of(self, combination: Sequence[int]) -> Resolved:
        """The mapping in one combination.

        Raises:
            ValueError: it is wrong, or some combination has an unknown key, or a path leads
                nowhere.
        """
        if not self._recurs:
            return self._joined(combination)
        rows = self.varied.rows(combination)
        found = self._known.get(rows)
        if found is None:
            found = self._known[rows] = self._joined(combination)
        return found

    def _joined(self, combination: Sequence[int]) -> Resolved:
        if self._strange:
            raise InputError.at(_NOWHERE, f"{self._strange}: unknown")
        if self._first is None:
            fields = {name: piece.of(combination) for name, piece in self._pieces.items()}
            self._first = _joined(fields, self._varying)
        first = self._first
        values, config, written = first.values.copy(), first.config.copy(), first.written.copy()
        spelled = first.spelled.copy()
        for place, (name, piece) in enumerate(self._varying.items()):
            found = piece.of(combination)
            values[name] = found.value
            config[name] = found.config
            spelled[2 * place + 1] = found.spelled
            written[name] = found.written
            if found.written is ABSENT:
                del written[name]
        value: Any = None
        if self._wanted:
            value = _instance(self._model, values, self._names)
            for rule in self._rules:
                value = rule(value)
        return Resolved(value, config, b"".join(spelled), written)


class _Joined(NamedTuple):
    """The fields of a mapping put together.

    Attributes:
        values: as its model has them.
        config: as plain JSON data.
        written: as the file and the sweep have them.
        spelled: the configuration as canonical JSON; every second part is a field that varies.
    """

    values: dict[str, Any]
    config: dict[str, Any]
    written: dict[str, Data]
    spelled: list[bytes]


def _joined(fields: Mapping[str, Resolved], varying: Collection[str]) -> _Joined:
    spelled = [b"{"]
    for number, name in enumerate(sorted(fields)):
        spelled[-1] += b'%b"%b":' % (b"," if number else b"", name.encode("ascii"))
        if name in varying:
            spelled += [b"", b""]
        else:
            spelled[-1] += fields[name].spelled
    spelled[-1] += b"}"
    written = {name: field.written for name, field in fields.items()}
    return _Joined(
        values={name: field.value for name, field in fields.items()},
        config={name: field.config for name, field in fields.items()},
        written={name: data for name, data in written.items() if data is not ABSENT},
        spelled=spelled,
    )


def _piece(
    model: type[BaseModel], name: str, base: Data, axes: Sequence[Axis], route: Route
) -> _Leaf | Branch:
    varied = Varied(route, base, axes)
    if isinstance(base, dict) and not varied.replaced and "kind" not in varied.keys:
        below = _mapping_at(model.model_fields[name], base)
        if below is not None and separable(below):
            return Branch(below, base, axes, route)
    return _Leaf(name, model, varied)


def _mapping_at(field: FieldInfo, base: Mapping[str, Data]) -> type[BaseModel] | None:
    """The model of a field that can hold nothing but mappings, of several the one of its kind."""
    arms = [arm for arm in get_args(field.annotation) or (field.annotation,) if arm is not NoneType]
    if field.metadata or not all(
        isinstance(arm, type) and issubclass(arm, BaseModel) for arm in arms
    ):
        return None
    kinds = [arm for arm in arms if len(arms) == 1 or base.get("kind") in _kinds(arm)]
    chosen: type[BaseModel] | None = kinds[0] if len(kinds) == 1 else None
    return chosen


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("kind")
    return () if field is None else get_args(field.annotation)


def separable(model: type[BaseModel]) -> bool:
    """Whether nothing but validators of the whole mapping, run at the end, joins its fields."""
    has = model.__pydantic_decorators__
    joined = (
        has.validators,
        has.root_validators,
        has.field_validators,
        has.field_serializers,
        has.model_serializers,
        has.computed_fields,
    )
    return (
        model.model_config.get("extra") == "forbid"
        and not any(joined)
        and all(map(_looks_at_the_outcome, has.model_validators.values()))
        and model.__pydantic_post_init__ is None
        and not any(field.alias for field in model.model_fields.values())
    )


def _looks_at_the_outcome(rule: Any) -> bool:
    return rule.info.mode == "after" and len(signature(rule.func).parameters) == 1


def _instance(model: type[BaseModel], values: dict[str, Any], names: set[str]) -> BaseModel:
    """A model of fields that are validated already, made as unpickling makes it."""
    one = model.__new__(model)
    # A frozen model has no other way in.
    object.__setattr__(one, "__dict__", values)
    object.__setattr__(one, "__pydantic_fields_set__", names)
    object.__setattr__(one, "__pydantic_extra__", None)
    object.__setattr__(one, "__pydantic_private__", None)
    return one
