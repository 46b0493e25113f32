"""Whatever commands print for people goes through `experiments.commands.printing`."""

from __future__ import annotations

import ast
from pathlib import Path

COMMANDS = Path(__file__).parents[2] / "experiments/commands"
OWN = {"printing.py", "ending.py"}


def is_json(call: ast.Call) -> bool:
    """Whether it prints what `json.dumps` made, which is ASCII."""
    return any(
        isinstance(argument, ast.Call) and ast.unparse(argument.func) == "json.dumps"
        for argument in call.args
    )


def test_commands_print_lines_by_say_and_note() -> None:
    found = [
        f"{file.name}:{node.lineno}"
        for file in sorted(COMMANDS.glob("*.py"))
        if file.name not in OWN
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("click.echo", "print", "click.secho")
        and not is_json(node)
    ]
    assert found == []
