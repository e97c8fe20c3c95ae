"""The statistics against independent oracles: SciPy, plain Python over all orders of the values, and printed tables."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genomlys.engine.statistics import mann_kendall, theil_sen
from genomlys.engine.statistics.discovery import q_values
from genomlys.engine.statistics.mann_kendall import MOST_YEARS, Trend, at_most, pairs_of, smallest_p

HOLE = math.nan


def trend_of(
    *series: Sequence[float], alpha: float = 0.1, half: float = 0.0, two_sided: bool = False, tie: float = 0.0
) -> Trend:
    planes = [np.array(year, dtype=float) for year in zip(*series, strict=True)]
    many = np.ones(len(series))
    return mann_kendall.trend(planes, tie * many, half * many, alpha, two_sided=two_sided)


def falling(values: Sequence[float]) -> int:
    return sum(before > after for before, after in itertools.combinations(values, 2))


def rising(values: Sequence[float]) -> int:
    return sum(before < after for before, after in itertools.combinations(values, 2))


def p_of_all_orders(values: Sequence[float]) -> Fraction:
    """How many of all orders of the values have an S at least as large."""
    orders = list(itertools.permutations(values))
    s = rising(values) - falling(values)
    return Fraction(sum(rising(order) - falling(order) >= s for order in orders), len(orders))


def two_sided_p_of_all_orders(values: Sequence[float]) -> Fraction:
    orders = list(itertools.permutations(values))
    s = abs(rising(values) - falling(values))
    return Fraction(sum(abs(rising(order) - falling(order)) >= s for order in orders), len(orders))


# Few numbers, so that ties are common; negative ones and zeros among them.
FEW = st.integers(-2, 3).map(float)
SERIES = st.lists(FEW, min_size=3, max_size=6)


@settings(deadline=None, max_examples=60)
@given(SERIES)
def test_p_counts_all_orders_of_the_values(values: list[float]) -> None:
    assert trend_of(values, alpha=1.0).p == pytest.approx(float(p_of_all_orders(values)), abs=1e-14)
    assert trend_of(values, alpha=1.0, two_sided=True).p == pytest.approx(
        float(two_sided_p_of_all_orders(values)), abs=1e-14
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(3, MOST_YEARS).flatmap(lambda years: st.permutations(range(years))))
def test_p_without_ties_is_that_of_scipy(values: list[int]) -> None:
    # SciPy's one-sided exact p of 1.13 to 1.15 is wrong for negative S of some lengths: both sides are asked by sign.
    side = "greater" if rising(values) >= falling(values) else "less"
    exact = stats.kendalltau(range(len(values)), values, method="exact")
    both = min(1.0, float(exact.pvalue))
    assert trend_of(values, alpha=1.0, two_sided=True).p == pytest.approx(both, rel=1e-9)
    mine = values if side == "greater" else [-value for value in values]
    if rising(values) != falling(values):
        assert trend_of(mine, alpha=1.0).p == pytest.approx(both / 2, rel=1e-9)


# Upper tail probabilities of S for n = 4 to 10: Hollander and Wolfe, "Nonparametric Statistical Methods", table A.30;
# Gilbert 1987, "Statistical Methods for Environmental Pollution Monitoring", table A18; Kendall 1975, appendix table 1.
TABLE = {
    4: {0: 0.625, 2: 0.375, 4: 0.167, 6: 0.042},
    5: {0: 0.592, 2: 0.408, 4: 0.242, 6: 0.117, 8: 0.042, 10: 0.0083},
    6: {1: 0.500, 3: 0.360, 5: 0.235, 7: 0.136, 9: 0.068, 11: 0.028, 13: 0.0083, 15: 0.0014},
    7: {1: 0.500, 3: 0.386, 5: 0.281, 7: 0.191, 9: 0.119, 11: 0.068, 13: 0.035, 15: 0.015, 17: 0.0054, 19: 0.0014},
    8: {0: 0.548, 2: 0.452, 8: 0.199, 10: 0.138, 12: 0.089, 14: 0.054, 16: 0.031, 18: 0.016, 20: 0.0071, 22: 0.0028},
    9: {0: 0.540, 2: 0.460, 10: 0.179, 12: 0.130, 14: 0.090, 16: 0.060, 18: 0.038, 20: 0.022, 22: 0.012, 24: 0.0063},
    10: {1: 0.500, 3: 0.431, 11: 0.190, 13: 0.146, 15: 0.108, 17: 0.078, 19: 0.054, 21: 0.036, 23: 0.023, 25: 0.014},
}


@pytest.mark.parametrize(("years", "s", "p"), [(n, s, p) for n, row in TABLE.items() for s, p in row.items()])
def test_the_distribution_is_the_printed_one(years: int, s: int, p: float) -> None:
    found = at_most((1,) * years)[(pairs_of(years) - s) // 2]
    decimals = 4 if p < 0.01 else 3
    assert round(found, decimals) == pytest.approx(p, abs=0.51 * 10**-decimals)


def test_a_worked_example() -> None:
    """J. Little, "A Mann-Kendall example by hand" (mathcs.holycross.edu/~little/Montserrat/MannKendallByHand.txt).

    72 pairs rise, 18 fall and one is tied: S = 54, Z = 2.9058, p about 0.0018 by the normal approximation.
    """
    values = [12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7]
    assert (rising(values), falling(values)) == (72, 18)
    (p,) = trend_of(values, alpha=0.05).p
    assert p == at_most((2, *[1] * 12))[18] == pytest.approx(0.0018, abs=0.0007)


def test_the_smallest_p() -> None:
    assert [smallest_p(n) for n in (3, 4, 5)] == pytest.approx([1 / 6, 1 / 24, 1 / 120])
    assert smallest_p(3, two_sided=True) == pytest.approx(1 / 3)
    assert smallest_p(MOST_YEARS) == pytest.approx(1 / math.factorial(MOST_YEARS))


def partitions(total: int, largest: int | None = None) -> list[tuple[int, ...]]:
    if not total:
        return [()]
    most = min(total, largest or total)
    return [(size, *rest) for size in range(most, 0, -1) for rest in partitions(total - size, size)]


def arrangements(groups: tuple[int, ...]) -> list[int]:
    """By number of falling pairs: put the largest values in last, each ahead of so many smaller ones."""
    counts = {0: 1}
    for at, size in enumerate(groups):
        placed = sum(groups[:at])
        ahead = [sum(places) for places in itertools.combinations_with_replacement(range(placed + 1), size)]
        found: dict[int, int] = {}
        for fell, ways in counts.items():
            for more in ahead:
                found[fell + more] = found.get(fell + more, 0) + ways
        counts = found
    return [counts.get(fell, 0) for fell in range(pairs_of(sum(groups)) + 1)]


@pytest.mark.parametrize("years", range(3, 9))
def test_the_distribution_with_any_ties(years: int) -> None:
    for groups in partitions(years):
        counts = arrangements(groups)
        wanted = [sum(counts[: fell + 1]) / sum(counts) for fell in range(len(counts))]
        assert at_most(groups) == pytest.approx(wanted, abs=1e-14), groups
        assert sum(counts) == math.factorial(years) // math.prod(map(math.factorial, groups))


@pytest.mark.parametrize("groups", [(1,) * 11, (2, 2, *[1] * 10), (3, 3, 2, *[1] * 8), (5, 4, 3, *[1] * 8)])
def test_for_longer_series_the_normal_approximation_is_near(groups: tuple[int, ...]) -> None:
    """Kendall's variance corrected for ties, with continuity correction, as it is used for more than ten years."""
    years = sum(groups)
    untied = pairs_of(years) - sum(map(pairs_of, groups))
    variance = (years * (years - 1) * (2 * years + 5) - sum(t * (t - 1) * (2 * t + 5) for t in groups)) / 18
    for fell in range(untied // 2):
        s = untied - 2 * fell
        normal = stats.norm.sf((s - 1) / math.sqrt(variance))
        assert at_most(groups)[fell] == pytest.approx(normal, abs=0.005), s


def test_every_way_of_being_tied_has_a_number_of_its_own() -> None:
    for years in range(2, MOST_YEARS + 1):
        ways = partitions(years)
        numbers = {sum(size * int(mann_kendall._WEIGHTS[size]) for size in groups) % 2**64 for groups in ways}
        assert len(numbers) == len(ways)


HOLED = st.lists(FEW | st.just(HOLE), min_size=3, max_size=6)


def completions(values: Sequence[float]) -> list[list[float]]:
    """What the series may be: each hole below, at, between and above all figures, and every other hole."""
    known = sorted({value for value in values if not math.isnan(value)}) or [0.0]
    steps = [known[0] - 3, known[0] - 2, known[0] - 1]
    for low, high in itertools.pairwise([*known, known[-1] + 4]):
        steps += [low, *[low + (high - low) * part / 4 for part in (1, 2, 3)]]
    holes = [at for at, value in enumerate(values) if math.isnan(value)]
    found = []
    for filling in itertools.product(steps, repeat=len(holes)):
        whole = list(values)
        for at, value in zip(holes, filling, strict=True):
            whole[at] = value
        found.append(whole)
    return found


@settings(deadline=None, max_examples=60)
@given(
    HOLED.filter(lambda values: sum(map(math.isnan, values)) <= 2),
    st.sampled_from([0.05, 0.1, 0.2, 0.4]),
    st.booleans(),
)
def test_what_is_said_of_a_series_with_holes_is_so_however_they_are_filled(
    values: list[float], alpha: float, two_sided: bool
) -> None:
    (said,) = trend_of(values, alpha=alpha, two_sided=two_sided).significant
    (p,) = trend_of(values, alpha=alpha, two_sided=two_sided).p
    if math.isnan(said):
        assert math.isnan(p)
        return
    whole = trend_of(*completions(values), alpha=alpha, two_sided=two_sided)
    assert (whole.significant == said).all()
    assert (whole.p <= p + 1e-12).all()


def test_a_missing_year_in_the_middle_of_clear_ones_decides_nothing() -> None:
    """Of six years that rise, one of the middle two may be missing at 90 per cent: S is at least 9 then, p 0.068."""
    found = trend_of(*[[HOLE if at == hole else at for at in range(6)] for hole in range(6)])
    assert (found.significant[2:4] == np.inf).all()
    assert found.p[2:4] == pytest.approx(49 / 720)
    assert np.isnan(found.significant[[0, 1, 4, 5]]).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-2, 3).map(float), min_size=3, max_size=4), st.sampled_from([0.1, 0.2, 0.4]), st.booleans())
