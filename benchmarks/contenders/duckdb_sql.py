"""The pack by hand in DuckDB: pivoted by year, comparison figures by joins, every rule an expression."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import duckdb
from formulas import (
    BY_IQR,
    BY_MAD,
    FEWEST,
    FEWEST_OF_CASE,
    FEWEST_OF_NATION,
    LAST_YEAR,
    MAX_AGE,
    MEMBERS,
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
from sql import SqlOps

STATUSES = ["flagged", "clear", "unknown", "not_applicable"]


def answer(folder: Path) -> Answer:
    db = duckdb.connect(config={"preserve_insertion_order": False})
    _catalogue(db, folder)
    first = db.sql(f"SELECT min(year) FROM '{folder}/values.parquet'").fetchall()[0][0]
    _wide(db, folder, first)
    formulas = Formulas(SqlOps(), first)
    _stage(db, "series", "wide JOIN kpis USING (k)", formulas.seen())
    _comparisons(db, folder)
    bases = formulas.bases()
    costs = "series JOIN peers_of_costs USING (series_at)"
    _stage(db, "costs", costs, [*bases, *formulas.trend("cost", 8, 0.05, 1.0, 0.01)])
    results = "series JOIN peers_of_results USING (series_at) JOIN nation USING (k)"
    _stage(db, "results", results, [*bases, *formulas.trend("worse", 6, 0.10, formulas.weight, None)])
    db.sql(
        """CREATE TABLE told
        (rule VARCHAR, k BIGINT, unit_at BIGINT, a BIGINT, judged BOOLEAN, status UTINYINT, margin DOUBLE)"""
    )
    _judge(db, formulas, "costs", formulas.of_costs())
    _judge(db, formulas, "costs JOIN referred USING (series_at)", formulas.of_referenced())
    _judge(db, formulas, "results", formulas.of_results())
    _judge(db, formulas, "series WHERE is_share", formulas.of_shares())
    _judge(db, formulas, "series", formulas.of_all())
    db.sql(_POOR)
    return db.sql(_COUNTS).to_arrow_table(), db.sql(_FOUND).to_arrow_table()


def _catalogue(db: duckdb.DuckDBPyConnection, folder: Path) -> None:
    db.sql(
        f"""CREATE TABLE areas AS SELECT row_number() OVER () - 1 AS a, area FROM '{folder}/areas.parquet';
        CREATE TABLE units AS
          SELECT row_number() OVER (ORDER BY unit::VARCHAR) - 1 AS unit_at, unit::VARCHAR AS unit
          FROM '{folder}/units.parquet';
        CREATE TABLE peers AS
          SELECT "group" AS service, u.unit_at, m.unit_at AS member_at FROM '{folder}/peers.parquet' p
          JOIN units u ON u.unit = p.unit::VARCHAR JOIN units m ON m.unit = p.member::VARCHAR;
        CREATE TABLE kpis AS
          SELECT row_number() OVER (ORDER BY kpi::VARCHAR) - 1 AS k, kpi::VARCHAR AS kpi, a, peer_group AS service,
            CASE direction WHEN 'lower' THEN 1.0::DOUBLE WHEN 'higher' THEN -1.0::DOUBLE END AS weight,
            CASE WHEN suffix(materiality, '%') THEN try_cast(replace(materiality, ' %', '') AS DOUBLE) / 100 END
              AS material_rel,
            CASE WHEN NOT suffix(materiality, '%') THEN try_cast(replace(materiality, ',', '.') AS DOUBLE) END
              AS material_abs,
            try_cast(breaks AS INTEGER) AS break_year, category = 'ekonomi' AS is_cost,
            category IN ('kvalitet', 'personal') AND direction <> 'neutral' AS is_result,
            category = 'kvalitet' AND measure = '%' AS is_share
          FROM '{folder}/kpis.parquet' JOIN areas USING (area)"""
    )


def _wide(db: duckdb.DuckDBPyConnection, folder: Path, first: int) -> None:
    """A row per series: every KPI of every unit, a column per year."""
    years = range(first, LAST_YEAR + 1)
    values = ", ".join(f"max(value) FILTER (year = {year}) AS y{year}" for year in years)
    mark = "CASE status WHEN 'missing' THEN 1 WHEN 'suppressed' THEN 2 WHEN 'not_applicable' THEN 3 ELSE 0 END"
    marks = ", ".join(
        f"max({mark}) FILTER (year = {year}) AS m{year}" for year in range(LAST_YEAR - MAX_AGE, LAST_YEAR + 1)
    )
    told = ", ".join([*(f"y{year}" for year in years), *(f"m{LAST_YEAR - age}" for age in range(MAX_AGE + 1))])
    db.sql(
        f"""CREATE TABLE wide AS
        WITH pivoted AS (SELECT kpi, unit, {values}, {marks} FROM '{folder}/values.parquet' GROUP BY kpi, unit)
        SELECT k * (SELECT count(*) FROM units) + unit_at AS series_at, k, unit_at, {told}
        FROM kpis CROSS JOIN units LEFT JOIN pivoted ON pivoted.kpi = kpis.kpi AND pivoted.unit = units.unit"""
    )


def _comparisons(db: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Of the similar municipalities, all municipalities and the reference cost: a few columns per year."""
    _of_peers(db, "peers_of_costs", "is_cost", means_alone=True)
    _of_peers(db, "peers_of_results", "is_result", means_alone=False)
    db.sql(f"CREATE TABLE nation AS {_nation()}")
    years = ", ".join(f"max(value) FILTER (year = {year}) AS r{year}" for year in RECENT)
    db.sql(
        f"""CREATE TABLE referred AS SELECT k * (SELECT count(*) FROM units) + unit_at AS series_at, {years}
        FROM '{folder}/benchmarks.parquet' b
        JOIN kpis ON kpis.kpi = b.kpi::VARCHAR JOIN units ON units.unit = b.unit::VARCHAR
        WHERE benchmark = 'reference' GROUP BY series_at"""
    )


