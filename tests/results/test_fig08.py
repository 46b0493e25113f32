"""Figure 8 from records whose savings have a closed form."""

from dataclasses import replace

import numpy as np
import pytest
from run_samples import access, accesses

from results.paper.items import fig08
from results.paper.registry import ITEMS
from results.records.record import Record


def closed_form(
    share: float, reads: float, warmth_ns: float = 20, copy_page_ns: float = 400
) -> float:
    """Per cent saved in `run_samples.access`."""
    share *= copy_page_ns / 400
    read_ms, write_ms = 4000 * share * reads, 40_000 * share * (1 - reads)
    on_demand = 1 + 0.98 * read_ms + (1 - warmth_ns / 1000) * write_ms
    return 100 * (1 - on_demand / (250 + read_ms + write_ms))


def failing(records: list[Record]) -> list[str]:
    return [c.text for c in ITEMS["fig08"].conditions({}, records) if not c.holds]


def test_what_is_saved_has_its_closed_form() -> None:
    for reads in (0.0, 0.25, 0.5, 0.75, 1.0):
        accessed, saved = fig08.saved(accesses(), reads)
        assert accessed == pytest.approx(np.arange(101))
        expected = [closed_form(n / 100, reads) for n in range(101)]
        assert saved == pytest.approx(expected, abs=1e-6)


def test_the_cells_are_those_of_the_profiles_own_warmth() -> None:
    cells = fig08.collect(accesses())
    assert len(cells) == 5 * 101
    assert cells["0% reads/50%"] == pytest.approx(closed_form(0.5, 0))


def test_the_band_lies_between_the_ends_and_leaves_nothing_warm_out() -> None:
    _, low, high = fig08.band(accesses(), 0.0)
    assert low[100] == pytest.approx(closed_form(1, 0, 10))
    assert high[100] == pytest.approx(closed_form(1, 0, 40))
    assert fig08.band(accesses(), 1.0)[0].size == 0


def test_all_conditions_hold_for_the_closed_form() -> None:
    assert len(ITEMS["fig08"].conditions({}, accesses())) == 6
    assert failing(accesses()) == []


KINDS = ("classic", "on_demand")


def with_config(record: Record, **sections: dict[str, object]) -> Record:
    return replace(record, config={**record.config, **sections})


def test_steps_coarser_than_one_per_cent_do_not_do() -> None:
    (text,) = failing([access(kind, 1.0, steps=50) for kind in KINDS])
    assert text == "Steps of 2 % (expected: 1 % or finer)."


def test_mixes_out_of_order_do_not_do() -> None:
    upside_down = [
        with_config(access(kind, reads), workload={"reads": 1 - reads})
        for kind in KINDS
        for reads in (0.0, 0.5, 1.0)
    ]
    assert failing(upside_down) == ["The more reads, the more is saved, at 1 to 50 % accessed."]


def test_savings_without_warmth_do_not_do() -> None:
    warm = [access(kind, 0.0) for kind in KINDS]
    cold = with_config(warm[1], machine={"constants": {"struct_page_miss_ns": 0}})
    (text,) = failing([*warm, cold])
    assert text.startswith("With nothing warm, all writes save 2.6")


def test_a_slower_on_demand_fork_does_not_do() -> None:
    swapped = [
        with_config(access(kind, 1.0), fork={"kind": other})
        for kind, other in zip(KINDS, reversed(KINDS), strict=True)
    ]
    first, last = failing(swapped)
    assert first.startswith("Right after the fork every mix saves almost all: -24900.0 %")
    assert last.startswith("Once everything has been accessed, all reads still save -8.4")


def test_remarks_name_every_mix_and_the_band() -> None:
    remarks = ITEMS["fig08"].remarks({}, accesses())
    assert len(remarks) == 1 + 5
    assert remarks[1].startswith("Saved with all reads: 99.6 % at 0 % accessed, ")
    assert "(1.6 to 4.6 between the ends of the warmth)." in remarks[5]


PRICED = [access(kind, 0.0, copy_page_ns=price) for kind in KINDS for price in (300, 500)]


def test_other_prices_have_a_band_and_a_remark_of_their_own() -> None:
    _, low, high = fig08.band_of_prices([*accesses(), *PRICED], 0.0)
    assert low[100] == pytest.approx(closed_form(1, 0, copy_page_ns=500))
    assert high[100] == pytest.approx(closed_form(1, 0, copy_page_ns=300))
    remark = ITEMS["fig08"].remarks({}, [*accesses(), *PRICED])[-1]
    ends = [closed_form(0.01, 0, copy_page_ns=price) for price in (500, 300)]
    assert remark.startswith(
        "With all writes, over the bands of the prices (copy_page_ns 300 to 500): "
        f"{ends[0]:.1f} to {ends[1]:.1f} % at 1 % accessed, "
    )


def test_other_prices_change_nothing_else_of_the_figure() -> None:
    """Whichever come first: a record of theirs is never taken for one of the figure."""
    item, own = ITEMS["fig08"], accesses()
    for records in ([*PRICED, *own], [*own, *PRICED]):
        cells = item.collect(records)
        assert cells == item.collect(own)
        assert item.data(cells, records) == item.data(cells, own)
        assert item.conditions(cells, records) == item.conditions(cells, own)
        assert item.remarks(cells, records)[:-1] == item.remarks(cells, own)
        for one, other in zip(fig08.band(records, 0.0), fig08.band(own, 0.0), strict=True):
            assert np.array_equal(one, other)


def test_one_price_alone_has_no_band() -> None:
    records = [*accesses(), *PRICED[::2]]
    assert fig08.band_of_prices(records, 0.0)[0].size == 0
    assert len(ITEMS["fig08"].remarks({}, records)) == 1 + 5
