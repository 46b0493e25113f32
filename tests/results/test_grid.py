"""One rule makes every table fit: lines within cells, turned, in blocks; never within a number."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from results.tables.grid import Grid, laid_out, print_grid
from results.tables.markdown import markdown_list, markdown_table
from results.tables.words import print_words, wrapped

FORKS = Grid(
    [
        ["fork.kind", "workload.dataset", "p99.9", "fork max", "extra memory"],
        ["classic", "0.25GiB", "92.4 us ±12%", "6.33 ms", "≥ 36.0 MiB"],
        ["on_demand patchset", "64GiB", "281 us ±6.5%", "1.08 ms", "≥ 736 MiB"],
    ],
    names=2,
)
STEPS = Grid(
    [
        ["step", "time", "what"],
        ["fork", "", ""],
        ["  of a process without memory", "65.1 us", "nothing"],
        ["  each table", "19.6 ns", "1 table copied, 512 entries copied"],
    ],
    words=[2],
)

AS_IT_IS = """
fork.kind           workload.dataset         p99.9  fork max  extra memory
──────────────────────────────────────────────────────────────────────────
classic             0.25GiB           92.4 us ±12%   6.33 ms    ≥ 36.0 MiB
on_demand patchset  64GiB             281 us ±6.5%   1.08 ms     ≥ 736 MiB
"""
IN_LINES = """
           workload.                               extra
fork.kind  dataset           p99.9  fork max      memory
────────────────────────────────────────────────────────
classic    0.25GiB    92.4 us ±12%   6.33 ms  ≥ 36.0 MiB
on_demand  64GiB      281 us ±6.5%   1.08 ms   ≥ 736 MiB
patchset
"""
INTERVALS_BELOW = """
           workload.              fork       extra
fork.kind  dataset      p99.9      max      memory
──────────────────────────────────────────────────
classic    0.25GiB    92.4 us  6.33 ms  ≥ 36.0 MiB
                         ±12%
on_demand  64GiB       281 us  1.08 ms   ≥ 736 MiB
patchset                ±6.5%
"""
TURNED = """
                               on_demand
fork.kind          classic      patchset
workload.
dataset            0.25GiB         64GiB
────────────────────────────────────────
p99.9         92.4 us ±12%  281 us ±6.5%
fork max           6.33 ms       1.08 ms
extra memory    ≥ 36.0 MiB     ≥ 736 MiB
"""
IN_BLOCKS = """
fork.kind       classic
workload.
dataset         0.25GiB
───────────────────────
p99.9      92.4 us ±12%
fork max        6.33 ms
extra        ≥ 36.0 MiB
memory

              on_demand
fork.kind      patchset
workload.
dataset           64GiB
───────────────────────
p99.9      281 us ±6.5%
fork max        1.08 ms
extra         ≥ 736 MiB
memory
"""
WORDS = """
step                 time  what
─────────────────────────────────────────────
fork
  of a process    65.1 us  nothing
  without memory
  each table      19.6 ns  1 table copied,
                           512 entries copied
"""
WORDS_IN_BLOCKS = """
step               time
───────────────────────
fork
  of a process  65.1 us
  without
  memory
  each table    19.6 ns

step       what
──────────────────────
fork
  of a     nothing
  process
  without
  memory
  each     1 table
  table    copied,
           512 entries
           copied
