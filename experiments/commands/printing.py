"""What commands print: lines for people, and where tables go.

Names and contents of files are others' texts, so all that is printed goes through `printable`.
"""

from __future__ import annotations

import click
from rich.console import Console

from sim.printable import printable


class Output(Console):
    """Standard output; a reader that has gone is told to the caller, as by any other print."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled; rich would end the process with 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def say(line: str, *, err: bool = False) -> None:
    """Print one line, on standard error if asked."""
    click.echo(printable(line), err=err)


def note(text: str) -> None:
    """Print on standard error what somebody may want to know."""
    say(f"note: {text}", err=True)