def _of_peers(db: duckdb.DuckDBPyConnection, name: str, scope: str, *, means_alone: bool) -> None:
    """A join a member: an aggregate over one join to all of them took four times as long."""
    columns, joins, figures = [], [], []
    for member in range(MEMBERS):
        columns += [f"m{member}.y{year} AS v{member}_{year}" for year in PEER_YEARS]
        columns += [f"m{member}.m{year} AS w{member}_{year}" for year in OWN_YEARS]
        joins.append(
            f"LEFT JOIN wide m{member} ON m{member}.series_at = s.series_at - s.unit_at + member_at[{member + 1}]"
        )
    for year in PEER_YEARS:
        values = [f"v{member}_{year}" for member in range(MEMBERS)]
        count = " + ".join(f"({value} IS NOT NULL)::INTEGER" for value in values)
        total = " + ".join(f"coalesce({value}, 0)" for value in values)
        figures.append(f"CASE WHEN {count} >= {FEWEST} THEN ({total}) / ({count}) END AS p{year}")
        if means_alone:
            continue
        figures.append(f"CASE WHEN {count} >= {FEWEST} THEN list_median([{', '.join(values)}]) END AS q{year}")
        if year in OWN_YEARS:
            figures += _of_own_year(year, values, [f"w{member}_{year}" for member in range(MEMBERS)], count)
    db.sql(
        f"""CREATE TABLE {name} AS
        WITH groups AS (
          SELECT service, unit_at, list(member_at ORDER BY member_at) AS member_at FROM peers GROUP BY ALL),
        gathered AS (
          SELECT s.series_at, {", ".join(columns)} FROM series s JOIN groups USING (service, unit_at) {" ".join(joins)}
          WHERE {scope})
        SELECT series_at, {", ".join(figures)} FROM gathered"""
    )


def _of_own_year(year: int, values: list[str], marks: list[str], count: str) -> list[str]:
    """The two highest and lowest of the similar municipalities, their spread, and how many they are."""
    told = f"[{', '.join(values)}]"
    spread = f"{count} >= {FEWEST_OF_CASE} AND greatest({', '.join(values)}) > least({', '.join(values)})"
    concerned = " + ".join(f"coalesce({mark} <> {NOT_APPLICABLE}, true)::INTEGER" for mark in marks)
    falling, rising = (f"list_sort({told}, '{order}', 'NULLS LAST')" for order in ("DESC", "ASC"))
    return [
        *[f"{falling}[{place}] AS top{place}_{year}" for place in (1, 2)],
        *[f"{rising}[{place}] AS low{place}_{year}" for place in (1, 2)],
        f"CASE WHEN {spread} THEN list_stddev_samp({told}) END AS sd_{year}",
        f"{count} AS known_{year}",
        f"{concerned} AS of_{year}",
    ]


