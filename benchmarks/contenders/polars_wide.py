"""The pack by hand in Polars: a dense wide frame (a row per series, a column per year), every rule an expression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
from formulas import (
    BY_IQR,
    BY_MAD,
    FEWEST,
    FEWEST_OF_CASE,
    FEWEST_OF_NATION,
    LAST_YEAR,
    MAX_AGE,
    MEMBERS,
    NETWORK,
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

STATUSES = pl.Enum(["flagged", "clear", "unknown", "not_applicable"])
MARKS = {"ok": 0, "preliminary": 0, "missing": 1, "suppressed": 2, "not_applicable": 3}


class PolarsOps:
    """``formulas.Ops`` in Polars' expressions."""

    def col(self, name: str) -> pl.Expr:
        return pl.col(name)

    def value(self, value: float | bool | None) -> pl.Expr:
        return pl.lit(value)

    def when(self, *cases: tuple[pl.Expr, pl.Expr], otherwise: pl.Expr | None = None) -> pl.Expr:
        (first, value), *rest = cases
        chosen = pl.when(first).then(value)
        for case, value in rest:
            chosen = chosen.when(case).then(value)  # type: ignore[assignment]
        return chosen.otherwise(otherwise)

    def least(self, values: Sequence[pl.Expr]) -> pl.Expr:
        return pl.min_horizontal(values)

    def greatest(self, values: Sequence[pl.Expr]) -> pl.Expr:
        return pl.max_horizontal(values)

    def coalesce(self, values: Sequence[pl.Expr]) -> pl.Expr:
        return pl.coalesce(values)

    def count(self, truths: Sequence[pl.Expr]) -> pl.Expr:
        return (
            pl.sum_horizontal([truth.cast(pl.Int8) for truth in truths])
            if len(truths) > 1
            else truths[0].fill_null(False).cast(pl.Int8)
        )

    def ordered(self, values: Sequence[pl.Expr]) -> pl.Expr:
        return pl.concat_list(values).list.drop_nulls().list.sort()

    def item(self, ordered: pl.Expr, place: pl.Expr) -> pl.Expr:
        return ordered.list.get(place, null_on_oob=True)


def answer(folder: Path) -> Answer:
    units = pl.read_parquet(folder / "units.parquet")
    areas = pl.read_parquet(folder / "areas.parquet")
    first: int = pl.scan_parquet(folder / "values.parquet").select(pl.col("year").min()).collect().item()
    facts = _facts(folder, areas)
    formulas = Formulas(PolarsOps(), first)
    dense = _wide(folder, facts.height, units.height, first)
    repeated = facts.drop("kpi").select(pl.all().repeat_by(units.height).explode())
    series = _staged(pl.concat([dense, repeated], how="horizontal"), formulas.seen())
    peers = _peers(folder, units)
    costs, results = (
        _staged(_with_peers(series.filter(scope), dense, peers, means_alone=scope == "is_cost"), formulas.bases())
        for scope in ("is_cost", "is_result")
    )
    costs = _staged(costs, formulas.trend("cost", 8, 0.05, 1.0, 0.01))
    results = _staged(_with_nation(results), formulas.trend("worse", 6, 0.10, formulas.weight, None))
    referred = costs.filter("has_reference").join(_references(folder, units.height), on="at", how="left")
    told = [
        _judged(formulas, costs, formulas.of_costs()),
        _judged(formulas, referred, formulas.of_referenced()),
        (of_results := _judged(formulas, results, formulas.of_results())),
        _judged(formulas, series.filter("is_share"), formulas.of_shares()),
        _judged(formulas, series, formulas.of_all()),
    ]
    of_rules = {
        name.removesuffix(":status"): frame.select(
            "at", "unit_at", status=name, margin=name.replace(":status", ":margin")
        )
        for frame in told
        for name in frame.columns
        if name.endswith(":status")
    }
    counts = [_counted(frame, rule, facts.height) for rule, frame in of_rules.items()]
    found = pl.concat(_told(frame, rule) for rule, frame in of_rules.items())
    poor = _poor_areas(results["area_at"], of_results, areas.height, units.height)
    counts.append(_counted(poor, "poor-area", areas.height))
    return _named(pl.concat(counts), found, _told(poor, "poor-area"), facts["kpi"], areas["area"], units["unit"])


