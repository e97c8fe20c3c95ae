"""The statistics of samples against SciPy, plain Python and published worked examples."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from genomlys.engine.statistics import intervals, samples, student

# Few different values, so that ties are common; holes are None.
figures = st.one_of(st.integers(-3, 4).map(float), st.floats(-1e6, 1e6).map(lambda value: round(value, 3)))
rows = st.lists(st.one_of(figures, st.none()), min_size=1, max_size=12)


def matrix(sample: list[float | None], empty: int = 0) -> np.ndarray:
    return np.array([[math.nan if value is None else value for value in sample] + [math.nan] * empty])


@given(rows, st.integers(0, 3))
@settings(deadline=None)
def test_mean_and_sd_are_those_of_plain_python_and_empty_columns_change_no_bit(
    sample: list[float | None], empty: int
) -> None:
    there = [value for value in sample if value is not None]
    mean, sd = (found[0] for found in samples.mean_and_sd(matrix(sample)))
    assert math.isnan(mean) == (not there) and math.isnan(sd) == (len(there) < 2)
    if there:
        assert mean == pytest.approx(statistics.fmean(there), rel=1e-12, abs=1e-9)
    if len(there) > 1:
        assert sd == pytest.approx(statistics.stdev(there), rel=1e-9, abs=1e-7)
    again = [found[0] for found in samples.mean_and_sd(matrix(sample, empty))]
    assert np.array_equal(again, [mean, sd], equal_nan=True)


@given(st.floats(-1e9, 1e9), st.integers(2, 20))
@settings(deadline=None)
def test_equal_values_have_no_spread_at_all(value: float, n: int) -> None:
    mean, sd = samples.mean_and_sd(np.full((1, n), value))
    assert (mean[0], sd[0]) == (value, 0.0)


@given(rows)
@settings(deadline=None)
def test_median_mad_and_quartiles_are_scipys(sample: list[float | None]) -> None:
    there = [value for value in sample if value is not None]
    values, n = matrix(sample), np.array([len(there)])
    found = [each[0] for each in samples.median_and_spreads(values, samples.in_order(values), n)]
    if not there:
        assert np.isnan(found).all()
        return
    wanted = [np.median(there), stats.median_abs_deviation(there), stats.iqr(there)]
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-9)


@given(rows, st.integers(1, 14), st.data())
@settings(deadline=None)
def test_the_kth_largest_of_the_others(sample: list[float | None], k: int, drawn: st.DataObject) -> None:
    there = [value for value in sample if value is not None]
    left_out = drawn.draw(st.sampled_from([None, *there]))
    others = list(there)
    if left_out is not None:
        others.remove(left_out)
    wanted = sorted(others, reverse=True)[k - 1] if k <= len(others) else -math.inf
    without = np.array([math.nan if left_out is None else left_out])
    n, at, place = np.array([len(there)]), np.array([0]), np.array([k])
    # The k-th largest, or of the values with the other sign turned back again: the same.
    for turn in (1.0, -1.0):
        ordered = samples.in_order(matrix(sample) * turn)
        assert samples.kth_largest(ordered, n, at, place, np.array([turn]), without)[0] == wanted
    assert samples.kth_largest(ordered, n, at, place, np.array([math.nan]), without)[0] == -math.inf


@given(rows)
@settings(deadline=None)
def test_places_are_competition_ranks(sample: list[float | None]) -> None:
    larger, equal = (found[0] for found in samples.places(matrix(sample)))
    there = [value for value in sample if value is not None]
    for at, value in enumerate(sample):
        if value is None:
            assert math.isnan(larger[at]) and math.isnan(equal[at])
        else:
            assert (larger[at], equal[at]) == (sum(other > value for other in there), there.count(value) - 1)


@given(st.floats(0, 1e4), st.integers(1, 400))
@example(8.06e-10, 1)
@settings(max_examples=300, deadline=None)
def test_the_tail_of_student_is_scipys(t: float, df: int) -> None:
    wanted = stats.t.sf(t, df)
    if t < 1e-4:  # t.sf says 0,5 of a t near 0; the incomplete beta function keeps its digits there
        wanted = 0.5 - special.betainc(0.5, df / 2, t * t / (df + t * t)) / 2
    assert student.tail(np.array([t]), np.array([float(df)]))[0] == pytest.approx(wanted, rel=1e-10, abs=1e-290)


@given(st.floats(1e-6, 0.5), st.integers(1, 400))
@settings(deadline=None)
def test_the_critical_t_is_scipys(alpha: float, df: int) -> None:
    assert student.critical(alpha, df) == pytest.approx(stats.t.isf(alpha, df), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("alpha", "df", "t"),
    [(0.05, 1, 6.314), (0.05, 6, 1.943), (0.025, 6, 2.447), (0.01, 10, 2.764), (0.05, 30, 1.697), (0.005, 120, 2.617)],
)
def test_the_critical_t_is_that_of_the_printed_tables(alpha: float, df: int, t: float) -> None:
    """Fisher and Yates, "Statistical Tables", table III."""
    assert round(student.critical(alpha, df), 3) == t


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_the_interval_of_a_share_is_that_of_newcombes_examples(events: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, p. 857, table I, method 5 (Clopper-Pearson)."""
    found = intervals.exact(np.array([events / n]), np.array([float(n)]), 1.959964)
    assert [float(limit[0]) for limit in found] == pytest.approx([low, high], abs=6e-4, rel=0.02)


