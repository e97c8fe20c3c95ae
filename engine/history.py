"""For how many calendar years in a row, ending with the KPI's own year, a rule has been flagged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine import evaluate
from genomlys.engine.conditions.base import Sight
from genomlys.engine.grid import Grid
from genomlys.engine.language.model import Rule


def years_flagged(
    grid: Grid, judged: pl.DataFrame, rules: Sequence[Rule], reads: evaluate.Reads, sight: Sight
) -> dict[str, pl.Series]:
    """Per rule an Int32 series as long as ``judged``: 0 where not flagged now, else the years in a row.

    judged: the frame of ``judge_series`` without shift. The rule is asked again with the KPI's year
    moved back one calendar year at a time, only for what is still flagged; a year without a value
    ends the row, and so does a change of definition. Rules about the data have no history: null.
    """
    dated = [rule for rule in rules if rule.goal != "data"]
    rows = judged["series"].to_numpy()
    alive = _flags(judged, dated)
    streak = alive.astype(np.int32)
    for shift in range(1, grid.own.shape[1]):
        open_ = np.flatnonzero(alive.any(axis=0))
        if len(open_) == 0:
            break
        earlier = evaluate.judge_series(grid, rows[open_], rules, reads, sight, shift)
        still = np.zeros_like(alive)
        has_value = earlier["year"].is_not_null().to_numpy()
        still[:, open_] = alive[:, open_] & _flags(earlier, dated) & has_value
        alive = still
        streak += alive
    found = {rule.id: pl.Series(streak[at], dtype=pl.Int32) for at, rule in enumerate(dated)}
    none = pl.Series([None], dtype=pl.Int32).new_from_index(0, len(judged))
    return {rule.id: found.get(rule.id, none) for rule in rules}


def _flags(frame: pl.DataFrame, rules: Sequence[Rule]) -> NDArray[np.bool_]:
    flags = frame.select(evaluate.flagged(rule.id).alias(rule.id) for rule in rules)
    return flags.to_numpy().T if rules else np.zeros((0, len(frame)), dtype=np.bool_)
