"""Whether rules fit a data set: what they name is there, what they compare with too, and the years they ask for.

A rule that finds nothing to be asked of is silent for ever, which looks like no problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Condition, Lags, with_metrics
from genomlys.engine.conditions.bases import Benchmark, OwnBefore
from genomlys.engine.conditions.compare import Compare
from genomlys.engine.conditions.funnel import Funnel
from genomlys.engine.conditions.gap import Gap
from genomlys.engine.conditions.run import Run
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.conditions.trend import Trend
from genomlys.engine.conditions.turn import Turn
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Problem, Text, nearest
from genomlys.engine.evaluate import in_scope
from genomlys.engine.grid import Grid
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.survey import build_grid

_NAMED: Final = 3  # of the KPIs that lack something, so many are named


@dataclass(frozen=True)
class _Home:
    """The data set as its home unit's series: a row a KPI, in the order of ``grid.kpis``."""

    data: Dataset
    grid: Grid

    def years(self) -> NDArray[np.int64]:
        """For each KPI how many calendar years there are from its first value of the home unit to its last."""
        there = ~np.isnan(self.grid.own)
        first, last = there.argmax(axis=1), there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
        return np.where(there.any(axis=1), last - first + 1, 0)

    def unbroken(self) -> NDArray[np.int64]:
        """For each KPI the longest row of calendar years that the home unit has values for."""
        row = longest = np.zeros(self.grid.own.shape[0], dtype=np.int64)
        for there in (~np.isnan(self.grid.own)).T:
            row = np.where(there, row + 1, 0)
            longest = np.maximum(longest, row)
        return longest

    def without_target(self) -> NDArray[np.bool_]:
        """Which KPIs have no target that holds in the year of the data set."""
        return np.asarray(np.isnan(self.grid.bases["target"][:, -1]), dtype=np.bool_)

    def names(self, which: NDArray[np.bool_]) -> list[str]:
        return self.grid.kpis.filter(pl.Series(which))["kpi"].to_list()


def fit(book: RuleBook, data: Dataset) -> tuple[Problem, ...]:
    """All that the rules ask for and the data set does not have, in order of place."""
    home = _Home(data, build_grid(data, [data.unit], ["target"], data.as_of.year, followed=True))
    rules = [rule for pack in book.packs for rule in pack.rules]
    found = [*unknown_names(rules, data)]
    told = {problem.place for problem in found}
    for rule in rules:
        # Of a name that is not there nothing else can follow.
        if rule.scope.place not in told:
            found += [problem for check in _CHECKS for problem in check(rule, home)]
    return tuple(sorted(found, key=lambda each: each.place.order))


def unknown_names(rules: Sequence[Rule], data: Dataset) -> Iterator[Problem]:
    """A rule that names a KPI or an area must find it: a misspelt id would look like no problem."""
    known = {"kpi": data.kpis["kpi"].to_list(), "area": data.areas["area"].to_list()}
    for rule in rules:
        for word, names in known.items():
            for name in rule.scope.values(word):
                if name not in names:
                    yield Problem(
                        f"unknown-{word}",
                        rule.scope.place,
                        Text(
                            f"regeln '{rule.id}' gäller '{name}' som inte finns i datamängden.",
                            f"the rule '{rule.id}' is for '{name}', which is not in the data set.",
                        ),
                        nearest(name, names),
                    )


def _matches_nothing(rule: Rule, home: _Home) -> Iterator[Problem]:
    frame = {"kpi": home.grid.kpis, "area": home.data.areas}.get(rule.subject)
    if frame is None or in_scope(frame, rule).any():
        return
    measures = home.data.kpis["measure"].unique().to_list()
    astray = next((measure for measure in rule.scope.values("measure") if measure not in measures), None)
    if astray is not None:
        yield Problem(
            "unknown-measure",
            rule.scope.place,
            Text(f"inget nyckeltal har måttet '{astray}'.", f"no KPI has the measure '{astray}'."),
            nearest(astray, measures),
            "warning",
        )
        return
    what = Text("nyckeltal", "KPI") if rule.subject == "kpi" else Text("område", "area")
    yield Problem(
        "matches-nothing",
        rule.scope.place,
        Text(
            f"regeln '{rule.id}' gäller inget {what.sv} i datamängden.",
            f"the rule '{rule.id}' is for no {what.en} of the data set.",
        ),
        Text("Vidga 'for_each', eller ta bort regeln.", "Widen 'for_each', or remove the rule."),
        "warning",
    )