@given(st.integers(1, 5000), st.data(), st.sampled_from([1.2815515655446004, 1.959963984540054, 3.090232306167813]))
@settings(deadline=None)
def test_the_interval_of_a_share_is_near_the_exact_one(n: int, drawn: st.DataObject, z: float) -> None:
    events = drawn.draw(st.integers(0, n))
    low, high = (float(limit[0]) for limit in intervals.exact(np.array([events / n]), np.array([float(n)]), z))
    alpha = stats.norm.sf(z)
    exact_low = stats.beta.ppf(alpha, events, n - events + 1) if events else 0.0
    exact_high = stats.beta.isf(alpha, events + 1, n - events) if events < n else 1.0
    assert low <= events / n <= high
    assert (low, high) == pytest.approx((exact_low, exact_high), abs=0.05 / n, rel=0.05)


fractions = st.one_of(st.floats(0, 3), st.floats(0, 1).map(lambda part: part**4))


@given(
    fractions | st.integers(0, 3000),
    fractions | st.integers(0, 3000),
    st.sampled_from([1.2815515655446004, 1.959963984540054, 3.090232306167813]),
)
@example(0.0008, 0.0012, 1.959963984540054)
@example(1, 1, 1.959963984540054)
@settings(deadline=None)
def test_the_interval_of_a_share_is_not_too_narrow_between_whole_events(events: float, others: float, z: float) -> None:
    """The exact limits go on between the whole events by the beta distribution."""
    n = events + others
    assume(n > 1e-6)
    share = events / n
    low, high = (float(limit[0]) for limit in intervals.exact(np.array([share]), np.array([n]), z))
    alpha = float(stats.norm.sf(z))
    exact_low = stats.beta.ppf(alpha, events, others + 1) if events > 1e-9 else 0.0
    exact_high = stats.beta.isf(alpha, events + 1, others) if others > 1e-9 else 1.0
    assert low <= share <= high
    assert low <= exact_low + max(0.05 / n, 0.05 * (1 - exact_low))
    assert high >= exact_high - max(0.05 / n, 0.05 * exact_high)
    assert (low, high) == (0.0, 1.0) or max(events, others) >= 1 - 1e-9
    # Nor so wide that nothing is ever said: within a quarter of an event where there are as many as two of all.
    if n >= 2:
        assert low >= exact_low - max(0.25 / n, 0.05 * (1 - exact_low))
        assert high <= exact_high + max(0.25 / n, 0.05 * exact_high)


def test_of_no_event_and_nothing_counted_nothing_is_said() -> None:
    low, high = intervals.exact(np.zeros(3), np.array([-0.001, 0.0, 10.0]), 1.96)
    assert np.isnan([low[0], high[0], low[1], high[1]]).all()
    assert (low[2], high[2]) == pytest.approx((0.0, stats.beta.isf(stats.norm.sf(1.96), 1, 10)))


@given(st.floats(5, 1e6), st.sampled_from([1.2815515655446004, 1.959963984540054, 3.090232306167813]))
@settings(deadline=None)
def test_byars_limits_are_near_the_exact_ones(events: float, z: float) -> None:
    """Garwood's, by the chi-square distribution."""
    low, high = (float(limit[0]) for limit in intervals.byar(np.array([events]), z))
    alpha = stats.norm.sf(z)
    exact = stats.chi2.ppf(alpha, 2 * events) / 2, stats.chi2.isf(alpha, 2 * events + 2) / 2
    assert low <= events <= high
    assert (low, high) == pytest.approx(exact, rel=0.08 if events < 10 else 0.025)


def test_byars_limits_are_those_of_a_published_example() -> None:
    """Breslow and Day 1987: 15 deaths have the exact limits 8,4 and 24,7."""
    found = intervals.byar(np.array([15.0]), 1.959964)
    assert [round(float(limit[0]), 1) for limit in found] == [8.4, 24.7]


def test_what_is_no_share_or_count_has_no_interval() -> None:
    assert np.isnan(intervals.exact(np.array([1.2, -0.1, 0.5]), np.array([10.0, 10.0, 0.0]), 1.96)).all()
    assert np.isnan(intervals.byar(np.array([-1.0]), 1.96)).all()
