"""The pack by hand in NumPy: a dense cube with a plane per year, each rule a kernel over blocks of like KPIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, pairwise, permutations
from pathlib import Path

import numpy as np
import polars as pl
from formulas import (
    BEYOND,
    BY_IQR,
    BY_MAD,
    CRITICAL,
    FEWEST,
    FEWEST_OF_NATION,
    LAST_YEAR,
    MAX_AGE,
    NETWORK,
    SHARE,
    at_most,
    largest,
    partitions,
)
from numpy.typing import NDArray
from results import Answer, main

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

BLOCK = 64  # KPIs at a time: a few planes of them stay in the processor's cache
MARKS = {"ok": 1, "preliminary": 1, "missing": 2, "suppressed": 3, "not_applicable": 4}
STATUSES = ("flagged", "clear", "unknown", "not_applicable")
FLAGGED, CLEAR, UNKNOWN, NOT_APPLICABLE = range(4)


@dataclass(frozen=True)
class Said:
    """What a rule says, [KPIs, units]; the margin counts where it is flagged."""

    margin: Floats
    flagged: Flags
    unknown: Flags


@dataclass(frozen=True)
class Kind:
    """What the KPIs of a block have in common."""

    service: int
    category: str
    measure: str
    weight: float | None
    reference: bool


@dataclass
class Block:
    """KPIs of one kind: planes [years, KPIs, units] and facts [KPIs, 1]."""

    kind: Kind
    planes: Floats
    marks: NDArray[np.uint8]
    reference: Floats | None
    peers: Ints  # [members, units]
    material_rel: Floats
    material_abs: Floats
    break_year: Floats

    @cached_property
    def recent(self) -> list[Flags]:
        """For each age, whether the KPI's own year is that old."""
        taken = np.zeros(self.planes.shape[1:], dtype=np.bool_)
        ages = []
        for age in range(MAX_AGE + 1):
            ages.append(~np.isnan(self.planes[-1 - age]) & ~taken)
            taken |= ages[-1]
        return ages

    @cached_property
    def whole(self) -> bool:
        """No change of definition."""
        return bool(np.isnan(self.break_year).all())

    @cached_property
    def newest_mark(self) -> NDArray[np.uint8]:
        newest: NDArray[np.uint8] = self.marks[-1].copy()
        for age in range(1, MAX_AGE + 1):
            np.copyto(newest, self.marks[-1 - age], where=newest == 0)
        return newest

    @cached_property
    def judged(self) -> Flags:
        """Not where the KPI does not concern the unit."""
        judged: Flags = np.any(self.recent, axis=0) | (self.newest_mark != MARKS["not_applicable"])
        return judged

    def back(self, planes: Floats, lag: int) -> Floats:
        """The plane ``lag`` years before each series' own year."""
        found = np.full(self.planes.shape[1:], np.nan)
        for age, here in enumerate(self.recent):
            if age + lag < len(planes):
                np.copyto(found, planes[-1 - age - lag], where=here)
        return found

    def own(self, lag: int) -> Floats:
        return self.back(self.planes, lag)

    @cached_property
    def year(self) -> Ints:
        return LAST_YEAR - np.select(self.recent, list(range(MAX_AGE + 1)), 0)

    def comparable(self, lag: int) -> Floats:
        if lag == 0 or self.whole:
            return self.own(lag)
        crossed = (self.break_year <= self.year) & (self.break_year > self.year - lag)
        return np.where(crossed, np.nan, self.own(lag))

    def basis(self, planes: Floats, lag: int) -> Floats:
        """For the own year the latest one at or before it that is recent enough."""
        found = self.back(planes, lag)
        for age in range(1, MAX_AGE + 1) if lag == 0 else ():
            absent = np.isnan(found)
            if absent.any():
                np.copyto(found, self.back(planes, age), where=absent)
        return found

    @cached_property
    def peers_mean(self) -> Floats:
        planes = self.planes[-6:]
        total, count = np.zeros_like(planes), np.zeros(planes.shape, dtype=np.int8)
        there, filled = ~np.isnan(planes), np.nan_to_num(planes)
        for member in self.peers:
            total += np.take(filled, member, axis=2)
            count += np.take(there, member, axis=2)
        total /= np.maximum(count, 1)
        total[count < FEWEST] = np.nan
        return total

    @cached_property
    def peers_median(self) -> Floats:
        planes = self.planes[-7:]
        ordered = [np.take(planes, member, axis=2) for member in self.peers]
        count = np.zeros(planes.shape, dtype=np.int8)
        for values in ordered:
            absent = np.isnan(values)
            count += ~absent
            values[absent] = np.inf
        for low, high in NETWORK:
            smaller = np.minimum(ordered[low], ordered[high])
            np.maximum(ordered[low], ordered[high], out=ordered[high])
            ordered[low] = smaller
        median = np.full(planes.shape, np.nan)
        for n in range(FEWEST, len(ordered) + 1):
            np.copyto(median, (ordered[(n - 1) // 2] + ordered[n // 2]) / 2, where=count == n)
        return median

    @cached_property
    def nation_mean(self) -> Floats:
        planes = self.planes[-5:]
        there = ~np.isnan(planes)
        count = there.sum(axis=2, keepdims=True)
        total = np.where(there, planes, 0.0).sum(axis=2, keepdims=True)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def beside_peers(self, lag: int) -> tuple[Floats, Floats]:
        """The own value and that of the peers in the very same year, within one definition."""
        return self.comparable(lag), self.back(self.peers_mean, lag)

    def material(self, basis: Floats) -> Floats:
        band = np.where(np.isnan(self.material_abs), self.material_rel * np.abs(basis), self.material_abs)
        return np.where(np.isnan(self.material_abs) & np.isnan(self.material_rel), 0.0, band)


def beyond(own: Floats, basis: Floats | float, sign: float, band: Floats | float) -> Floats:
    margin = sign * (own - basis) - band
    margin[np.abs(margin) <= (np.abs(own) + np.abs(basis)) * 1e-12] = 0.0
    return margin


def one(margin: Floats) -> Said:
    return Said(margin, margin > 0, np.isnan(margin))


def k_of(margins: list[Floats], k: int) -> Said:
    stacked = np.stack(margins)
    absent = np.isnan(stacked)
    certain = (stacked > 0).sum(axis=0)
    possible = certain + absent.sum(axis=0)
    stacked[absent] = -np.inf
    stacked.sort(axis=0)
    return Said(stacked[-k], certain >= k, (certain < k) & (possible >= k))


def both(left: Said, right: Said) -> Said:
    flagged = left.flagged & right.flagged
    unknown = ~flagged & (left.flagged | left.unknown) & (right.flagged | right.unknown)
    return Said(np.minimum(left.margin, right.margin), flagged, unknown)


def above_reference(block: Block, lag: int) -> Floats:
    assert block.reference is not None
    basis = block.basis(block.reference, lag)
    return beyond(block.own(lag), basis, 1.0, 0.02 * np.abs(basis))


def worse_than_peers(block: Block) -> Said:
    basis = block.basis(block.peers_mean, 0)
    return one(beyond(block.own(0), basis, block.kind.weight or 0.0, block.material(basis)))


def below_median(block: Block, lag: int) -> Floats:
    basis = block.basis(block.peers_median, lag)
    return beyond(block.own(lag), basis, block.kind.weight or 0.0, 0.02 * np.abs(basis))


def worse_than_before(block: Block) -> Said:
    basis = block.comparable(4)
    return one(beyond(block.own(0), basis, block.kind.weight or 0.0, block.material(basis)))


def run(block: Block, years: int, by: float) -> Said:
    values = [block.comparable(lag) for lag in range(years)]
    steps = [
        beyond(later, earlier, block.kind.weight or 0.0, by * np.abs(earlier)) for later, earlier in pairwise(values)
    ]
    return k_of(steps, years - 1)


def worse_than_peers_and_nation(block: Block) -> Said:
    basis = block.basis(block.nation_mean, 0)
    nation = one(beyond(block.own(0), basis, block.kind.weight or 0.0, block.material(basis)))
    return both(worse_than_peers(block), nation)


def grown(later: tuple[Floats, Floats], earlier: tuple[Floats, Floats], band: Floats | float) -> Floats:
    margin = (later[0] - later[1]) - band - (earlier[0] - earlier[1])
    size = np.abs(later[0]) + np.abs(later[1]) + np.abs(earlier[0]) + np.abs(earlier[1])
    margin[np.abs(margin) <= size * 1e-12] = 0.0
    return margin


def widening(block: Block) -> Said:
    pairs = [block.beside_peers(lag) for lag in range(3)]
    margins = [beyond(own, basis, 1.0, 0.0) for own, basis in pairs]
    margins += [grown(later, earlier, 0.0) for later, earlier in pairwise(pairs)]
    margins.append(grown(pairs[0], pairs[-1], 0.02 * np.abs(pairs[0][1])))
    return k_of(margins, len(margins))


def turned(block: Block) -> Said:
    margins = []
    for lag in range(4):
        own, basis = block.beside_peers(lag)
        weight = block.kind.weight or 0.0
        margins.append(beyond(own, basis, weight if lag == 0 else -weight, 0.0))
    return k_of(margins, len(margins))


def cost_trend(block: Block) -> Said:
    planes = [block.comparable(lag) for lag in reversed(range(8))]
    tie = 2e-12 * np.fmax.reduce([np.abs(plane) for plane in planes])
    test = mann_kendall(planes, tie, 0.05)
    asked = test.flagged | test.unknown
    lo, hi = np.full(asked.shape, -np.inf), np.full(asked.shape, -np.inf)
    lo[asked], hi[asked] = steepness(np.stack([plane[asked] for plane in planes]), tie[asked], 0.01)
    flagged = test.flagged & (lo > 0)
    return Said(np.minimum(test.margin, lo), flagged, asked & ~flagged & ~(hi <= 0))


def worsening_trend(block: Block) -> Said:
    planes = [(block.kind.weight or 0.0) * block.comparable(lag) for lag in reversed(range(6))]
    return mann_kendall(planes, 2e-12 * np.fmax.reduce([np.abs(plane) for plane in planes]), 0.10)


def mann_kendall(planes: Sequence[Floats], tie: Floats, alpha: float) -> Said:
    """Whether values rise, exactly: by the number of falling pairs, of which holes leave some open."""
    years, every = len(planes), len(planes) * (len(planes) - 1) // 2
    few = largest(at_most((1,) * years), alpha)
    less = {pair: planes[pair[0]] < planes[pair[1]] - tie for pair in permutations(range(years), 2)}
    rising, falling = np.zeros(tie.shape, dtype=np.int8), np.zeros(tie.shape, dtype=np.int8)
    for before, after in combinations(range(years), 2):
        rising += less[before, after]
        falling += less[after, before]
    absent = [np.isnan(plane) for plane in planes]
    known = years - np.sum(absent, axis=0, dtype=np.int8)
    up, down = rising.copy(), falling.copy()
    open_ = (known < years) & (known > 0) & (every - rising > few) & (falling <= few)
    if open_.any():
        part, gone = (
            {pair: truth[open_].view(np.int8) for pair, truth in less.items()},
            [hole[open_] for hole in absent],
        )
        up[open_] += least_rising(part, gone)
        down[open_] += least_rising({pair: part[pair[::-1]] for pair in part}, gone)
    significant, never = every - up <= few, down > few
    whole = known == years
    tied = whole & (rising + falling < every)
    if tied.any():
        significant[tied] = falling[tied] <= most_falls(
            {pair: truth[tied] for pair, truth in less.items()}, years, alpha
        )
    significant &= ~(whole & (2 * rising <= every))
    unknown = ~significant & ~whole & ~never
    return Said(np.where(significant, np.inf, -np.inf), significant, unknown)


def least_rising(less: dict[tuple[int, int], NDArray[np.int8]], absent: list[Flags]) -> NDArray[np.int8]:
    """Of the pairs with a hole, how many rise at least, over all values that the hole may have."""
    years = range(len(absent))
    total = np.zeros(len(absent[0]), dtype=np.int8)
    for hole in years:
        fewest = np.full(len(total), len(absent), dtype=np.int8)
        for value in years:
            if value != hole:
                rise = np.zeros(len(total), dtype=np.int8)
                for one in years:
                    if one not in (hole, value):
                        rise += less[one, value] if one < hole else less[value, one]
                np.minimum(fewest, rise, out=fewest, where=~absent[value])
        total += np.where(absent[hole], fewest, 0).astype(np.int8)
    return total


def most_falls(less: dict[tuple[int, int], Flags], years: int, alpha: float) -> Ints:
    """The most falling pairs that are significant where values are tied, by the sizes of the groups of equal ones."""
    equals = [np.ones(len(less[0, 1]), dtype=np.int64) for _ in range(years)]
    for one, other in combinations(range(years), 2):
        equal = ~(less[one, other] | less[other, one])
        equals[one] += equal
        equals[other] += equal
    limits: Ints = _limits(years, alpha)[sum(each - 1 for each in equals) // 2, sum(each * each for each in equals)]
    return limits


@cache
def _limits(years: int, alpha: float) -> Ints:
    """By the number of tied pairs and the sum of the groups' sizes cubed, which together tell the groups."""
    limits = np.full((years * years, years**3 + 1), -1)
    for groups in partitions(years):
        pairs = sum(size * (size - 1) // 2 for size in groups)
        limits[pairs, sum(size**3 for size in groups)] = largest(at_most(groups), alpha)
    return limits


def steepness(planes: Floats, tie: Floats, by: float) -> tuple[Floats, Floats]:
    """The least and the most that the Theil-Sen slope exceeds a share of the median by, [series]."""
    pairs = combinations(range(len(planes)), 2)
    low, high = medians(np.stack([(planes[after] - planes[before]) / (after - before) for before, after in pairs]))
    least, most = medians(planes)
    size_low, size_high = np.maximum(0.0, np.maximum(least, -most)), np.maximum(np.abs(least), np.abs(most))
    ends = low - by * size_high, high - by * size_low
    lo, hi = (np.where(np.abs(end) <= tie, 0.0, end) for end in ends)
    return lo, hi


def medians(figures: Floats) -> tuple[Floats, Floats]:
    """The least and the most that the median can be, where what is missing may be any number."""
    every = len(figures)
    ordered = np.sort(figures, axis=0)
    known = every - np.isnan(ordered).sum(axis=0)

    def at(place: Ints) -> Floats:
        inside = np.clip(place, 0, np.maximum(known - 1, 0))
        found = np.take_along_axis(ordered, inside[None], axis=0)[0]
        return np.where(place < 0, -np.inf, np.where(place >= known, np.inf, found))

    lower, upper = np.full(known.shape, (every - 1) // 2), np.full(known.shape, every // 2)
    missing = every - known
    return (at(lower - missing) + at(upper - missing)) / 2, (at(lower) + at(upper)) / 2


def worst_among_peers(block: Block) -> Said:
    """One of the two worst: farther than the second of the others, wherever those without a value lie."""
    weight = block.kind.weight or 0.0
    least, most = (np.full(block.judged.shape, -np.inf) for _ in range(2))
    for age, here in enumerate(block.recent):
        values = np.stack([np.take(weight * block.planes[-1 - age], member, axis=1)[here] for member in block.peers])
        absent = np.isnan(values)
        first = np.where(absent, -np.inf, values)
        first.sort(axis=0)
        of = sum(
            np.take(block.marks[-1 - age], member, axis=1)[here] != MARKS["not_applicable"] for member in block.peers
        )
        missing = of - (~absent).sum(axis=0)
        far = np.where(missing == 0, first[-2], np.where(missing == 1, first[-1], np.inf))
        least[here] = np.where(of >= FEWEST, first[-2], -np.inf)
        most[here] = np.where(of >= FEWEST, far, np.inf)
    return between(weight * block.own(0), least, most)


def between(own: Floats, least: Floats, most: Floats) -> Said:
    """Whether the value is beyond a limit that lies somewhere between the two."""
    lo = np.nan_to_num(own - most, nan=-np.inf, neginf=-np.inf, posinf=np.inf)
    hi = np.nan_to_num(own - least, nan=np.inf, neginf=-np.inf, posinf=np.inf)
    return Said(lo, lo > 0, ~(lo > 0) & ~(hi <= 0))


def worst_quarter(block: Block) -> Said:
    weight = block.kind.weight or 0.0
    own = weight * block.own(0)
    least, most = np.full(own.shape, -np.inf), np.full(own.shape, np.inf)
    for age, here in enumerate(block.recent):
        values = weight * block.planes[-1 - age]
        every = (block.marks[-1 - age] != MARKS["not_applicable"]).sum(axis=1)
        falling = -np.sort(-values, axis=1)  # NaN comes last
        k, missing = every // SHARE, every - (~np.isnan(values)).sum(axis=1)
        near, far = (_kth(falling, place, values) for place in (k, np.maximum(k - missing, 1)))
        far = np.where((missing >= k)[:, None], np.inf, far)
        enough = (every >= FEWEST_OF_NATION)[:, None]
        least, most = np.where(here & enough, near, least), np.where(here & enough, far, most)
    return between(own, least, most)


def _kth(falling: Floats, place: Ints, own: Floats) -> Floats:
    """The k-th largest of the others, for each: of all, the one after if the own value is one of those before."""
    row = np.arange(len(falling))
    first, after = (np.nan_to_num(falling[row, at], nan=-np.inf)[:, None] for at in (place - 1, place))
    return np.where(own >= first, after, first)


def case_among_peers(block: Block) -> Said:
    """Crawford and Howell's test against the peers."""
    own, margin = block.own(0), np.full(block.judged.shape, np.nan)
    stretched = np.full(len(block.peers) + 1, np.nan)
    for count, limit in CRITICAL.items():
        stretched[count] = limit * ((count + 1) / count) ** 0.5
    for age, here in enumerate(block.recent):
        values = np.stack([np.take(block.planes[-1 - age], member, axis=1)[here] for member in block.peers])
        count = (~np.isnan(values)).sum(axis=0)
        mean = np.where(np.isnan(values), 0.0, values).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(np.isnan(values), 0.0, (values - mean) ** 2).sum(axis=0)
        spread = np.fmax.reduce(values) > np.fmin.reduce(values)
        sd = np.where(spread, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
        margin[here] = beyond(own[here], mean, block.kind.weight or 0.0, stretched[count] * sd)
    return one(margin)


def outlier_in_nation(block: Block) -> Said:
    middle, width = np.full(block.judged.shape, np.nan), np.full(block.judged.shape, np.nan)
    for age, here in enumerate(block.recent):
        values = block.planes[-1 - age]
        count = (~np.isnan(values)).sum(axis=1)
        told = np.flatnonzero(count >= FEWEST_OF_NATION)
        median = np.nanmedian(values[told], axis=1, keepdims=True)
        mad = np.nanmedian(np.abs(values[told] - median), axis=1)
        scale = mad * BY_MAD
        flat = np.flatnonzero(mad == 0)
        if len(flat):
            low, high = np.nanquantile(values[told[flat]], [0.25, 0.75], axis=1)
            scale[flat] = (high - low) * BY_IQR
        of_kpi, scales = np.full((len(values), 1), np.nan), np.full((len(values), 1), np.nan)
        of_kpi[told], scales[told, 0] = median, np.where(scale > 0, scale, np.nan)
        middle, width = np.where(here, of_kpi, middle), np.where(here, BEYOND * scales, width)
    return one(beyond(block.own(0), middle, block.kind.weight or 0.0, width))


def missing(block: Block) -> Said:
    never = np.isnan(block.planes).all(axis=0) & (block.newest_mark != MARKS["suppressed"])
    return Said(np.full(never.shape, np.inf), never, np.zeros_like(never))


def is_cost(kind: Kind) -> bool:
    return kind.category == "ekonomi"


def is_result(kind: Kind) -> bool:
    return kind.category in ("kvalitet", "personal") and kind.weight is not None


RULES: dict[str, tuple[Callable[[Kind], bool], Callable[[Block], Said]]] = {
    "cost-above-reference": (lambda kind: kind.reference, lambda block: one(above_reference(block, 0))),
    "cost-often-above-reference": (
        lambda kind: kind.reference,
        lambda block: k_of([above_reference(block, lag) for lag in range(3)], 2),
    ),
    "cost-above-peers": (is_cost, worse_than_peers),
    "worse-than-peers": (is_result, worse_than_peers),
    "often-worse-than-peers-median": (is_result, lambda block: k_of([below_median(block, lag) for lag in range(5)], 3)),
    "worse-than-before": (is_result, worse_than_before),
    "low-share": (
        lambda kind: kind.category == "kvalitet" and kind.measure == "%",
        lambda block: one(beyond(block.own(0), 40.0, -1.0, 0.0)),
    ),
    "worsening": (is_result, lambda block: run(block, 4, 0.0)),
    "dear-and-rising": (is_cost, lambda block: both(worse_than_peers(block), run(block, 3, 0.01))),
    "worse-than-peers-and-nation": (is_result, worse_than_peers_and_nation),
    "trend-worsening": (is_result, worsening_trend),
    "turned-worse": (is_result, turned),
    "worst-among-peers": (is_result, worst_among_peers),
    "worst-quarter": (is_result, worst_quarter),
    "case-among-peers": (is_result, case_among_peers),
    "outlier-in-nation": (is_result, outlier_in_nation),
    "cost-gap-widening": (is_cost, widening),
    "cost-trend": (is_cost, cost_trend),
    "missing": (lambda kind: True, missing),
}
OF_AREAS = ("poor-area",)


class Collected:
    """The found verdicts, and how many of each status every unit has."""

    def __init__(self, units: int) -> None:
        self.parts: list[tuple[str, Ints, Ints, NDArray[np.uint8], Floats]] = []
        self.counts = {rule: np.zeros((units, len(STATUSES)), dtype=np.int64) for rule in (*RULES, *OF_AREAS)}

    def add(self, rule: str, subjects: Ints, said: Said, applies: Flags) -> None:
        flagged, unknown = said.flagged & applies, said.unknown & applies
        told = self.counts[rule]
        told[:, FLAGGED] += flagged.sum(axis=0)
        told[:, UNKNOWN] += unknown.sum(axis=0)
        told[:, NOT_APPLICABLE] += (~applies).sum(axis=0)
        told[:, CLEAR] += (applies & ~flagged & ~unknown).sum(axis=0)
        for status, which in ((FLAGGED, flagged), (UNKNOWN, unknown)):
            row, unit = np.nonzero(which)
            margin = said.margin[which] if status == FLAGGED else np.full(len(row), np.nan)
            self.parts.append((rule, subjects[row], unit, np.full(len(row), status, dtype=np.uint8), margin))

    def answer(self, units: pl.DataFrame, kpis: list[str], areas: list[str]) -> Answer:
        unit_names = units["unit"].to_list()
        rules, subjects = pl.Enum([*RULES, *OF_AREAS]), pl.Enum([*kpis, *areas])
        shift = {rule: len(kpis) if rule in OF_AREAS else 0 for rule in (*RULES, *OF_AREAS)}
        number = {rule: at for at, rule in enumerate((*RULES, *OF_AREAS))}
        found = pl.DataFrame(
            {
                "rule": pl.Series(
                    np.concatenate([np.full(len(part[1]), number[part[0]], dtype=np.uint8) for part in self.parts])
                ).cat.to(rules),
                "subject": pl.Series(
                    np.concatenate([part[1] + shift[part[0]] for part in self.parts]), dtype=pl.UInt32
                ).cat.to(subjects),
                "unit": pl.Series(np.concatenate([part[2] for part in self.parts]), dtype=pl.UInt32).cat.to(
                    pl.Enum(unit_names)
                ),
                "status": pl.Series(np.concatenate([part[3] for part in self.parts])).cat.to(pl.Enum(STATUSES)),
                "margin": pl.Series(np.concatenate([part[4] for part in self.parts]), nan_to_null=True),
            }
        )
        counts = pl.concat(
            pl.DataFrame({"unit": unit_names, **dict(zip(STATUSES, told.T, strict=True))})
            .unpivot(index="unit", variable_name="status", value_name="count")
            .with_columns(rule=pl.lit(rule))
            .filter(pl.col("count") > 0)
            for rule, told in self.counts.items()
        )
        return counts, found


def answer(folder: Path) -> Answer:
    units = pl.read_parquet(folder / "units.parquet")
    kpis = pl.read_parquet(folder / "kpis.parquet")
    areas = pl.read_parquet(folder / "areas.parquet")["area"].to_list()
    first = pl.scan_parquet(folder / "values.parquet").select(pl.col("year").min()).collect().item()
    shape = (LAST_YEAR - first + 1, kpis.height, units.height)
    cube, marks = np.full(shape, np.nan), np.zeros((MAX_AGE + 1, *shape[1:]), dtype=np.uint8)
    _fill(folder, first, cube, marks)
    reference = _references(folder, first, shape)
    collected = Collected(units.height)
    counts = {name: np.zeros((len(areas), units.height), dtype=np.int64) for name in ("sure", "maybe", "applying")}
    area_at = kpis["area"].replace_strict({area: at for at, area in enumerate(areas)}).to_numpy()
    for rows, block in _blocks(folder, kpis, units["unit"].to_list(), cube, marks, reference):
        nothing = np.zeros(block.planes.shape[1:], dtype=np.bool_)
        for rule, (fits, judge) in RULES.items():
            if not fits(block.kind):
                collected.add(rule, rows, Said(block.planes[-1], nothing, nothing), nothing)
                continue
            said = judge(block)
            collected.add(rule, rows, said, block.judged)
            if rule == "worse-than-peers":
                np.add.at(counts["sure"], area_at[rows], said.flagged & block.judged)
                np.add.at(counts["maybe"], area_at[rows], said.unknown & block.judged)
                np.add.at(counts["applying"], area_at[rows], block.judged)
    turn = 2 - 0.5
    sure: Floats = (counts["sure"] - turn).astype(np.float64)
    possible = sure + counts["maybe"]
    collected.add(
        "poor-area", np.arange(len(areas)), Said(sure, sure > 0, (sure <= 0) & (possible > 0)), counts["applying"] > 0
    )
    return collected.answer(units, kpis["kpi"].cast(pl.String).to_list(), areas)


def _fill(folder: Path, first: int, cube: Floats, marks: NDArray[np.uint8]) -> None:
    columns = ["unit", "kpi", "year", "value", "status"]
    values = pl.read_parquet(folder / "values.parquet", columns=columns).lazy()
    _, kpis, units = cube.shape
    codes = values.select(
        at=((pl.col("year") - first) * kpis + pl.col("kpi").to_physical().cast(pl.Int32)) * units
        + pl.col("unit").to_physical(),
        value=pl.col("value"),
    ).collect()
    cube.reshape(-1)[codes["at"].to_numpy()] = codes["value"].fill_null(np.nan).to_numpy()
    recent = (
        values.filter(pl.col("year") >= LAST_YEAR - MAX_AGE)
        .select(
            at=((pl.col("year") - (LAST_YEAR - MAX_AGE)) * kpis + pl.col("kpi").to_physical().cast(pl.Int32)) * units
            + pl.col("unit").to_physical(),
            mark=pl.col("status").cast(pl.String).replace_strict(MARKS, return_dtype=pl.UInt8),
        )
        .collect()
    )
    marks.reshape(-1)[recent["at"].to_numpy()] = recent["mark"].to_numpy()


def _references(folder: Path, first: int, shape: tuple[int, int, int]) -> dict[int, Floats]:
    rows = pl.read_parquet(folder / "benchmarks.parquet").filter(pl.col("benchmark") == "reference")
    numbers, at = np.unique(rows["kpi"].to_physical().to_numpy(), return_inverse=True)
    planes = np.full((len(numbers), shape[0], shape[2]), np.nan)
    value = rows["value"].fill_null(np.nan).to_numpy()
    planes[at, rows["year"].to_numpy() - first, rows["unit"].to_physical().to_numpy()] = value
    return dict(zip(numbers.tolist(), planes, strict=True))


def _blocks(
    folder: Path,
    kpis: pl.DataFrame,
    units: list[str],
    cube: Floats,
    marks: NDArray[np.uint8],
    reference: dict[int, Floats],
) -> Iterator[tuple[Ints, Block]]:
    place = {unit: at for at, unit in enumerate(units)}
    peers = pl.read_parquet(folder / "peers.parquet").sort("group", "unit", "member")
    services = peers["group"].unique().sort().to_list()
    members = {
        service: peers.filter(pl.col("group") == service)["member"]
        .replace_strict(place)
        .to_numpy()
        .reshape(len(units), -1)
        .T
        for service in services
    }
    weights = {"lower": 1.0, "higher": -1.0}
    kinds: dict[Kind, list[int]] = {}
    for at, (service, category, measure, direction) in enumerate(
        kpis.select("peer_group", "category", "measure", "direction").iter_rows()
    ):
        kind = Kind(services.index(service), category, measure, weights.get(direction), at in reference)
        kinds.setdefault(kind, []).append(at)
    materiality = pl.col("materiality")
    rel = (
        kpis.select(
            pl.when(materiality.str.ends_with("%")).then(
                materiality.str.strip_suffix(" %").cast(pl.Float64, strict=False) / 100
            )
        )
        .to_series()
        .fill_null(np.nan)
        .to_numpy()
    )
    absolute = (
        kpis.select(
            pl.when(~materiality.str.ends_with("%")).then(
                materiality.str.replace(",", ".").cast(pl.Float64, strict=False)
            )
        )
        .to_series()
        .fill_null(np.nan)
        .to_numpy()
    )
    breaks = kpis["breaks"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    for kind, numbers in kinds.items():
        for start in range(0, len(numbers), BLOCK):
            rows = np.array(numbers[start : start + BLOCK])
            yield (
                rows,
                Block(
                    kind=kind,
                    planes=cube[:, rows],
                    marks=marks[:, rows],
                    reference=np.stack([reference[row] for row in rows], axis=1) if kind.reference else None,
                    peers=members[services[kind.service]],
                    material_rel=rel[rows, None],
                    material_abs=absolute[rows, None],
                    break_year=breaks[rows, None],
                ),
            )


if __name__ == "__main__":
    main(answer)
