"""The fields a subject itself gives to text, beside those of its conditions."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Field, Subject


def _named(quoted: str) -> pl.Expr:
    """The KPI's name for running text; a title, where it has none, is quoted."""
    named, title = pl.col("kpi_name"), pl.col("kpi_title")
    return pl.when(named == title).then(pl.format(quoted, title)).otherwise(named)


_KPI: Mapping[str, Field] = {
    "kpi": Field("word", (_named("nyckeltalet ”{}”"), _named("the KPI “{}”"))),
    "kpi_title": Field("text", (pl.col("kpi_title"),)),
    "area": Field("text", (pl.col("area_name"),)),
    "unit": Field("text", (pl.col("unit_title"),)),
    "value": Field("value", (columns.own(0),)),
    "year": Field("integer", (columns.YEAR,)),
}
_AREA: Mapping[str, Field] = {
    "area": Field("text", (pl.col("area_name"),)),
    "unit": Field("text", (pl.col("unit_title"),)),
}
_MEASURE: Mapping[str, Field] = {
    "measure": Field("text", (pl.col("measure_title"),)),
    "area": Field("text", (pl.col("area_name"),)),
    "saving": Field("word", (pl.col("saving_sv"), pl.col("saving_en"))),
    "decided": Field("text", (pl.col("decided").cast(pl.String).fill_null("–"),)),
    "followup": Field("text", (pl.col("followup").fill_null("–"),)),
}
_SIGNAL: Mapping[str, Field] = {
    "signal": Field("text", (pl.col("signal_title"),)),
    "area": Field("text", (pl.col("area_name"),)),
}
_FIELDS: Mapping[Subject, Mapping[str, Field]] = {
    "kpi": _KPI,
    "area": _AREA,
    "measure": _MEASURE,
    "signal": _SIGNAL,
}


def subject_fields(subject: Subject) -> Mapping[str, Field]:
    return _FIELDS[subject]


# What a move may say of the area it is proposed for; filled from the area's findings.
MOVE_FIELDS: Mapping[str, Field] = {
    "area": Field("text", (pl.col("area_name"),)),
    "unit": Field("text", (pl.col("unit_title"),)),
    "kpis": Field("word", (pl.col("kpis_sv"), pl.col("kpis_en"))),
    "signals": Field("text", (pl.col("signals_text"),)),
    "committees": Field("word", (pl.col("committees_sv"), pl.col("committees_en"))),
}
