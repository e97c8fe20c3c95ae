"""The pack's rules as formulas over a wide frame, for every contender whose language has expressions.

What a formula is written in is given as ``Ops``: Polars' expressions, or SQL. A frame has a row per series (a KPI
of a unit) and goes through stages, each of which adds columns that later ones read:

    at, unit_at        the series' and its unit's number
    y2024 …            the unit's value in a calendar year; m2024 … its mark, for the recent years
    p2024 … q2024 …    the mean and the median of its similar municipalities, n2024 … of all municipalities
    r2024 …            the reference cost
    top1_2024 top2_2024 low1_2024 low2_2024      of the similar municipalities the two highest and lowest values,
    sd_2024 known_2024 of_2024                   their spread (null if there is none), and how many have a value and are
                                                 concerned; for the years that may be a KPI's own
    first_2024 next_2024 sure_2024 after_2024    of all municipalities the limits of ``Formulas.ranked``,
    median_2024 scale_2024                       and their median and robust spread
    weight, material_rel, material_abs, break_year      facts of the KPI
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, pairwise, permutations
from operator import add, and_
from typing import Any, Protocol, TypeAlias

E: TypeAlias = Any  # an expression of the language

LAST_YEAR, MAX_AGE, FEWEST, MEMBERS = 2024, 2, 3, 7
AGES = range(MAX_AGE + 1)
INF = float("inf")
TIE = 1e-12
LAGS = 8  # years that any rule looks back over, its own among them
SUPPRESSED, NOT_APPLICABLE = 2, 3
# The years that comparison figures are asked for: rules' years, seen from a KPI whose own year is two years old.
PEER_YEARS = range(LAST_YEAR - 6, LAST_YEAR + 1)
RECENT = range(LAST_YEAR - 4, LAST_YEAR + 1)
OWN_YEARS = range(LAST_YEAR - MAX_AGE, LAST_YEAR + 1)
FEWEST_OF_CASE, FEWEST_OF_NATION = 5, 145
PLACES, SHARE = 2, 4  # among the two worst peers, in the worst quarter of the nation
BEYOND, BY_MAD, BY_IQR = 3.5, 1.4826, 1 / 1.349
# A network sorts seven columns with sixteen comparisons.
NETWORK = (
    *((0, 6), (2, 3), (4, 5), (0, 2), (1, 4), (3, 6), (0, 1), (2, 5)),
    *((3, 4), (1, 2), (4, 6), (2, 3), (4, 5), (1, 2), (3, 4), (5, 6)),
)
# The t that is exceeded with probability 5 %, by the number of peers; 1 degree of freedom less (any table of t).
CRITICAL = {5: 2.1318467863266495, 6: 2.0150483733330233, 7: 1.9431802805153042}


class Ops(Protocol):
    """What a language must have beside operators, ``abs``, ``is_null`` and ``fill_null``."""

    def col(self, name: str) -> E: ...

    def value(self, value: float | bool | None) -> E: ...

    def when(self, *cases: tuple[E, E], otherwise: E = None) -> E: ...

    def least(self, values: Sequence[E]) -> E:
        """Of those that are not null."""

    def greatest(self, values: Sequence[E]) -> E: ...

    def coalesce(self, values: Sequence[E]) -> E: ...

    def count(self, truths: Sequence[E]) -> E:
        """How many are true; null is not."""

    def ordered(self, values: Sequence[E]) -> E:
        """A list of those that are not null, in rising order."""

    def item(self, ordered: E, place: E) -> E:
        """The list's element, counted from 0; null outside of it."""


@dataclass(frozen=True)
class Stage:
    """Columns to add; ``where`` tells the rows that they are asked for (null in the others)."""

    columns: Mapping[str, E]
    where: E = None


@dataclass(frozen=True)
class Said:
    margin: E
    holds: E