def _nation() -> str:
    """Of all municipalities the mean, and where a unit would be one of the worst or apart from most of them."""
    columns = [f"avg(y{year}) AS n{year}" for year in RECENT]
    limits = ["k"] + [f"n{year}" for year in RECENT]
    for year in OWN_YEARS:
        columns += [
            f"count(y{year}) AS count_{year}",
            f"count(*) FILTER (m{year} IS DISTINCT FROM {NOT_APPLICABLE}) AS all_{year}",
            f"list(weight * y{year} ORDER BY weight * y{year} DESC) FILTER (y{year} IS NOT NULL) AS order_{year}",
            f"median(y{year}) AS median_{year}",
            f"mad(y{year}) AS mad_{year}",
            f"quantile_cont(y{year}, 0.75) - quantile_cont(y{year}, 0.25) AS iqr_{year}",
        ]
        enough = f"all_{year} >= {FEWEST_OF_NATION}"
        k, missing = f"(all_{year} // {SHARE})", f"(all_{year} - count_{year})"
        for name, place in (("first", k), ("next", f"{k} + 1")):
            limits.append(
                f"CASE WHEN {enough} THEN coalesce(order_{year}[{place}], '-inf'::DOUBLE) END AS {name}_{year}"
            )
        for name, place in (("sure", f"{k} - {missing}"), ("after", f"{k} - {missing} + 1")):
            known = f"coalesce(order_{year}[{place}], '-inf'::DOUBLE)"
            limit = f"CASE WHEN {missing} >= {k} THEN 'inf'::DOUBLE ELSE {known} END"
            limits.append(f"CASE WHEN {enough} THEN {limit} END AS {name}_{year}")
        scale = f"CASE WHEN mad_{year} > 0 THEN mad_{year} * {BY_MAD} ELSE iqr_{year} * {BY_IQR} END"
        told = f"count_{year} >= {FEWEST_OF_NATION} AND {scale} > 0"
        limits += [f"median_{year}", f"CASE WHEN {told} THEN {scale} END AS scale_{year}"]
    return f"""SELECT {", ".join(limits)} FROM (
      SELECT k, {", ".join(columns)} FROM series WHERE is_result GROUP BY k)"""


def _stage(db: duckdb.DuckDBPyConnection, name: str, source: str, stages: Iterable[Stage]) -> None:
    """A table of what is read there, with the columns of the stages; a CASE is worked out where it holds alone."""
    ops, query = SqlOps(), f"SELECT * FROM {source}"
    for stage in stages:
        within = (lambda value: value) if stage.where is None else partial(_where, ops, stage.where)
        columns = ", ".join(f'{within(value).text} AS "{column}"' for column, value in stage.columns.items())
        query = f"SELECT *, {columns} FROM ({query})"
    db.sql(f"CREATE TABLE {name} AS {query}")


def _where(ops: SqlOps, where: object, value: object) -> object:
    return ops.when((where, value))


def _judge(db: duckdb.DuckDBPyConnection, formulas: Formulas, source: str, rules: dict[str, Said]) -> None:
    """Add to the table ``told`` a row per rule and series."""
    columns = ", ".join(
        f'{formulas.status(said).text}::UTINYINT AS "{rule}:status", {said.margin.text} AS "{rule}:margin"'
        for rule, said in rules.items()
    )
    db.sql(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT k, unit_at, a, judged, {columns} FROM {source}")
    for rule in rules:
        status = f'"{rule}:status"'
        margin = f'CASE WHEN {status} = 0 THEN "{rule}:margin" END'
        db.sql(f"INSERT INTO told SELECT '{rule}', k, unit_at, a, judged, {status}, {margin} FROM judged")


_POOR = """CREATE TABLE poor AS
WITH counted AS (
  SELECT a, unit_at, count(*) FILTER (status = 0) - 1.5 AS sure, count(*) FILTER (status = 2) AS maybe
  FROM told WHERE rule = 'worse-than-peers' AND judged GROUP BY a, unit_at)
SELECT area, unit_at, sure AS margin,
  CASE WHEN sure IS NULL THEN 3 WHEN sure > 0 THEN 0 WHEN sure + maybe <= 0 THEN 1 ELSE 2 END AS status
FROM areas CROSS JOIN units LEFT JOIN counted USING (a, unit_at)"""

_NAME = "['flagged', 'clear', 'unknown', 'not_applicable'][status + 1]"

_COUNTS = f"""WITH counted AS (
  SELECT rule, unit_at, status, count(*) AS n FROM told GROUP BY ALL UNION ALL
  SELECT rule, unit_at, 3, (SELECT count(*) FROM kpis) - count(*) FROM told GROUP BY rule, unit_at UNION ALL
  SELECT 'poor-area', unit_at, status, count(*) FROM poor GROUP BY ALL)
SELECT rule, unit, {_NAME} AS status, sum(n)::BIGINT AS count FROM counted JOIN units USING (unit_at)
GROUP BY ALL HAVING sum(n) > 0"""

_FOUND = f"""SELECT rule, kpi AS subject, unit, {_NAME} AS status, margin
FROM told JOIN units USING (unit_at) JOIN kpis USING (k)
WHERE status IN (0, 2) UNION ALL
SELECT 'poor-area', area, unit, {_NAME}, CASE WHEN status = 0 THEN margin END FROM poor JOIN units USING (unit_at)
WHERE status IN (0, 2)"""


if __name__ == "__main__":
    main(answer)
