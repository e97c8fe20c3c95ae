"""The pack by hand in pandas: pivoted by year, comparison figures by merge and groupby, rules over nullable columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from formulas import (
    BY_IQR,
    BY_MAD,
    FEWEST,
    FEWEST_OF_CASE,
    FEWEST_OF_NATION,
    LAST_YEAR,
    MAX_AGE,
    NOT_APPLICABLE,
    OWN_YEARS,
    PEER_YEARS,
    RECENT,
    SHARE,
    Formulas,
    Said,
    Stage,
)
from results import Answer, main

STATUSES = ("flagged", "clear", "unknown", "not_applicable")
MARKS = {"ok": 0, "preliminary": 0, "missing": 1, "suppressed": 2, "not_applicable": 3}

Frame = pd.DataFrame


@dataclass(frozen=True, eq=False)
class Asked:  # noqa: PLW1641 - an expression: == is one too
    """What is to be worked out over a frame, once however often it is part of something."""

    of: Callable[..., Any]
    parts: tuple[Any, ...]

    def over(self, frame: Frame, known: dict[int, Any]) -> Any:
        if id(self) not in known:
            parts = [part.over(frame, known) if isinstance(part, Asked) else part for part in self.parts]
            known[id(self)] = self, self.of(frame, *parts)  # kept alive, so that no other gets its id
        return known[id(self)][1]

    def _with(self, of: Callable[[Any, Any], Any], other: Any) -> Asked:
        return Asked(lambda _, left, right: of(left, right), (self, other))

    def __add__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left + right, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left - right, other)

    def __rsub__(self, other: Any) -> Asked:
        return self._with(lambda left, right: right - left, other)

    def __mul__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left * right, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left / right, other)

    def __floordiv__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left // right, other)

    def __gt__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left > right, other)

    def __ge__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left >= right, other)

    def __lt__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left < right, other)

    def __le__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left <= right, other)

    def __eq__(self, other: object) -> Asked:  # type: ignore[override]
        return self._with(lambda left, right: left == right, other)

    def __ne__(self, other: object) -> Asked:  # type: ignore[override]
        return self._with(lambda left, right: left != right, other)

    def __and__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left & right, other)

    def __or__(self, other: Any) -> Asked:
        return self._with(lambda left, right: left | right, other)

    def __invert__(self) -> Asked:
        return Asked(lambda _, value: ~value, (self,))

    def __neg__(self) -> Asked:
        return Asked(lambda _, value: -value, (self,))

    def __abs__(self) -> Asked:
        return Asked(lambda _, value: abs(value), (self,))

    def is_null(self) -> Asked:
        return Asked(lambda _, value: value.isna(), (self,))

    def fill_null(self, other: Any) -> Asked:
        return Asked(lambda _, value: value.fillna(other), (self,))


class PandasOps:
    """``formulas.Ops`` over nullable columns."""

    def col(self, name: str) -> Asked:
        return Asked(lambda frame: frame[name], ())

    def value(self, value: float | bool | None) -> Asked:
        dtype = {bool: "boolean", int: "Int32"}.get(type(value), "Float64")
        return Asked(lambda frame: pd.Series(value, index=frame.index, dtype=dtype), ())

    def when(self, *cases: tuple[Asked, Asked], otherwise: Asked | None = None) -> Asked:
        rest = self.value(None) if otherwise is None else otherwise
        for case, value in reversed(cases):
            rest = Asked(_chosen, (case, value, rest))
        return rest

    def least(self, values: Sequence[Asked]) -> Asked:
        return Asked(lambda _, *parts: reduce(lambda one, other: _extreme(np.fmin, one, other), parts), tuple(values))

    def greatest(self, values: Sequence[Asked]) -> Asked:
        return Asked(lambda _, *parts: reduce(lambda one, other: _extreme(np.fmax, one, other), parts), tuple(values))

    def coalesce(self, values: Sequence[Asked]) -> Asked:
        return Asked(lambda _, *parts: reduce(lambda one, other: one.fillna(other), parts), tuple(values))

    def count(self, truths: Sequence[Asked]) -> Asked:
        def counted(_: Frame, *parts: Any) -> Any:
            total = sum(part.fillna(False).to_numpy(dtype=bool).astype(np.int32) for part in parts)
            return pd.Series(total, index=parts[0].index, dtype="Int32")

        return Asked(counted, tuple(truths))

    def ordered(self, values: Sequence[Asked]) -> Asked:
        """A matrix, a row per row of the frame, NaN last."""

        def sorted_(frame: Frame, *parts: Any) -> Any:
            rows = np.sort(np.stack([part.to_numpy(dtype=float, na_value=np.nan) for part in parts], axis=1), axis=1)
            return pd.Series(list(rows), index=frame.index, dtype=object)

        return Asked(sorted_, tuple(values))

    def item(self, ordered: Asked, place: Asked) -> Asked:
        def found(frame: Frame, rows: Any, at: Any) -> Any:
            matrix, column = np.stack(rows.to_numpy()), at.to_numpy(dtype=np.int64, na_value=-1)
            inside = (column >= 0) & (column < matrix.shape[1])
            values = np.where(inside, matrix[np.arange(len(matrix)), np.where(inside, column, 0)], np.nan)
            return pd.Series(values, index=frame.index).astype("Float64")

        return Asked(found, (ordered, place))


def _chosen(_: Frame, case: Any, value: Any, rest: Any) -> Any:
    if rest.dtype != value.dtype:
        rest = rest.astype(value.dtype) if rest.isna().all() else rest
        value = value.astype(rest.dtype)
    return value.where(case.fillna(False), rest)


def _extreme(pick: Callable[..., Any], one: Any, other: Any) -> Any:
    values = pick(one.to_numpy(dtype=float, na_value=np.nan), other.to_numpy(dtype=float, na_value=np.nan))
    return pd.Series(values, index=one.index).astype("Float64")


def answer(folder: Path) -> Answer:
    units = pd.read_parquet(folder / "units.parquet")["unit"].astype(str).tolist()
    areas = pd.read_parquet(folder / "areas.parquet")["area"].tolist()
    facts = _facts(folder)
    series, first = _wide(folder, facts, units)
    formulas = Formulas(PandasOps(), first)
    series = _staged(series, formulas.seen())
    series = series.join(_of_peers(folder, series))
    costs, results = series[series["is_cost"]], series[series["is_result"]]
    results = results.join(_of_nation(results), on="kpi")
    costs = _staged(costs, [*formulas.bases(), *formulas.trend("cost", 8, 0.05, 1.0, 0.01)])
    results = _staged(results, [*formulas.bases(), *formulas.trend("worse", 6, 0.10, formulas.weight, None)])
    referred = _references(folder)
    told = [
        *_judged(formulas, costs, formulas.of_costs()),
        *_judged(formulas, costs.join(referred, how="inner"), formulas.of_referenced()),
        *_judged(formulas, results, formulas.of_results()),
        *_judged(formulas, series[series["is_share"]], formulas.of_shares()),
        *_judged(formulas, series, formulas.of_all()),
    ]
    counts = [_counted(one, len(facts), units) for one in told]
    poor = _poor_areas(results, next(one for one in told if one["rule"].iat[0] == "worse-than-peers"), areas, units)
    counts.append(_counted(poor, len(areas), units))
    found = pd.concat([one[one["status"].isin([0, 2])] for one in (*told, poor)])
    found["status"] = found["status"].map(dict(enumerate(STATUSES)))
    return pd.concat(counts), found


def _facts(folder: Path) -> Frame:
    kpis = pd.read_parquet(folder / "kpis.parquet").astype({"kpi": str}).set_index("kpi")
    number, relative = kpis["materiality"].str.replace(",", "."), kpis["materiality"].str.endswith("%").fillna(False)
    share = pd.to_numeric(number.str.removesuffix(" %"), errors="coerce")
    return pd.DataFrame(
        {
            "area": kpis["area"],
            "service": kpis["peer_group"],
            "weight": kpis["direction"].map({"lower": 1.0, "higher": -1.0}).astype("Float64"),
            "material_rel": (share / 100).where(relative.astype(bool)).astype("Float64"),
            "material_abs": share.where(~relative.astype(bool)).astype("Float64"),
            "break_year": pd.to_numeric(kpis["breaks"]).astype("Int32"),
            "is_cost": kpis["category"] == "ekonomi",
            "is_result": kpis["category"].isin(["kvalitet", "personal"]) & (kpis["direction"] != "neutral"),
            "is_share": (kpis["category"] == "kvalitet") & (kpis["measure"] == "%"),
        }
    )


def _wide(folder: Path, facts: Frame, units: list[str]) -> tuple[Frame, int]:
    values = pd.read_parquet(folder / "values.parquet", columns=["kpi", "unit", "year", "value", "status"])
    values["mark"] = values["status"].map(MARKS).astype("int8")
    every = pd.MultiIndex.from_product([facts.index, units], names=["kpi", "unit"])
    wide = values.pivot(index=["kpi", "unit"], columns="year", values="value")
    first = int(wide.columns.min())
    marks = values[values["year"] >= LAST_YEAR - MAX_AGE].pivot(index=["kpi", "unit"], columns="year", values="mark")
    wide.columns = [f"y{year}" for year in wide.columns]
    marks.columns = [f"m{year}" for year in marks.columns]
    frames = [wide.astype("Float64"), marks.astype("Int32")]
    for frame in frames:
        frame.index = pd.MultiIndex.from_arrays([frame.index.get_level_values(at).astype(str) for at in (0, 1)])
    dense = pd.concat([frame.reindex(every) for frame in frames], axis=1)
    return dense.join(facts, on="kpi"), first


def _of_peers(folder: Path, series: Frame) -> Frame:
    """p and q: the mean and the median of each series' similar municipalities, a column a year."""
    peers = pd.read_parquet(folder / "peers.parquet")[["group", "unit", "member"]]
    years = [f"y{year}" for year in PEER_YEARS]
    compared = series.loc[series["is_cost"] | series["is_result"], ["service"]].reset_index()
    members = compared.merge(peers, left_on=["service", "unit"], right_on=["group", "unit"])
    figures = members[["kpi", "unit", "member"]].merge(
        series[years].astype("float64"), left_on=["kpi", "member"], right_index=True
    )
    grouped = figures.groupby(["kpi", "unit"])[years]
    enough = grouped.count() >= FEWEST
    mean = grouped.mean().where(enough).rename(columns=lambda name: name.replace("y", "p"))
    median = grouped.median().where(enough).rename(columns=lambda name: name.replace("y", "q"))
    return pd.concat([mean, median, *_of_own_year(members, series)], axis=1).astype("Float64")