"""


def text(grid: Grid, width: int) -> str:
    return "\n" + "".join(f"{line}\n" for line, _ in laid_out(grid, width))


@pytest.mark.parametrize(
    ("width", "shown"),
    [(1000, AS_IT_IS), (74, AS_IT_IS), (60, IN_LINES), (56, IN_LINES), (50, INTERVALS_BELOW),
     (44, TURNED), (40, TURNED), (24, IN_BLOCKS)],
)  # fmt: skip
def test_a_table_of_numbers(width: int, shown: str) -> None:
    assert text(FORKS, width) == shown


def test_a_table_of_words_is_not_turned() -> None:
    assert text(STEPS, 48) == WORDS
    assert text(STEPS, 23) == WORDS_IN_BLOCKS


def test_a_turned_table_is_turned_back() -> None:
    turned = FORKS.turned
    assert (turned.headings, turned.names) == (2, 1)
    assert [list(row) for row in turned.turned.rows] == FORKS.rows


def test_headings_are_bold_on_a_terminal_and_no_colour_is_used() -> None:
    file = io.StringIO()
    console = Console(
        file=file, width=80, force_terminal=True, color_system="standard", _environ={}
    )
    print_grid(FORKS, console)
    bold, *rest = file.getvalue().splitlines()
    assert bold.startswith("\x1b[1mfork.kind") and bold.endswith("\x1b[0m")
    assert not any("\x1b" in line for line in rest)


def test_an_encoding_without_strokes_gets_others() -> None:
    file = io.TextIOWrapper(io.BytesIO(), "ascii", errors="backslashreplace")
    print_grid(Grid([["a", "b"], ["x", "1"]]), Console(file=file, width=80))
    file.seek(0)
    assert file.read() == "a  b\n----\nx  1\n"


letters = st.text("ab1.5/ µ世-", max_size=12)


@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(letters, min_size=columns, max_size=columns), min_size=2, max_size=5
        )
    ),
    st.integers(1, 60),
)
def test_no_letter_is_lost_and_no_line_too_wide(rows: list[list[str]], width: int) -> None:
    grid = Grid(rows, names=1)
    lines = [line for line, _ in laid_out(grid, width)]
    shown = "".join(lines).replace("─", "").replace(" ", "")
    for cell in {cell for row in rows for cell in row}:
        wanted = "".join(cell.split())
        assert all(shown.count(letter) >= wanted.count(letter) for letter in wanted)
    # Two words of 12 letters and a gap always fit.
    if width >= 32:
        assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(
    ("words", "width", "lines"),
    [
        ("one two three", 9, ["one two", "three"]),
        ("  one two three", 9, ["  one two", "  three"]),
        ("512 entries copied", 8, ["512", "entries", "copied"]),
        ("takes 512 entries", 11, ["takes", "512 entries"]),
        ("is +-16% over 3 repetitions", 16, ["is +-16% over", "3 repetitions"]),
        ("workload.dataset", 10, ["workload.", "dataset"]),
        ("p99.9 of 0.25GiB", 8, ["p99.9 of", "0.25GiB"]),
        ("in 2.5 s", 5, ["in", "2.5 s"]),
        ("a/long_name/of.csv", 12, ["a/long_name/", "of.csv"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("", 4, [""]),
    ],
)
def test_lines_end_between_words(words: str, width: int, lines: list[str]) -> None:
    assert wrapped(words, width) == lines


def test_a_sentence_is_one_line_where_the_console_leaves_breaking_it_to_others() -> None:
    for soft, lines in ((True, ["note: " + "word " * 30]), (False, None)):
        file = io.StringIO()
        print_words("note: " + "word " * 30, Console(file=file, width=40, soft_wrap=soft))
        found = file.getvalue().splitlines()
        assert found == [line.rstrip() for line in lines] if lines else max(map(len, found)) <= 40


def test_markdown_has_a_row_each_whatever_the_width() -> None:
    assert list(markdown_table(FORKS)) == [
        "| fork.kind | workload.dataset | p99.9 | fork max | extra memory |",
        "|---|---|---:|---:|---:|",
        "| classic | 0.25GiB | 92.4 us ±12% | 6.33 ms | ≥ 36.0 MiB |",
        "| on_demand patchset | 64GiB | 281 us ±6.5% | 1.08 ms | ≥ 736 MiB |",
    ]
    assert list(markdown_table(Grid([["p99", "max"], ["1 us", "2 us"]], names=0))) == [
        "|  |  |",
        "|---|---:|",
        "| p99 | 1 us |",
        "| max | 2 us |",
    ]


def test_markdown_of_others_texts_is_text() -> None:
    assert list(markdown_list(["a|b *c* <d> [e](f) `g` \\ \x1b"])) == [
        "* a\\|b \\*c\\* \\<d\\> \\[e\\](f) \\`g\\` \\\\ \\\\x1b"
    ]
