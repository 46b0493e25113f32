"""Where commands print their tables."""

from __future__ import annotations

from rich.console import Console


class Output(Console):
    """Standard output; a reader that has gone is told to the caller, as by any other print."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled; rich would end the process with 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error