def _wide(folder: Path, kpis: int, units: int, first: int) -> pl.DataFrame:
    """A row for every KPI and unit, in order; the values of each year scattered to their places."""
    at = pl.col("kpi").to_physical().cast(pl.UInt32) * units + pl.col("unit").to_physical()
    recent = pl.col("year") >= LAST_YEAR - MAX_AGE
    rows = pl.scan_parquet(folder / "values.parquet").select(
        "year", "value", at=at, mark=pl.when(recent).then("status")
    )
    long = rows.collect(engine="streaming")
    columns = []
    for year in range(first, LAST_YEAR + 1):
        of_year = long.filter(pl.col("year") == year)
        empty = pl.repeat(None, kpis * units, dtype=pl.Float64, eager=True)
        columns.append(empty.scatter(of_year["at"], of_year["value"]).alias(f"y{year}"))
        if year >= LAST_YEAR - MAX_AGE:
            mark = of_year["mark"].cast(pl.String).replace_strict(MARKS, return_dtype=pl.UInt8)
            empty = pl.repeat(None, kpis * units, dtype=pl.UInt8, eager=True)
            columns.append(empty.scatter(of_year["at"], mark).alias(f"m{year}"))
    at = pl.int_range(kpis * units, dtype=pl.UInt32)
    return pl.DataFrame(columns).with_columns(at=at, unit_at=at % units)


def _staged(frame: pl.DataFrame, stages: Iterable[Stage]) -> pl.DataFrame:
    for stage in stages:
        if stage.where is None:
            frame = frame.with_columns(**stage.columns)
        else:
            asked = frame.lazy().filter(stage.where).select("at", **stage.columns).collect()
            frame = frame.join(asked, on="at", how="left", maintain_order="left")
    return frame


def _with_peers(frame: pl.DataFrame, dense: pl.DataFrame, peers: pl.DataFrame, *, means_alone: bool) -> pl.DataFrame:
    """What formulas need of the similar municipalities, gathered from their rows: a few columns a year."""
    places = frame.select("at", "unit_at", "service").join(peers, on=["service", "unit_at"], maintain_order="left")
    rows = places.select(
        (pl.col("at") - pl.col("unit_at") + pl.col(f"member.{member}")).alias(str(member)) for member in range(MEMBERS)
    )
    figures = []
    for year in PEER_YEARS:
        values = _gathered(dense[f"y{year}"], rows)
        if means_alone:
            figures.append(values.select(_mean(year)))
            continue
        values = _with_order(values)
        if year in OWN_YEARS:
            marks = _gathered(dense[f"m{year}"], rows)
            concerned = pl.sum_horizontal([(pl.col(name) != NOT_APPLICABLE).fill_null(True) for name in marks.columns])
            figures += [values.select(_mean(year), _median(year), *_of_own_year(year))]
            figures += [marks.select(concerned.cast(pl.Int8).alias(f"of_{year}"))]
        else:
            figures.append(values.select(_mean(year), _median(year)))
    return pl.concat([frame, *figures], how="horizontal")


