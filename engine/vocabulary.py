"""The closed words of tables and rules: one list for the door, the rule language and the results."""

from __future__ import annotations

from typing import Final

UNIT_KINDS: Final = ("municipality", "committee", "department", "company", "nation")
CATEGORIES: Final = ("ekonomi", "personal", "kvalitet", "volym")
DIRECTIONS: Final = ("higher", "lower", "target", "neutral")
VALUE_STATUSES: Final = ("ok", "missing", "suppressed", "not_applicable", "preliminary")
BENCHMARKS: Final = (
    "reference",
    "target",
    "peers.mean",
    "peers.median",
    "nation.mean",
    "nation.median",
    "nation.p10",
    "nation.p25",
    "nation.p75",
    "nation.p90",
)
OF_OTHERS: Final = tuple(name for name in BENCHMARKS if name.startswith(("peers.", "nation.")))
HORIZONS: Final = ("short", "long", "investigate")
SAVING_KINDS: Final = ("amount", "too_early", "awaiting_inquiry", "avoids_cost", "unclear")
MEASURE_STATUSES: Final = ("not_started", "ongoing", "done", "not_feasible", "stopped")
SIGNAL_KINDS: Final = ("law", "policy", "audit", "external", "organisation", "forecast")
LEVELS: Final = ("low", "medium", "high")
# How a KPI is made of other KPIs, and of which kind a price index's figure is.
DERIVATIONS: Final = ("ratio", "sum", "difference", "per", "index", "real", "normalised")
PRICE_KINDS: Final = ("outcome", "forecast")
