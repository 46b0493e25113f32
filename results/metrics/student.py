"""Student's t: how many standard errors an interval of a given confidence is wide to one side."""

from __future__ import annotations

from functools import cache
from importlib import import_module

_AT_95 = (
    12.706204736174694,
    4.302652729749462,
    3.1824463052837078,
    2.7764451051977934,
    2.5705818356363146,
    2.4469118511449786,
    2.364624251592784,
    2.306004135204166,
    2.262157162798205,
    2.228138851986274,
    2.200985160091639,
    2.1788128296672284,
    2.1603686564627913,
    2.144786687917804,
    2.131449545559776,
    2.1199052992212546,
    2.1098155778333156,
    2.1009220402410382,
    2.0930240544083087,
    2.085963447265864,
    2.0796138447276795,
    2.0738730679040254,
    2.0686576104190486,
    2.0638985616280245,
    2.0595385527532972,
    2.0555294386428735,
    2.0518305164802846,
    2.0484071417952454,
    2.045229642132703,
    2.0422724563012378,
)
"""Of 95 % intervals with 1, 2 ... degrees of freedom, as SciPy has them: so many as repetitions
mostly are, and importing SciPy takes as long as all else that is done with a small run's results.
"""


@cache
def t_quantile(freedom: int, confidence: float) -> float:
    """The two-sided quantile of Student's t with ``freedom`` degrees, at least 1."""
    if confidence == 0.95 and freedom <= len(_AT_95):
        return _AT_95[freedom - 1]
    # What scipy.stats.t.ppf calls; scipy.stats itself takes longer to import than a short run.
    special = import_module("scipy.special")
    return float(special.stdtrit(freedom, (1 + confidence) / 2))
