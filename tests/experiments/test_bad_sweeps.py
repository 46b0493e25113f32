"""Every way a sweep can be wrong ends in one line that says where, what and what else."""

from __future__ import annotations

import pytest
from fake_program import EXAMPLE
from refused_experiments import KINDS, SWEPT, changed, refusal


def test_a_sweep_of_too_many_points_is_refused_before_it_is_expanded() -> None:
    numbers = ", ".join(map(str, range(1, 400)))
    sweep = f"sweep=[{{grid: {{seed: [{numbers}], machine.cores: [{numbers}]}}}}]"
    assert refusal(EXAMPLE, sweep) == (
        "--set:1:1: sweep: 159201 combinations: expected at most 100000, or --yes"
    )


SAMPLE = "sample: {method: sobol, count: 4, fields: {seed: {from: 1, to: 9}}}"


@pytest.mark.parametrize(
    ("block", "line"),
    [
        # The block begins in column 5 of line 13, its mapping of fields in column 10 or later.
        ("grid: {seed: [1]}, zip: {seed: [1]}", "5: sweep.0: expected one of KINDS"),
        ("", "5: sweep.0: expected one of KINDS"),
        ("grid: null", "5: sweep.0: expected one of KINDS"),
        ("where: []", "13: sweep.0.where: []: expected at least 1 value"),
        ("list: []", "12: sweep.0.list: []: expected at least 1 value"),
        ("list: [seed]", "13: sweep.0.list.0: 'seed': expected a mapping"),
        ("list: [{sed: 1}]", "14: sed - did you mean 'seed'?"),
        ("list: [{seed: 1}, {seed: 1}]", "31: sweep.0.list: 1: given twice: expected each"),
        ("list: [{seed: 1, seed: 2}]", "23: sweep.0.list.0.seed: given twice, first in line 13"),
        (
            "list: [{fork: {kind: huge}, fork.kind: huge}]",
            "34: fork.kind: swept twice, also by fork",
        ),
        ("list: [{seed: 1}, {seed: x}]", "31: seed: 'x': expected a whole number"),
        (
            "zip: {seed: [1, 2], machine.cores: [1, 2, 3]}",
            "41: machine.cores: 3 values: expected 2, as many as seed has",
        ),
        (
            "zip: {seed: [1, 2, 1], machine.cores: [1, 2, 1]}",
            "25: sweep.0.zip: [1, 1]: given twice: expected each value once",
        ),
        ("zip: {seed: [1], machine.cores: [0]}", "39: machine.cores: 0: expected at least 1"),
        (SAMPLE.replace("seed:", "name:"), "49: name: cannot be swept: expected one of SWEPT"),
        (SAMPLE.replace("seed:", "machine.cors:"), "49: machine.cors: unknown key - did you mean"),
        (SAMPLE.replace("sobol", "sobl"), "23: sweep.0.sample.method: 'sobl' - did you mean"),
        (
            SAMPLE.replace("4", "6"),
            "14: sweep.0.sample: sobol is balanced only in powers of two: expected 4 or 8 as count",
        ),
        (SAMPLE.replace("4", "0"), "37: sweep.0.sample.count: 0: expected at least 1"),
        (SAMPLE.replace("4", "1" + "0" * 9), "37: sweep.0.sample.count: 1000000000: expected at"),
        (SAMPLE.replace("to: 9", "too: 9"), "65: sweep.0.sample.fields.seed.too: unknown key"),
        (SAMPLE.replace("9", "0"), "69: seed.to: 0: expected more than 1"),
        (SAMPLE.replace("9", "9ms"), "69: seed.to: '9ms': expected a number as from is"),
        (SAMPLE.replace("9", "x"), "69: seed.to: 'x': expected a number or a quantity"),
        (SAMPLE.replace("9}", "9, scale: lg}"), "79: sweep.0.sample.fields.seed.scale: 'lg' - did"),
        (
            SAMPLE.replace("1, to: 9", "0, to: 9, scale: log"),
            "62: seed.from: 0: expected more than 0 for scale: log",
        ),
        (SAMPLE.replace("1, to: 9", "1ms, to: 2ms"), "55: seed: '"),
        (
            "where: [{fork.knd: x}]",
            "15: fork.knd: not in any point: expected a field that the file",
        ),
        ("where: [{}]", "14: sweep.0.where.0: {}: expected at least 1 value"),
        (
            "where: [{seed: null}]",
            "21: seed: None: expected a value, a list of values, or a mapping",
        ),
        ("where: [{seed: {most: 1}}]", "22: seed.most: unknown key - did you mean 'at_most'?"),
        ("where: [{seed: {at_most: x}}]", "31: seed.at_most: 'x': expected a number or a quantity"),
        (
            "where: [{workload.duration: {at_most: 1GiB}}]",
            "44: workload.duration.at_most: '1GiB': expected what '135s' can be compared with",
        ),
    ],
)
def test_one_line_on_each_kind_of_block(block: str, line: str) -> None:
    text = changed("grid: {fork.kind: [classic, on_demand]}", "{" + block + "}")
    line = line.replace("SWEPT", SWEPT).replace("KINDS", KINDS)
    assert refusal(text).startswith(f"a.yaml:13:{line}")


def test_conditions_that_leave_nothing_or_cannot_be_met_are_told() -> None:
    grid = "{grid: {fork.kind: [classic, huge]}}"
    line = "sweep: no point meets its conditions: expected one"
    assert (
        refusal(EXAMPLE, f"sweep=[{grid}, {{where: [{{fork.kind: x}}]}}]") == f"--set:1:1: {line}"
    )
    line = "machine: holds swept fields: expected one of these fields"
    where = "{where: [{machine: 1}]}"
    assert refusal(EXAMPLE, f"sweep=[{{grid: {{machine.cores: [1]}}}}, {where}]").endswith(line)
