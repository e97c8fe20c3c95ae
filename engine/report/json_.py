"""The assessment as one JSON document, for other programs. Its schema is assessment.schema.json beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import polars as pl
import polars.selectors as cs

from genomlys import __version__
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang
from genomlys.engine.language.model import Override

FILE: Final = "assessment.json"
FORMAT: Final = 1  # counted up when something is taken away or changes its meaning, not when something is added
_FRAMES: Final = (
    "areas",
    "candidates",
    "findings",
    "followup",
    "savings",
    "totals",
    "costs",
    "unknowns",
    "chance",
    "counts",
    "waivers",
)


def files(assessment: Assessment) -> Mapping[str, bytes]:
    return {FILE: as_json(assessment).encode()}


def as_json(assessment: Assessment) -> str:
    """The document as text. Keys and rows come in a fixed order; there is no time of day in it."""
    return json.dumps(document(assessment), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def document(assessment: Assessment) -> dict[str, Any]:
    """What the JSON document says, as dicts, lists, text, numbers, booleans and None."""
    data = assessment.data
    frames = {**assessment.frames, "followup": data.measures}
    units = data.units.filter(pl.col("unit").is_in(assessment.units)).sort("unit")
    return {
        "format": FORMAT,
        "genomlys": __version__,
        "lang": assessment.lang,
        "dataset": {
            "title": data.title,
            "unit": data.unit,
            "as_of": data.as_of.isoformat(),
            "sources": list(data.sources),
            "licence": data.licence,
        },
        "packs": [
            {
                "pack": pack.name,
                "version": pack.version,
                "title": pack.title.in_(assessment.lang),
                "sha256": pack.sha256,
            }
            for pack in assessment.book.packs
        ],
        "overrides": [_override(each, assessment.lang) for each in assessment.book.overrides],
        "units": rows(units.select("unit", "title", "kind")),
        **{name: rows(frames[name]) for name in _FRAMES},
    }


def _override(override: Override, lang: Lang) -> dict[str, Any]:
    return {
        "kind": override.kind,
        "id": override.id,
        "pack": override.pack,
        "off": override.off,
        "changes": [asdict(change) for change in override.changes],
        "reason": override.reason.in_(lang),
        "decided": None if override.decided is None else override.decided.isoformat(),
    }


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A frame as a list of objects: dates as text, and null for what is unknown or has no limit."""
    finite = frame.with_columns(without_infinity(), cs.date().cast(pl.String))
    return finite.to_dicts()


def without_infinity() -> pl.Expr:
    """The columns of floats, with null for infinity and NaN, which neither JSON nor Excel can tell."""
    floats = cs.float()
    return pl.when(floats.is_finite()).then(floats)


__all__ = ["FILE", "FORMAT", "as_json", "document", "files", "rows", "without_infinity"]
