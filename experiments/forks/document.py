"""The table of fork schemes in a Markdown file: ``python -m experiments.forks.document FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from experiments.forks.fork_choice import several_forks
from experiments.language.catalogue import Catalogue, catalogue, first_line, options_of
from models.schemes.words import Words
from results.records.whole_file import write_whole

BEGIN = "<!-- Below is what `make docs` writes. -->"
END = "<!-- Above is what `make docs` writes. -->"

_HEADINGS = ("fork", "what is shared", "who pays, when", "locks", "what breaks")


def table(known: Catalogue) -> str:
    """All schemes, those variants in one row of which the same is said, and their options."""
    rows: dict[Words, list[str]] = {}
    for choice in several_forks((), None, known):
        rows.setdefault(choice.scheme.words, []).append(f"`{choice.yaml}`")
    lines = [_line(_HEADINGS), _line("---" for _ in _HEADINGS)]
    for words, forks in rows.items():
        told = (words.shared, words.payer, words.locks, words.breaks)
        lines.append(_line((", ".join(forks), *told)))
    return "\n".join([*lines, "", *_options(known)])


def _options(known: Catalogue) -> Iterator[str]:
    for name, scheme in known.schemes.items():
        told = "".join(f" Option {option}." for option in options_of(scheme))
        yield f"* `{name}`: {first_line(scheme)}.{told}"


def _line(cells: Iterator[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def rewritten(text: str, known: Catalogue) -> str:
    """A document with the table between its two marks.

    Raises:
        ValueError: the marks are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in after or END in after:
        raise ValueError(f"expected one '{BEGIN}' and then one '{END}'")
    return f"{before}{BEGIN}\n\n{table(known)}\n\n{END}{after}"


def main(file: Path) -> None:
    """Write the table into a file."""
    write_whole(file, rewritten(file.read_text("utf-8"), catalogue()).encode("utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