@dataclass(frozen=True)
class Formulas:
    """Every rule of the pack, written in the language of ``ops``, over years from ``first``."""

    ops: Ops
    first: int

    # --- what a series is seen from

    def seen(self) -> list[Stage]:
        """age, judged, missing; own.0 … and comparable.0 …, the values counted backwards from the KPI's own year."""
        col, when = self.ops.col, self.ops.when
        age = when(*[(~col(f"y{LAST_YEAR - age}").is_null(), self.ops.value(age)) for age in AGES])
        mark = self.ops.coalesce([col(f"m{LAST_YEAR - age}") for age in AGES])
        never = reduce(and_, [col(f"y{year}").is_null() for year in range(self.first, LAST_YEAR + 1)])
        own = {f"own.{lag}": self.back("y", lag) for lag in range(LAGS)}
        year = LAST_YEAR - col("age")
        within = {
            lag: ~((col("break_year") <= year) & (col("break_year") > year - lag)).fill_null(False)
            for lag in range(1, LAGS)
        }
        return [
            Stage({"age": age, "mark": mark, "never": never}),
            Stage(
                own
                | {
                    "judged": ~col("age").is_null() | (col("mark") != NOT_APPLICABLE).fill_null(True),
                    "missing": col("never") & (col("mark") != SUPPRESSED).fill_null(True),
                }
            ),
            Stage({f"comparable.{lag}": when((near, col(f"own.{lag}"))) for lag, near in within.items()}),
        ]

    def back(self, prefix: str, lag: int, first: int | None = None) -> E:
        """The year's column ``lag`` years before the series' own year."""
        first = self.first if first is None else first
        years = [LAST_YEAR - age - lag for age in AGES]
        cases = [
            (self.ops.col("age") == age, self.ops.col(f"{prefix}{year}"))
            for age, year in zip(AGES, years, strict=True)
            if year >= first
        ]
        return self.ops.when(*cases) if cases else self.ops.value(None)

    def stand_in(self, prefix: str, years: range) -> E:
        """The latest figure at or before the own year that is recent enough."""
        return self.ops.coalesce([self.back(prefix, age, years.start) for age in AGES])

    def own(self, lag: int) -> E:
        return self.ops.col(f"own.{lag}")

    def comparable(self, lag: int) -> E:
        return self.own(0) if lag == 0 else self.ops.col(f"comparable.{lag}")

    @property
    def weight(self) -> E:
        return self.ops.col("weight")

    # --- margins

    def beyond(self, own: E, basis: E, sign: E | float, band: E | float) -> E:
        return self.untied(sign * (own - basis) - band, abs(own) + abs(basis))

    def untied(self, margin: E, size: E) -> E:
        return self.ops.when((abs(margin) <= size * TIE, self.ops.value(0.0)), otherwise=margin)

    def material(self, basis: E) -> E:
        col = self.ops.col
        return self.ops.coalesce([col("material_abs"), col("material_rel") * abs(basis), self.ops.value(0.0)])

    def one(self, margin: E) -> Said:
        return Said(margin, margin > 0)

    def k_of(self, margins: Sequence[E], k: int) -> Said:
        certain = self.ops.count([margin > 0 for margin in margins])
        possible = self.ops.count([(margin > 0).fill_null(True) for margin in margins])
        holds = self.ops.when((certain >= k, self.ops.value(True)), (possible < k, self.ops.value(False)))
        return Said(self.kth_largest([margin.fill_null(-INF) for margin in margins], k), holds)

    def kth_largest(self, values: Sequence[E], k: int) -> E:
        if k == 1:
            return self.ops.greatest(values)
        if k == len(values):
            return self.ops.least(values)
        rest = self.kth_largest(values[:-1], k - 1)
        return self.ops.greatest([self.kth_largest(values[:-1], k), self.ops.least([values[-1], rest])])

    def all_of(self, parts: Sequence[Said]) -> Said:
        margin = self.ops.least([part.margin.fill_null(-INF) for part in parts])
        return Said(margin, reduce(and_, [part.holds for part in parts]))

    def run(self, years: int, sign: E | float, by: float) -> Said:
        values = [self.comparable(lag) for lag in range(years)]
        steps = [self.beyond(now, before, sign, by * abs(before)) for now, before in pairwise(values)]
        return self.k_of(steps, years - 1)

    # --- rules, by the KPIs that they are for

    def bases(self) -> list[Stage]:
        """What own values are compared with, counted backwards from the own year; ``same``: of that very year."""
        peers = {f"peers.{lag}": self.back("p", lag, PEER_YEARS.start) for lag in range(1, 4)}
        peers |= {"peers.same": self.back("p", 0, PEER_YEARS.start), "peers.0": self.stand_in("p", PEER_YEARS)}
        return [Stage(peers)]

    def of_costs(self) -> dict[str, Said]:
        col = self.ops.col
        peers = col("peers.0")
        dear = self.one(self.beyond(self.own(0), peers, 1.0, self.material(peers)))
        return {
            "cost-above-peers": dear,
            "dear-and-rising": self.all_of([dear, self.run(3, 1.0, 0.01)]),
            "cost-gap-widening": self.widening(3, 0.02),
            "cost-trend": Said(col("cost.margin"), col("cost.holds")),
        }

    def widening(self, years: int, by: float) -> Said:
        """The cost is above its peers, and farther above than the year before, each year; in all by enough."""
        col = self.ops.col
        pairs = [(self.comparable(lag), col("peers.same" if lag == 0 else f"peers.{lag}")) for lag in range(years)]

        def grown(later: tuple[E, E], earlier: tuple[E, E], band: E | float) -> E:
            size = reduce(add, [abs(figure) for pair in (later, earlier) for figure in pair])
            return self.untied((later[0] - later[1]) - band - (earlier[0] - earlier[1]), size)

        margins = [self.beyond(own, basis, 1.0, 0.0) for own, basis in pairs]
        margins += [grown(later, earlier, 0.0) for later, earlier in pairwise(pairs)]
        margins.append(grown(pairs[0], pairs[-1], by * abs(pairs[0][1])))
        return self.all_of([self.one(margin) for margin in margins])

    def of_referenced(self) -> dict[str, Said]:
        bases = [self.stand_in("r", RECENT), *[self.back("r", lag, RECENT.start) for lag in (1, 2)]]
        margins = [self.beyond(self.own(lag), basis, 1.0, 0.02 * abs(basis)) for lag, basis in enumerate(bases)]
        return {"cost-above-reference": self.one(margins[0]), "cost-often-above-reference": self.k_of(margins, 2)}

    def of_results(self) -> dict[str, Said]:
        col = self.ops.col
        peers, nation = col("peers.0"), self.stand_in("n", RECENT)
        medians = [self.stand_in("q", PEER_YEARS), *[self.back("q", lag, PEER_YEARS.start) for lag in range(1, 5)]]
        worse = self.one(self.beyond(self.own(0), peers, self.weight, self.material(peers)))
        than_nation = self.one(self.beyond(self.own(0), nation, self.weight, self.material(nation)))
        earlier = self.comparable(4)
        often = [self.beyond(self.own(lag), basis, self.weight, 0.02 * abs(basis)) for lag, basis in enumerate(medians)]
        return {
            "worse-than-peers": worse,
            "worse-than-peers-and-nation": self.all_of([worse, than_nation]),
            "often-worse-than-peers-median": self.k_of(often, 3),
            "worse-than-before": self.one(self.beyond(self.own(0), earlier, self.weight, self.material(earlier))),
            "worsening": self.run(4, self.weight, 0.0),
            "trend-worsening": Said(col("worse.margin"), col("worse.holds")),
            "turned-worse": self.turned(3),
            "worst-among-peers": self.among_peers(),
            "worst-quarter": self.in_nation(),
            "case-among-peers": self.case(),
            "outlier-in-nation": self.outlier(),
        }

    def turned(self, after: int) -> Said:
        """Worse than the peers, after years of being better."""
        margins = []
        for lag in range(after + 1):
            basis = self.ops.col("peers.same" if lag == 0 else f"peers.{lag}")
            margins.append(self.beyond(self.comparable(lag), basis, self.weight if lag == 0 else -self.weight, 0.0))
        return self.all_of([self.one(margin) for margin in margins])

    def of_own_year(self, prefix: str) -> E:
        return self.back(prefix, 0, OWN_YEARS.start)

    def among_peers(self) -> Said:
        """One of the two worst: farther than the second of the others, wherever those without a value lie."""
        ops, lower = self.ops, self.weight > 0
        first = ops.when((lower, self.of_own_year("top1_")), otherwise=-self.of_own_year("low1_"))
        second = ops.when((lower, self.of_own_year("top2_")), otherwise=-self.of_own_year("low2_"))
        missing = self.of_own_year("of_") - self.of_own_year("known_")
        least = second.fill_null(-INF)
        cases = ((missing == 0, least), (missing == 1, first.fill_null(-INF)))
        return self.ranked(least, ops.when(*cases, otherwise=ops.value(INF)), self.of_own_year("of_") >= FEWEST)

    def ranked(self, least: E, most: E, enough: E) -> Said:
        """Whether the value is beyond a limit that lies somewhere between the two."""
        own = self.weight * self.own(0)
        lo = self.ops.when((enough, own - most)).fill_null(-INF)
        hi = self.ops.when((enough, own - least)).fill_null(INF)
        return Said(lo, self._truth(lo > 0, hi <= 0))

    def in_nation(self) -> Said:
        """In the worst quarter: farther than the last place of the others in it, ``next`` if it is the unit's own."""
        own, ends = self.weight * self.own(0), []
        for first, after in (("first_", "next_"), ("sure_", "after_")):
            limit = self.of_own_year(first)
            ends.append(self.ops.when((own >= limit, self.of_own_year(after)), otherwise=limit))
        return self.ranked(ends[0], ends[1], ~ends[0].is_null())

    def case(self) -> Said:
        """Crawford and Howell's test against the peers."""
        n, mean = self.of_own_year("known_"), self.of_own_year("p")
        critical = self.ops.when(*[(n == count, self.ops.value(limit)) for count, limit in CRITICAL.items()])
        stretch = self.ops.when(*[(n == count, self.ops.value(((count + 1) / count) ** 0.5)) for count in CRITICAL])
        return self.one(self.beyond(self.own(0), mean, self.weight, critical * self.of_own_year("sd_") * stretch))

    def outlier(self) -> Said:
        scale = BEYOND * self.of_own_year("scale_")
        return self.one(self.beyond(self.own(0), self.of_own_year("median_"), self.weight, scale))

    def of_shares(self) -> dict[str, Said]:
        return {"low-share": self.one(self.beyond(self.own(0), self.ops.value(40.0), -1.0, 0.0))}

    def of_all(self) -> dict[str, Said]:
        return {"missing": Said(self.ops.value(INF), self.ops.col("missing"))}

    def status(self, said: Said) -> E:
        cases = ((~self.ops.col("judged"), 3), (said.holds, 0), (~said.holds, 1))
        return self.ops.when(*[(case, self.ops.value(number)) for case, number in cases], otherwise=self.ops.value(2))

    # --- trends: Mann-Kendall, exact also with ties and for every value that a hole may have

    def trend(self, name: str, years: int, alpha: float, sign: E | float, by: float | None) -> list[Stage]:
        """``<name>.margin`` and ``<name>.holds``: whether values rise (times ``sign``), by a slope above ``by``."""
        ops, col = self.ops, self.ops.col
        planes = [sign * self.comparable(lag) for lag in reversed(range(years))]
        named = [col(f"{name}.x{place}") for place in range(years)]
        tie = col(f"{name}.tie")
        pairs = list(combinations(range(years), 2))
        less = {pair: col(f"{name}.{pair[0]}<{pair[1]}") for pair in permutations(range(years), 2)}
        few = largest(at_most((1,) * years), alpha)
        rising, falling = col(f"{name}.rising"), col(f"{name}.falling")
        up, down = col(f"{name}.up"), col(f"{name}.down")
        known = col(f"{name}.known")
        holes, tied = known < years, rising + falling < len(pairs)
        significant = ops.when(
            (holes, self._truth(len(pairs) - up <= few, down > few)),
            (rising * 2 <= len(pairs), ops.value(False)),
            (tied, col(f"{name}.tied")),
            otherwise=len(pairs) - rising <= few,
        )
        stages = [
            Stage({f"{name}.x{place}": plane for place, plane in enumerate(planes)}),
            Stage(
                {
                    f"{name}.tie": ops.greatest([abs(plane) for plane in named]) * (2 * TIE),
                    f"{name}.known": ops.count([~plane.is_null() for plane in named]),
                }
            ),
            # 1 where the one figure is certainly less than the other, 0 where it is not or one is missing.
            Stage(
                {
                    f"{name}.{one}<{other}": ops.count([named[one] < named[other] - tie])
                    for one, other in permutations(range(years), 2)
                }
            ),
            Stage(
                {
                    f"{name}.rising": reduce(add, [less[before, after] for before, after in pairs]),
                    f"{name}.falling": reduce(add, [less[after, before] for before, after in pairs]),
                }
            ),
            Stage(
                {
                    f"{name}.more_up": self._least_rising(named, less),
                    f"{name}.more_down": self._least_rising(named, {pair: less[pair[::-1]] for pair in less}),
                },
                where=holes & (known > 0) & (len(pairs) - rising > few) & (falling <= few),
            ),
            Stage({f"{name}.tied": self._tied(less, years, falling, alpha)}, where=(known == years) & tied),
            Stage(
                {
                    f"{name}.up": rising + col(f"{name}.more_up").fill_null(0),
                    f"{name}.down": falling + col(f"{name}.more_down").fill_null(0),
                }
            ),
            Stage({f"{name}.significant": significant}),
        ]
        test = col(f"{name}.significant")
        if by is None:
            margin = ops.when((test, ops.value(INF)), otherwise=ops.value(-INF))
            return [*stages, Stage({f"{name}.margin": margin, f"{name}.holds": test})]
        return [*stages, *self._steep(name, named, tie, by, test)]

    def _truth(self, yes: E, no: E) -> E:
        return self.ops.when((yes, self.ops.value(True)), (no, self.ops.value(False)))

    def _least_rising(self, planes: Sequence[E], less: Mapping[tuple[int, int], E]) -> E:
        """Of the pairs with a hole, how many rise at least, over all values that the hole may have.

        Only the figures themselves need to be tried: as the value grows past one, a pair begins or ceases to rise.
        """
        years = range(len(planes))
        fewest = []
        for hole in years:
            counts = []
            for value in years:
                if value != hole:
                    before = [less[one, value] for one in range(hole) if one != value]
                    after = [less[value, one] for one in range(hole + 1, len(planes)) if one != value]
                    counts.append(self.ops.when((~planes[value].is_null(), reduce(add, [*before, *after]))))
            fewest.append(self.ops.when((planes[hole].is_null(), self.ops.least(counts)), otherwise=self.ops.value(0)))
        return reduce(add, [count.fill_null(0) for count in fewest])

    def _tied(self, less: Mapping[tuple[int, int], E], years: int, falling: E, alpha: float) -> E:
        """Whether so few pairs fall, by the exact distribution of series that are tied in this way."""
        apart = {pair: less[pair] + less[pair[::-1]] for pair in combinations(range(years), 2)}
        pairs = len(apart) - reduce(add, apart.values())
        squares = []
        for place in range(years):
            size = years - reduce(add, [truth for pair, truth in apart.items() if place in pair])
            squares.append(size * size)
        cubes = reduce(add, squares)
        cases = []
        for groups in partitions(years):
            told = pairs == sum(size * (size - 1) // 2 for size in groups)
            same = told & (cubes == sum(size**3 for size in groups))
            cases.append((same, falling <= largest(at_most(groups), alpha)))
        return self.ops.when(*cases)

    def _steep(self, name: str, planes: Sequence[E], tie: E, by: float, test: E) -> list[Stage]:
        """The Theil-Sen slope must exceed a share of the years' median: the least and most that both can be."""
        ops, col = self.ops, self.ops.col
        years = len(planes)
        slopes = [
            (planes[after] - planes[before]) / (after - before) for before, after in combinations(range(years), 2)
        ]
        low, high = (col(f"{name}.{end}") for end in ("low", "high"))
        middle_low, middle_high = (col(f"{name}.middle_{end}") for end in ("low", "high"))
        size_low = ops.greatest([ops.value(0.0), middle_low, -middle_high])
        size_high = ops.greatest([abs(middle_low), abs(middle_high)])
        ends = {"lo": low - by * size_high, "hi": high - by * size_low}
        asked = test.fill_null(True)
        lists = {f"{name}.slopes": ops.ordered(slopes), f"{name}.values": ops.ordered(planes)}
        holds = ops.when((col(f"{name}.lo") > 0, ops.value(True)), (col(f"{name}.hi") <= 0, ops.value(False)))
        margin = ops.least(
            [ops.when((test, ops.value(INF)), otherwise=ops.value(-INF)), col(f"{name}.lo").fill_null(-INF)]
        )
        return [
            Stage(lists, where=asked),
            Stage(
                self._median(f"{name}.low", f"{name}.high", col(f"{name}.slopes"), len(slopes), self._pairs_known(name))
                | self._median(
                    f"{name}.middle_low", f"{name}.middle_high", col(f"{name}.values"), years, col(f"{name}.known")
                ),
                where=asked,
            ),
            Stage(
                {
                    f"{name}.{end}": ops.when((abs(value) <= tie, ops.value(0.0)), otherwise=value)
                    for end, value in ends.items()
                },
                where=asked,
            ),
            Stage({f"{name}.margin": margin, f"{name}.holds": test & holds}),
        ]

    def _pairs_known(self, name: str) -> E:
        known = self.ops.col(f"{name}.known")
        return known * (known - 1) // 2

    def _median(self, low: str, high: str, ordered: E, every: int, known: E) -> dict[str, E]:
        """The least and the most that a median can be, where the figures that are missing may be any number."""
        lower, upper = (every - 1) // 2, every // 2

        def item(place: E) -> E:
            ends = ((place < 0, self.ops.value(-INF)), (place >= known, self.ops.value(INF)))
            return self.ops.when(*ends, otherwise=self.ops.item(ordered, place))

        missing = every - known
        return {
            low: (item(lower - missing) + item(upper - missing)) / 2,
            high: (item(known * 0 + lower) + item(known * 0 + upper)) / 2,
        }


def at_most(groups: Sequence[int]) -> list[float]:
    """The probability of at most k falling pairs among values tied in groups of these sizes, in random order."""
    counts, placed = {0: 1}, 0
    for size in groups:
        counts, placed = _times(counts, placed, size), placed + size
    total, summed, shares = sum(counts.values()), 0, []
    for falls in range(max(counts) + 1):
        summed += counts.get(falls, 0)
        shares.append(summed / total)
    return shares


def _times(counts: Mapping[int, int], placed: int, size: int) -> dict[int, int]:
    """Put ``size`` equal values among ``placed`` ones: each falls with those that come after it."""
    ways = {0: 1} if size == 0 else _arranged(placed, size)
    found: dict[int, int] = {}
    for falls, many in counts.items():
        for more, each in ways.items():
            found[falls + more] = found.get(falls + more, 0) + many * each
    return found


def _arranged(others: int, size: int) -> dict[int, int]:
    """How many ways ``size`` equal values among ``others`` smaller ones have each number of falls."""
    if others == 0 or size == 0:
        return {0: 1}
    found = {falls + size: many for falls, many in _arranged(others - 1, size).items()}
    for falls, many in _arranged(others, size - 1).items():
        found[falls] = found.get(falls, 0) + many
    return found


def largest(table: Sequence[float], alpha: float) -> int:
    """The most falling pairs that still are significant; -1 if none are."""
    return sum(share <= alpha for share in table) - 1


def partitions(years: int, most: int | None = None) -> list[tuple[int, ...]]:
    """The ways that years can be tied in groups."""
    most = years if most is None else most
    if years == 0:
        return [()]
    return [(first, *rest) for first in range(min(years, most), 0, -1) for rest in partitions(years - first, first)]
