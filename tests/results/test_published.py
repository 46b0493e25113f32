"""The published cells are the paper's, all of them, under the agreed names."""

import pytest

from results.reference import published

SIZES = [f"{n / 2:g}GB" for n in range(1, 101)]


def test_fig02_has_a_cell_per_size_and_curve() -> None:
    names = [cell.name for cell in published.cells("fig02")]
    assert names == [f"{c}/{size}" for c in ("fork", "fork/concurrent3") for size in SIZES]
    found = published.values("fig02")
    assert (found["fork/1GB"], found["fork/concurrent3/1GB"]) == (6.5413, 22.4325)


def test_fig07_has_a_cell_per_size_and_scheme() -> None:
    names = [cell.name for cell in published.cells("fig07")]
    assert names == [f"{c}/{size}" for c in ("fork", "fork_huge", "on_demand") for size in SIZES]
    found = published.values("fig07")
    assert found["fork/0.5GB"] == 3.6281
    assert found["fork_huge/1.5GB"] == 0.2382
    assert found["on_demand/50GB"] == 0.9377


@pytest.mark.parametrize(
    ("item", "values"),
    [
        ("table1", {"fork/mean": 0.0023, "fork_huge/mean": 0.1984, "on_demand/mean": 0.0122}),
        (
            "table4",
            {
                "fork/p50": 4.319, "fork/p90": 5.247, "fork/p95": 5.343, "fork/p99": 5.695,
                "fork/p99.9": 6.335, "fork/p99.99": 16.255, "on_demand/p50": 3.871,
                "on_demand/p90": 4.159, "on_demand/p95": 4.255, "on_demand/p99": 4.575,
                "on_demand/p99.9": 4.799, "on_demand/p99.99": 5.535,
            },
        ),
        (
            "table5",
            {
                "fork/mean": 7.40, "fork/std": 0.42,
                "on_demand/mean": 0.12, "on_demand/std": 0.007,
            },
        ),
    ],
)  # fmt: skip
def test_tables(item: str, values: dict[str, float]) -> None:
    assert published.values(item) == values
    assert {cell.unit for cell in published.cells(item)} == {"ms"}


def test_an_unknown_item_is_no_item() -> None:
    with pytest.raises(KeyError):
        published.cells("table99")
