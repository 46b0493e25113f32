"""What a mapping is said to be, by whatever key says it, is answered with the nearest there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.language.catalogue import catalogue
from experiments.language.document import parse
from experiments.language.errors import InputError, Position
from experiments.planning.points import plan

EXPERIMENT = """\
forksim: 1
name: script
fork: {{kind: classic}}
workload: {{kind: script, steps: [{step}]}}
"""
STEPS = (
    "expected one of 'brk', 'discard', 'exec', 'exit', 'fork', 'map', 'move', 'protect', 'read', "
    "'sleep', 'unmap', 'unprotect', 'write'"
)


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("{do: wirte, pages: 0}", "39: workload.steps.0.do: 'wirte' - did you mean 'write'?"),
        ("{do: [x], pages: 0}", f"39: workload.steps.0.do: ['x']: {STEPS}"),
        ("{do: , pages: 0}", f"35: workload.steps.0.do: None: {STEPS}"),
        ("{pages: 0}", f"34: workload.steps.0.do: missing: {STEPS}"),
        ("{}", f"34: workload.steps.0.do: missing: {STEPS}"),
        ("5", "34: workload.steps.0: 5: expected a mapping"),
        # The other arm of the union is meant where the keys are those of it.
        ("{do: write, pges: 0}", "46: workload.steps.0.pges: unknown key - did you mean 'pages'?"),
        ("{do: fork}", "34: workload.steps.0.as: missing: expected the child's name"),
        (
            "{together: [{do: wirte}]}",
            "51: workload.steps.0.together.0.do: 'wirte' - did you mean 'write'?",
        ),
        (
            "{together: [{}]}",
            f"46: workload.steps.0.together.0.do: missing: {STEPS}",
        ),
        (
            "{togther: [{do: exit}]}",
            "35: workload.steps.0.togther: unknown key - did you mean 'together'?",
        ),
    ],
)
def test_a_misspelt_step(step: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        text = EXPERIMENT.format(step=step)
        plan(parse(text, Position("a.yaml")), Path(), catalogue())
    assert str(caught.value) == f"a.yaml:4:{line}"