def _gathered(column: pl.Series, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([column.gather(place).alias(place.name) for place in rows.iter_columns()])


_PEERS = [pl.col(str(member)) for member in range(MEMBERS)]
_ORDERED = [pl.col(f"order.{member}") for member in range(MEMBERS)]
_KNOWN = pl.sum_horizontal([member.is_not_null() for member in _PEERS]).cast(pl.Int8)


def _mean(year: int) -> pl.Expr:
    return pl.when(_KNOWN >= FEWEST).then(pl.sum_horizontal(_PEERS) / _KNOWN).alias(f"p{year}")


def _with_order(values: pl.DataFrame) -> pl.DataFrame:
    """order.0 …, the peers' values in rising order, inf for those that are missing.

    A pair a step: in one expression every step would be worked out anew for each that builds on it.
    """
    ordered = [f"order.{member}" for member in range(MEMBERS)]
    values = values.with_columns(
        value.fill_null(float("inf")).alias(name) for value, name in zip(_PEERS, ordered, strict=True)
    )
    for low, high in NETWORK:
        pair = pl.col(ordered[low]), pl.col(ordered[high])
        values = values.with_columns(
            pl.min_horizontal(pair).alias(ordered[low]), pl.max_horizontal(pair).alias(ordered[high])
        )
    return values


def _median(year: int) -> pl.Expr:
    middles = [(_ORDERED[(n - 1) // 2] + _ORDERED[n // 2]) / 2 for n in range(1, MEMBERS + 1)]
    return pl.when(_KNOWN >= FEWEST).then(_by_count(middles)).alias(f"q{year}")


def _by_count(values: Sequence[pl.Expr]) -> pl.Expr:
    """The first where one peer has a value, the second where two have, …"""
    chosen = pl.when(_KNOWN == 1).then(values[0])
    for n, value in enumerate(values[1:], start=2):
        chosen = chosen.when(_KNOWN == n).then(value)  # type: ignore[assignment]
    return chosen


def _of_own_year(year: int) -> list[pl.Expr]:
    top = _by_count([_ORDERED[n - 1] for n in range(1, MEMBERS + 1)])
    second = _by_count([pl.lit(float("inf")), *[_ORDERED[n - 2] for n in range(2, MEMBERS + 1)]])
    mean = pl.sum_horizontal(_PEERS) / _KNOWN
    variance = pl.sum_horizontal([(member - mean) ** 2 for member in _PEERS]) / (_KNOWN - 1)
    spread = (_KNOWN >= FEWEST_OF_CASE) & (top > _ORDERED[0])
    ends = {"low1": _ORDERED[0], "low2": _ORDERED[1], "top1": top, "top2": second}
    return [
        *[pl.when(value.is_finite()).then(value).alias(f"{name}_{year}") for name, value in ends.items()],
        pl.when(spread).then(variance.sqrt()).alias(f"sd_{year}"),
        _KNOWN.alias(f"known_{year}"),
    ]


def _with_nation(frame: pl.DataFrame) -> pl.DataFrame:
    """Of all municipalities the mean, and where the unit would be one of the worst or apart from most of them."""
    inf = float("inf")
    means = [pl.col(f"y{year}").mean().alias(f"n{year}") for year in RECENT]
    wanted: list[pl.Expr] = []
    for year in OWN_YEARS:
        own = pl.col(f"y{year}")
        deviation = (own - own.median()).abs().median()
        iqr = own.quantile(0.75, "linear") - own.quantile(0.25, "linear")
        wanted += [
            own.count().cast(pl.Int32).alias(f"count_{year}"),
            (pl.col(f"m{year}") != NOT_APPLICABLE).fill_null(True).sum().cast(pl.Int32).alias(f"all_{year}"),
            (pl.col("weight") * own).drop_nulls().sort(descending=True).alias(f"order_{year}"),
            own.median().alias(f"median_{year}"),
            pl.when(deviation > 0).then(deviation * BY_MAD).otherwise(iqr * BY_IQR).alias(f"scale_{year}"),
        ]
    told = frame.group_by("kpi_at").agg(*means, *wanted)
    for year in OWN_YEARS:
        every, order, count = pl.col(f"all_{year}"), pl.col(f"order_{year}"), pl.col(f"count_{year}")
        k, missing = every // SHARE, every - count
        enough = every >= FEWEST_OF_NATION
        open_ = (k - missing).clip(lower_bound=1)
        limits = {"first": k, "next": k + 1, "sure": open_, "after": open_ + 1}
        places = {name: order.list.get(place - 1, null_on_oob=True).fill_null(-inf) for name, place in limits.items()}
        for name in ("sure", "after"):
            places[name] = pl.when(missing >= k).then(inf).otherwise(places[name])
        spread = (count >= FEWEST_OF_NATION) & (pl.col(f"scale_{year}") > 0)
        told = told.with_columns(
            *[pl.when(enough).then(place).alias(f"{name}_{year}") for name, place in places.items()],
            pl.when(spread).then(f"scale_{year}").alias(f"scale_{year}"),
        ).drop(f"all_{year}", f"order_{year}", f"count_{year}")
    return frame.join(told, on="kpi_at", how="left", maintain_order="left")


def _references(folder: Path, units: int) -> pl.DataFrame:
    at = pl.col("kpi").to_physical().cast(pl.UInt32) * units + pl.col("unit").to_physical()
    years = [pl.when(pl.col("year") == year).then("value").max().alias(f"r{year}") for year in RECENT]
    wanted = pl.scan_parquet(folder / "benchmarks.parquet").filter(pl.col("benchmark").cast(pl.String) == "reference")
    return wanted.group_by(at.alias("at")).agg(years).collect(engine="streaming")


def _judged(formulas: Formulas, frame: pl.DataFrame, rules: dict[str, Said]) -> pl.DataFrame:
    """at, unit_at, and <rule>:status and <rule>:margin."""
    columns: dict[str, pl.Expr] = {}
    for rule, said in rules.items():
        columns |= {f"{rule}:status": formulas.status(said).cast(pl.UInt8), f"{rule}:margin": said.margin}
    return frame.lazy().select("at", "unit_at", **columns).collect()


def _told(mine: pl.DataFrame, rule: str) -> pl.DataFrame:
    margin = pl.when(pl.col("status") == 0).then("margin")
    return (
        mine.lazy()
        .filter(pl.col("status").is_in([0, 2]))
        .select("at", "status", rule=pl.lit(rule), margin=margin)
        .collect()
    )


def _counted(mine: pl.DataFrame, rule: str, of: int) -> pl.DataFrame:
    """Of each unit how many verdicts have each status; what has no row of ``of`` is out of scope."""
    count = pl.len().cast(pl.Int64)
    counts = mine.group_by("unit_at", "status").agg(count=count)
    outside = mine.group_by("unit_at").agg(count=of - count).with_columns(status=pl.lit(3, pl.UInt8))
    every = pl.concat([counts, outside.select(counts.columns)]).group_by("unit_at", "status").agg(pl.col("count").sum())
    return every.filter(pl.col("count") > 0).with_columns(rule=pl.lit(rule))


def _poor_areas(area_at: pl.Series, of_results: pl.DataFrame, areas: int, units: int) -> pl.DataFrame:
    """Of each area and unit: at least two KPIs are worse than those of similar municipalities."""
    status = pl.col("worse-than-peers:status")
    counted = (
        of_results.lazy()
        .with_columns(area_at)
        .filter(status != 3)
        .group_by("area_at", "unit_at")
        .agg(margin=(status == 0).sum() - 1.5, maybe=(status == 2).sum())
        .collect()
    )
    every = pl.DataFrame({"at": pl.int_range(areas * units, dtype=pl.UInt32, eager=True)}).with_columns(
        area_at=pl.col("at") // units, unit_at=pl.col("at") % units
    )
    status_of = (
        pl.when(pl.col("margin").is_null())
        .then(3)
        .when(pl.col("margin") > 0)
        .then(0)
        .when(pl.col("margin") + pl.col("maybe") <= 0)
        .then(1)
        .otherwise(2)
    )
    joined = every.join(counted, on=["area_at", "unit_at"], how="left")
    return joined.select("at", "unit_at", "margin", status=status_of.cast(pl.UInt8))


def _named(
    counts: pl.DataFrame, found: pl.DataFrame, poor: pl.DataFrame, kpis: pl.Series, areas: pl.Series, units: pl.Series
) -> Answer:
    subjects, rules = pl.Enum([*kpis.cast(pl.String), *areas]), pl.Enum(counts["rule"].unique().sort())
    unit_names, status = pl.Enum(units.cast(pl.String)), pl.col("status").cat.to(STATUSES)

    def named(rows: pl.DataFrame, shift: int) -> pl.DataFrame:
        return rows.select(
            pl.col("rule").cast(rules),
            subject=(pl.col("at") // len(units) + shift).cat.to(subjects),
            unit=(pl.col("at") % len(units)).cat.to(unit_names),
            status=status,
            margin=pl.col("margin"),
        )

    told = counts.select("rule", "count", unit=pl.col("unit_at").cat.to(unit_names), status=status)
    return told, pl.concat([named(found, 0), named(poor, len(kpis))])


def _facts(folder: Path, areas: pl.DataFrame) -> pl.DataFrame:
    kpis = pl.read_parquet(folder / "kpis.parquet")
    referred = pl.scan_parquet(folder / "benchmarks.parquet").select(pl.col("kpi").unique()).collect()["kpi"]
    number, relative = pl.col("materiality").str.replace(",", "."), pl.col("materiality").str.ends_with("%")
    weight = pl.col("direction").replace_strict({"lower": 1.0, "higher": -1.0}, default=None, return_dtype=pl.Float64)
    place = {area: at for at, area in enumerate(areas["area"])}
    is_result = pl.col("category").is_in(["kvalitet", "personal"]) & (pl.col("direction") != "neutral")
    return kpis.select(
        "kpi",
        kpi_at=pl.int_range(pl.len(), dtype=pl.UInt32),
        area_at=pl.col("area").replace_strict(place, return_dtype=pl.UInt32),
        service=pl.col("peer_group").cast(pl.Categorical),
        weight=weight,
        material_rel=pl.when(relative).then(number.str.strip_suffix(" %").cast(pl.Float64, strict=False) / 100),
        material_abs=pl.when(~relative).then(number.cast(pl.Float64, strict=False)),
        break_year=pl.col("breaks").cast(pl.Int32),
        is_cost=pl.col("category") == "ekonomi",
        is_result=is_result,
        is_share=(pl.col("category") == "kvalitet") & (pl.col("measure") == "%"),
        has_reference=pl.col("kpi").is_in(referred.implode()),
    )


def _peers(folder: Path, units: pl.DataFrame) -> pl.DataFrame:
    """service, unit_at, member.0 …: the units that each unit is compared with."""
    place = {unit: at for at, unit in enumerate(units["unit"].cast(pl.String))}
    rows = pl.read_parquet(folder / "peers.parquet").select(
        service=pl.col("group").cast(pl.Categorical),
        unit_at=pl.col("unit").replace_strict(place, return_dtype=pl.UInt32),
        member=pl.col("member").replace_strict(place, return_dtype=pl.UInt32),
    )
    members = [pl.col("member").get(member).alias(f"member.{member}") for member in range(MEMBERS)]
    return rows.group_by("service", "unit_at").agg(members)


if __name__ == "__main__":
    main(answer)
