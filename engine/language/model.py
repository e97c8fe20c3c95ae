"""A rule pack as frozen values: what was written, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass

from genomlys.engine.conditions.base import Subject
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.tree import Tree
from genomlys.engine.errors import Place, Text
from genomlys.engine.language.examples import Example
from genomlys.engine.language.template import Template

TELLS = ("problem", "strength", "mixed", "data")
GOALS = ("cost", "results", "development", "need", "detail", "followup", "data")


@dataclass(frozen=True)
class Severity:
    """A fixed level, or levels from a gap relative to the basis (0.02 is 2 %), lowest first."""

    fixed: str | None = None
    from_gap: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule, a document as much as a condition. ``tells`` is one of TELLS, ``goal`` one of GOALS.

    ``tells`` is what a flag means: a problem, a strength, something to tell that is neither
    (mixed), or a defect in the data. ``goal`` is the part of the municipality's goal it speaks of.
    """

    id: str
    title: Text
    tells: str
    goal: str
    scope: Scope
    when: Tree
    severity: Severity
    because: Template
    why: Text
    limits: Text
    source: Text
    examples: tuple[Example, ...]
    place: Place

    @property
    def subject(self) -> Subject:
        return self.scope.subject


@dataclass(frozen=True)
class Move:
    """A kind of candidate förflyttning: proposed for an area where ``when`` holds.

    ``when`` is a tree over the area, as in an area rule. The first move of the pack that holds for
    an area is proposed; ``priority`` is its place in the file.
    """

    id: str
    title: Template
    description: Template
    gain: Template
    when: Tree
    horizon: str
    place: Place


@dataclass(frozen=True)
class Pack:
    """Rules and moves of one pack. ``sha256`` is of the files' bytes, in order of their names."""

    name: str
    version: str
    title: Text
    sha256: str
    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]

    def rule(self, rule_id: str) -> Rule:
        return next(rule for rule in self.rules if rule.id == rule_id)