def _of_own_year(members: Frame, series: Frame) -> Iterable[Frame]:
    """The two highest and lowest of the similar municipalities, their spread, and how many they are."""
    columns = [f"{kind}{year}" for kind in "ym" for year in OWN_YEARS]
    figures = (
        members[["kpi", "unit", "member"]]
        .merge(series[columns].astype("float64"), left_on=["kpi", "member"], right_index=True)
        .reset_index(drop=True)
    )
    for year in OWN_YEARS:
        value, mark = f"y{year}", f"m{year}"
        concerned = (
            figures.assign(concerned=figures[mark] != NOT_APPLICABLE).groupby(["kpi", "unit"])["concerned"].sum()
        )
        grouped = figures.groupby(["kpi", "unit"])[value]
        ordered = figures[figures[value].notna()].sort_values(value).groupby(["kpi", "unit"])[value]
        ends = {"low1": ordered.nth(0), "low2": ordered.nth(1), "top1": ordered.nth(-1), "top2": ordered.nth(-2)}
        keys = pd.MultiIndex.from_frame(figures[["kpi", "unit"]])
        told = {name: end.set_axis(keys[end.index]) for name, end in ends.items()}
        spread = (grouped.count() >= FEWEST_OF_CASE) & (grouped.max() > grouped.min())
        told |= {"sd": grouped.std().where(spread), "known": grouped.count(), "of": concerned}
        yield pd.DataFrame(told).rename(columns=lambda name, year=year: f"{name}_{year}")


