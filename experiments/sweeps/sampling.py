"""Ranges of fields to points spread over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from experiments.language.amounts import Dimension, compared, readings, written
from experiments.language.document import Data, Document, Route
from experiments.language.errors import InputError, shown
from experiments.language.sweep_schema import Sample, SampledRange


def sampled(
    sample: Sample, document: Document, here: Route, whole: Mapping[str, bool]
) -> dict[str, Sequence[Data]]:
    """The values of every field, ``sample.count`` of each; the first ones make the first point.

    Args:
        sample: what is asked for.
        document: where it stands, for messages.
        here: the way to it there.
        whole: by field, whether it takes whole numbers only.

    Raises:
        InputError: a range is not one.
    """
    spans = {
        path: _FieldRange(span, document, (*here, "fields", path))
        for path, span in sample.fields.items()
    }
    cube = _spread(sample.method, sample.count, len(spans), sample.seed)
    return {
        path: [written(span.dimension, x, whole=whole[path]) for x in span.at(column)]
        for (path, span), column in zip(spans.items(), cube.T, strict=True)
    }


def _spread(method: str, count: int, fields: int, seed: int) -> npt.NDArray[np.float64]:
    """Points in the unit cube, one a row."""
    random = np.random.default_rng(seed)
    if method == "uniform":
        return random.random((count, fields))
    # Every process that simulates imports this module, and this one takes longer than all others.
    from scipy.stats import qmc  # noqa: PLC0415

    if method == "sobol":
        return qmc.Sobol(fields, rng=random).random_base2(count.bit_length() - 1)
    return qmc.LatinHypercube(fields, rng=random).random(count)


class _FieldRange:
    """What a field is sampled from.

    Attributes:
        dimension: of its ends.
    """

    dimension: Dimension

    def __init__(self, span: SampledRange, document: Document, here: Route) -> None:
        for key, value in (("from", span.first), ("to", span.last)):
            if not readings(value):
                raise InputError.at(
                    document.position((*here, key)),
                    f"{here[-1]}.{key}: {shown(value)}: expected a number or a quantity",
                )
        position = document.position((*here, "to"))
        pairs = [
            (first, last)
            for first, last in compared(span.first, span.last)
            if first.dimension == last.dimension or 0 in (first.amount, last.amount)
        ]
        if not pairs:
            expected = f"expected a {readings(span.first)[0].dimension} as from is"
            raise InputError.at(position, f"{here[-1]}.to: {shown(span.last)}: {expected}")
        first, last = pairs[0]
        if any(first.amount != one.amount for one, _ in pairs):
            wrong = f"{here[-1]}.from: {shown(span.first)}: may be a {first.dimension} or another"
            raise InputError.at(position, f"{wrong} quantity: expected another unit")
        if last.amount <= first.amount:
            raise InputError.at(
                position, f"{here[-1]}.to: {shown(span.last)}: expected more than {span.first}"
            )
        if span.scale == "log" and first.amount <= 0:
            raise InputError.at(
                document.position((*here, "from")),
                f"{here[-1]}.from: {shown(span.first)}: expected more than 0 for scale: log",
            )
        # 0 needs no unit.
        self.dimension = last.dimension if first.amount == 0 else first.dimension
        self._first, self._last = float(first.amount), float(last.amount)
        self._logarithmic = span.scale == "log"

    def at(self, shares: npt.NDArray[np.float64]) -> list[float]:
        """The values at some shares of the way, in base units."""
        if self._logarithmic:
            values = self._first * (self._last / self._first) ** shares
        else:
            values = self._first + (self._last - self._first) * shares
        values = np.clip(values, self._first, self._last)
        # Another processor's power may end in another digit, and a point get another id.
        return [float(f"{value:.12g}") for value in values.tolist()]