def test_what_is_sure_is_so_of_every_series_that_is_printed_alike(
    values: list[float], alpha: float, two_sided: bool
) -> None:
    found = trend_of(values, alpha=alpha, half=0.5, two_sided=two_sided)
    (said,), (sure,) = found.significant, found.rounded
    printed_alike = itertools.product(*[[value + part / 4 for part in (-2, -1, 0, 1, 2)] for value in values])
    exact = trend_of(*printed_alike, alpha=alpha, two_sided=two_sided).significant
    if not math.isnan(sure):
        assert (exact == sure).all() and said == sure


@settings(deadline=None, max_examples=40)
@given(HOLED, st.sampled_from([0.1, 0.2]))
def test_figures_that_are_not_rounded_are_sure(values: list[float], alpha: float) -> None:
    found = trend_of(values, alpha=alpha)
    assert np.array_equal(found.significant, found.rounded, equal_nan=True)


def test_equal_values_and_a_single_higher_one_are_no_trend() -> None:
    plateau = [5.0] * 9 + [6.0]
    found = trend_of(plateau, [5.0] * 5 + [6.0] * 5, alpha=0.1)
    assert found.p[0] == pytest.approx(0.1)
    assert list(found.significant) == [-np.inf, np.inf]


@settings(deadline=None, max_examples=60)
@given(st.lists(FEW, min_size=2, max_size=9))
def test_the_slope_is_that_of_scipy(values: list[float]) -> None:
    found = theil_sen.slope(np.array([values]))
    wanted = stats.theilslopes(values, range(len(values))).slope
    for part in (found.known, found.least, found.most):
        assert part == pytest.approx(wanted)