def _of_nation(results: Frame) -> Frame:
    """Of all municipalities the mean, and where a unit would be one of the worst or apart from most of them."""
    by_kpi = results.groupby("kpi")
    told: dict[str, Any] = {f"n{year}": by_kpi[f"y{year}"].mean() for year in RECENT}
    for year in OWN_YEARS:
        limits = [_limits(rows, year) for _, rows in by_kpi]
        columns = pd.DataFrame(limits, index=by_kpi[f"y{year}"].size().index)
        told |= {f"{name}_{year}": columns[name] for name in columns}
    return pd.DataFrame(told).astype("Float64")


def _limits(rows: Frame, year: int) -> dict[str, float]:
    """Of one KPI and year."""
    values = rows[f"y{year}"].dropna().to_numpy(dtype=float)
    every = int((rows[f"m{year}"] != NOT_APPLICABLE).fillna(True).sum())
    order = -np.sort(-values * float(rows["weight"].iat[0]))
    k, missing = every // SHARE, every - len(values)

    def at(place: int) -> float:
        return float(order[place - 1]) if place <= len(order) else -np.inf

    limits = {"first": at(k), "next": at(k + 1)}
    limits |= (
        {"sure": np.inf, "after": np.inf} if missing >= k else {"sure": at(k - missing), "after": at(k - missing + 1)}
    )
    if every < FEWEST_OF_NATION:
        limits = dict.fromkeys(limits, np.nan)
    median, scale = np.nan, np.nan
    if len(values) >= FEWEST_OF_NATION:
        median = float(np.median(values))
        mad, (low, high) = float(np.median(np.abs(values - median))), np.quantile(values, [0.25, 0.75])
        scale = mad * BY_MAD if mad > 0 else float(high - low) * BY_IQR
    return limits | {"median": median, "scale": scale if scale > 0 else np.nan}


