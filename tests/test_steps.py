"""Shared expressions as columns: the same values, each worked out once."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genomlys.engine.conditions.margin import Margin, all_of, as_it_is, k_of, of_difference, of_numbers
from genomlys.engine.steps import Steps, read_by

Row = tuple[float | None, float | None, float | None, bool]
cells = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 1.0]), st.floats(-1e3, 1e3))
rows = st.lists(st.tuples(cells, cells, cells, st.booleans()), min_size=1, max_size=12)
PARTS = ("lo", "hi", "holds", "rounded", "applies")


def margins(once: object) -> list[Margin]:
    """Some that have much in common, of the columns a, b, c and said."""
    a, b, c, said = (pl.col(name) for name in ("a", "b", "c", "said"))
    of = once if callable(once) else as_it_is
    pairs = [(a, b), (b, c), (a, c), (c, a)]
    apart = [
        of_difference(x - y, (x.abs() + y.abs()) * 1e-12, x - y - 0.5, x - y + 0.5, said if x is a else None, of)
        for x, y in pairs
    ]
    number = of_numbers(a - 1, a - 1.5, a - 0.5, said, of)
    return [number, *(k_of(apart, k, of) for k in range(1, 5)), k_of([all_of(apart[:2]), number, *apart], 3, of)]


def asked(found: list[Margin]) -> dict[str, pl.Expr]:
    told = {f"{at}:{part}": getattr(each, part) for at, each in enumerate(found) for part in PARTS}
    return {name: each for name, each in told.items() if each is not None}


@given(rows)
def test_in_steps_the_values_are_the_same(
    given_rows: list[Row],
) -> None:
    schema = {"a": pl.Float64, "b": pl.Float64, "c": pl.Float64, "said": pl.Boolean}
    frame = pl.DataFrame(given_rows, schema=schema, orient="row")
    steps = Steps()
    plan = steps.plan(asked(margins(steps.once)), {})
    assert plan.reads == {"a", "b", "c", "said"}
    assert_frame_equal(plan.of(frame), frame.select(**asked(margins(None))), check_exact=True)


def test_the_same_expression_is_one_column_and_a_neighbour_is_another() -> None:
    steps = Steps()
    a = pl.col("a")
    first = steps.once(a * 0.1)
    assert steps.once(a * 0.1).meta == first.meta
    assert steps.once(a * math.nextafter(0.1, 1)).meta != first.meta


@pytest.mark.parametrize("plain", [pl.col("a"), pl.lit(1.0), pl.lit(1.0) + 2.0])
def test_what_is_a_column_or_reads_none_stays_as_it_is(plain: pl.Expr) -> None:
    assert Steps().once(plain).meta == plain.meta


def test_only_what_is_asked_for_is_worked_out_and_every_number_once() -> None:
    steps = Steps()
    a, b = pl.col("a"), pl.col("b")
    total = steps.once(a + b)
    steps.once(b * 1000)
    twice = steps.once(total * 2)
    plan = steps.plan({"x": twice - total, "y": twice + steps.once(total * 2)}, {"more": pl.col("z")})
    assert [len(level) for level in plan.levels] == [1, 1] and plan.reads == {"a", "b"}
    frame = pl.DataFrame({"a": [1.0, None], "b": [2.0, 3.0], "z": [0, 0]})
    assert plan.of(frame).rows() == [(3.0, 12.0), (None, None)]


def test_columns_may_be_read_by_name() -> None:
    steps = Steps()
    steps.name({"rule:holds": steps.once(pl.col("a") > 1)})
    plan = steps.plan({"x": pl.col("rule:holds") & pl.col("rule:applies")}, {"rule:applies": pl.col("m")})
    assert plan.reads == {"a", "m"} == read_by([pl.col("a") > pl.col("m")])
    assert plan.of(pl.DataFrame({"a": [2, 2, None], "m": [True, False, False]})).to_series().to_list() == [
        True,
        False,
        False,
    ]


def test_a_thousand_steps_on_one_another_are_worked_out_and_dropped() -> None:
    steps = Steps()
    last = pl.col("a")
    for _ in range(1000):
        last = steps.once(last + 1)
    plan = steps.plan({"x": last, "y": pl.col("a")}, {})
    assert len(plan.levels) == 1000 and any(plan.needless)
    assert plan.of(pl.DataFrame({"a": [1, None]})).rows() == [(1001, 1), (None, None)]
