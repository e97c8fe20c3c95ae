"""Verdicts -> the trees behind them: why something is flagged, why not, and how much it would take to turn it."""

from __future__ import annotations

from genomlys.engine.explain.ask import explain
from genomlys.engine.explain.model import Cell, Document, Explanation, Fact, Made, Origin, Rank, Step, Turn
from genomlys.engine.explain.text import render

__all__ = ["Cell", "Document", "Explanation", "Fact", "Made", "Origin", "Rank", "Step", "Turn", "explain", "render"]