def _references(folder: Path) -> Frame:
    rows = pd.read_parquet(folder / "benchmarks.parquet")
    rows = rows[(rows["benchmark"] == "reference") & (rows["year"] >= RECENT.start)]
    wide = rows.astype({"kpi": str, "unit": str}).pivot(index=["kpi", "unit"], columns="year", values="value")
    wide.columns = [f"r{year}" for year in wide.columns]
    return wide.astype("Float64")


def _staged(frame: Frame, stages: Iterable[Stage]) -> Frame:
    for stage in stages:
        known: dict[int, Any] = {}
        rows = frame
        if stage.where is not None:
            rows = frame[stage.where.over(frame, known).fillna(False)]
            known = {}
        columns = {name: expression.over(rows, known) for name, expression in stage.columns.items()}
        frame = pd.concat([frame, pd.DataFrame(columns, index=rows.index).reindex(frame.index)], axis=1)
    return frame


def _judged(formulas: Formulas, frame: Frame, rules: dict[str, Said]) -> Iterable[Frame]:
    known: dict[int, Any] = {}
    names = frame.index.to_frame(index=False)
    for rule, said in rules.items():
        status = formulas.status(said).over(frame, known).to_numpy(dtype=np.int8)
        margin = said.margin.over(frame, known).to_numpy(dtype=float, na_value=np.nan)
        told = {"rule": rule, "subject": names["kpi"], "unit": names["unit"], "status": status}
        yield pd.DataFrame(told).assign(margin=np.where(status == 0, margin, np.nan))


def _counted(told: Frame, of: int, units: list[str]) -> Frame:
    counts = (
        told.groupby(["unit", "status"])
        .size()
        .unstack(fill_value=0)
        .reindex(index=units, columns=range(4), fill_value=0)
    )
    counts[3] += of - counts.sum(axis=1)
    counts.columns = pd.Index(STATUSES, name="status")
    counted = counts.stack().rename("count").rename_axis(["unit", "status"]).reset_index()
    return counted[counted["count"] > 0].assign(rule=told["rule"].iat[0])


def _poor_areas(results: Frame, told: Frame, areas: list[str], units: list[str]) -> Frame:
    """Of each area and unit: at least two KPIs are worse than those of similar municipalities."""
    mine = pd.DataFrame({"area": results["area"].to_numpy(), "unit": told["unit"], "status": told["status"]})
    mine = mine[mine["status"] != 3]
    grouped = mine.groupby(["area", "unit"])["status"]
    every = pd.MultiIndex.from_product([areas, units], names=["area", "unit"])
    margin = (grouped.agg(lambda status: (status == 0).sum()) - 1.5).reindex(every)
    maybe = grouped.agg(lambda status: (status == 2).sum()).reindex(every)
    status = np.select([margin.isna(), margin > 0, margin + maybe <= 0], [3, 0, 1], 2)
    rows = {"rule": "poor-area", "subject": every.get_level_values(0), "unit": every.get_level_values(1)}
    return pd.DataFrame(rows).assign(status=status, margin=np.where(status == 0, margin.to_numpy(), np.nan))


if __name__ == "__main__":
    main(answer)
