"""The published cells are the paper's, all of them, under the agreed names."""

import pytest

from results.paper.reference import published

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
        (
            "table2",
            {
                "fork/initialisation": 24189.36, "fork/forking": 13.15, "fork/testing": 0.18,
                "fork/total": 24202.69,
            },
        ),
    ],
)  # fmt: skip
def test_tables(item: str, values: dict[str, float]) -> None:
    assert published.values(item) == values
    assert {cell.unit for cell in published.cells(item)} == {"ms"}


def test_apaches_tables_are_in_microseconds() -> None:
    assert published.values("table6") == {
        "fork/mean": 34.3, "fork/max": 285.2, "on_demand/mean": 33.7, "on_demand/max": 304.0,
    }  # fmt: skip
    assert published.values("table7") == {
        "fork/p50": 35.0, "fork/p75": 36.5, "fork/p90": 38.0, "fork/p99": 51.8,
        "on_demand/p50": 32.4, "on_demand/p75": 36.4, "on_demand/p90": 39.8, "on_demand/p99": 53.6,
    }  # fmt: skip
    assert {c.unit for name in ("table6", "table7") for c in published.cells(name)} == {"us"}


def test_the_fuzzers_have_means_and_curves() -> None:
    assert published.values("fig09") == {"fork/mean": 63, "on_demand/mean": 206}
    assert published.values("fig10") == {
        "fork/mean": 91, "on_demand/mean": 145, "fork/mean_scattered": 91,
        "on_demand/mean_scattered": 145,
    }  # fmt: skip
    for name, last in (("fig09", (359.0, 67.72)), ("fig10", (286.0, 100.22))):
        assert {cell.unit for cell in published.cells(name)} == {"1/s"}
        curves = published.rates(name)
        assert list(curves) == ["fork", "on_demand"]
        assert tuple(values[-1] for values in curves["fork"]) == last


@pytest.mark.parametrize("item", ["fig04", "fig08"])
def test_a_figure_without_values_has_no_cells(item: str) -> None:
    assert published.cells(item) == ()


def test_an_unknown_item_is_no_item() -> None:
    with pytest.raises(KeyError):
        published.cells("table99")