def _too_few_years(rule: Rule, home: _Home) -> Iterator[Problem]:
    """Told once a rule, at the condition that asks for most."""
    if rule.subject != "kpi":
        return
    leaf = max(leaves(rule.when), key=years_asked)
    in_a_row = isinstance(leaf, Run | Gap | Turn)
    mine, years, asked = in_scope(home.grid.kpis, rule).to_numpy(), home.years(), years_asked(leaf)
    years = home.unbroken() if in_a_row else years
    short = mine & (years < asked) & (years > 0)
    if asked > 1 and short.any():
        said = _some(home.names(short), int(mine.sum()))
        row = Text(" i följd", " in a row") if in_a_row else Text("", "")
        yield Problem(
            "too-few-years",
            leaf.place,
            Text(
                f"villkoret behöver värden från {asked} år{row.sv}, och så många har inte {said.sv}.",
                f"the condition needs the values of {asked} years{row.en}, which are not there for {said.en}.",
            ),
            Text("Begär färre år, eller lägg till tidigare värden.", "Ask for fewer years, or add earlier values."),
            "warning",
        )


def years_asked(leaf: Condition) -> int:
    """How many calendar years a KPI's values must span at the least for a condition to hold."""
    if isinstance(leaf, Compare):
        return leaf.hits + (leaf.than.years_ago if isinstance(leaf.than, OwnBefore) else 0)
    lags = (need for need in with_metrics(leaf.needs()) if isinstance(need, Lags))
    return max((need.count for need in lags if need.source == "own"), default=0)


def _no_target(rule: Rule, home: _Home) -> Iterator[Problem]:
    if rule.subject != "kpi":
        return
    mine, without = in_scope(home.grid.kpis, rule).to_numpy(), home.without_target()
    aiming = (home.grid.kpis["direction"] == "target").to_numpy()
    for leaf in leaves(rule.when):
        asked = mine if _is_to_target(leaf) else mine & aiming if _is_by_direction(leaf) else np.zeros_like(mine)
        if (asked & without).any():
            said = _some(home.names(asked & without), int(asked.sum()))
            year = home.grid.as_of_year
            yield Problem(
                "no-target",
                leaf.place,
                Text(
                    f"villkoret behöver ett mål för {year}, och det har inte {said.sv}.",
                    f"the condition needs a target for {year}, which is not there for {said.en}.",
                ),
                Text(
                    "Lägg till målet, eller skriv 'has: target' i 'for_each'.",
                    "Add the target, or write 'has: target' in 'for_each'.",
                ),
                "warning",
            )


def _is_to_target(leaf: Condition) -> bool:
    match leaf:
        case Compare() | Turn() | Funnel():
            return leaf.than == Benchmark("target")
        case Gap():
            return leaf.to == Benchmark("target")
    return False


def _is_by_direction(leaf: Condition) -> bool:
    """Whether it asks, of a KPI that aims at a target, how far that is; a place among others is not asked of one."""
    match leaf:
        case Compare() | Turn() | Gap():
            return leaf.side in ("worse", "better")
        case Run() | Trend():
            return leaf.change in ("worsening", "improving")
    return False


def _some(names: Sequence[str], of: int) -> Text:
    """ "3 av 12 nyckeltal (a, b, c)", of many the first few."""
    listed = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    return Text(f"{len(names)} av {of} nyckeltal ({listed})", f"{len(names)} of {of} KPIs ({listed})")


_CHECKS: Final[tuple[Callable[[Rule, _Home], Iterator[Problem]], ...]] = (_matches_nothing, _too_few_years, _no_target)