@settings(deadline=None, max_examples=60)
@given(HOLED)
def test_the_slope_counts_calendar_years_and_is_enclosed_where_some_are_missing(values: list[float]) -> None:
    found = theil_sen.slope(np.array([values]))
    there = [(year, value) for year, value in enumerate(values) if not math.isnan(value)]
    slopes = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in itertools.combinations(there, 2)]
    if slopes:
        assert found.known == pytest.approx(statistics.median(slopes))
    else:
        assert np.isnan(found.known)
    if sum(map(math.isnan, values)) <= 2:
        whole = [stats.theilslopes(each, range(len(each))).slope for each in completions(values)]
        assert found.least[0] <= min(whole) + 1e-9 and max(whole) <= found.most[0] + 1e-9


def test_benjamini_and_hochbergs_own_example() -> None:
    """Benjamini and Hochberg 1995, section 4.1: of fifteen p-values four are significant at 0.05."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    q = q_values(np.array(p), np.zeros(15, dtype=np.int64))
    assert (q <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert q == pytest.approx(stats.false_discovery_control(p))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0.001, 0.01, 0.04, 0.04, 0.2, 0.9, 1.0, HOLE]), st.integers(0, 3))))
def test_q_values_are_those_of_scipy_for_each_family_alone(tests: list[tuple[float, int]]) -> None:
    p = np.array([each for each, _ in tests], dtype=float)
    family = np.array([of for _, of in tests], dtype=np.int64)
    q = q_values(p, family)
    assert np.array_equal(np.isnan(q), np.isnan(p))
    for one in set(family.tolist()):
        mine = (family == one) & ~np.isnan(p)
        if mine.any():
            assert q[mine] == pytest.approx(stats.false_discovery_control(p[mine]))
            assert np.array_equal(q[mine], q_values(p[mine], family[mine]))
