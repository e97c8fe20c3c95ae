"""A rule pack as frozen values: what was written, checked and typed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, Self

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
    """A fixed level, or levels from a gap relative to the basis (0.02 is 2 %), lowest first, and where each stands."""

    fixed: str | None = None
    from_gap: tuple[tuple[str, float], ...] = ()
    places: tuple[tuple[str, Place], ...] = ()


@dataclass(frozen=True)
class Change:
    """A word of a rule and its value before and after; ``before`` is None where it was not written."""

    word: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Override:
    """What a pack changes in a rule or move of a pack that it uses, and why.

    pack: name@version+hash of the pack that changes it; ``off``: it is not used at all.
    """

    kind: Literal["rule", "move"]
    id: str
    title: Text
    pack: str
    off: bool
    changes: tuple[Change, ...]
    reason: Text
    decided: date | None
    place: Place


@dataclass(frozen=True)
class Dated:
    """A threshold that changes with the years: the word it stands under, its value from each year on, the source."""

    word: str
    values: tuple[tuple[int, str], ...]
    source: Text


@dataclass(frozen=True, kw_only=True)
class Changing:
    """What is common to rules and moves: another pack may change them, and their thresholds may change with the years.

    ``dated`` are the thresholds that do, and ``variants`` the whole from each such year on; it is itself the last of
    them.
    """

    override: Override | None = None
    dated: tuple[Dated, ...] = ()
    variants: tuple[tuple[int, Self], ...] = ()

    def in_force(self, year: int) -> Self:
        """The same with its thresholds as they are in a year."""
        if not self.variants:
            return self
        first = next((each for each in reversed(self.variants) if each[0] <= year), self.variants[0])
        return replace(first[1], override=self.override, dated=self.dated)

    @property
    def versions(self) -> tuple[Self, ...]:
        """It as it is from each year on that changes it; itself alone where none does."""
        return tuple(variant for _, variant in self.variants) or (self,)


@dataclass(frozen=True)
class Rule(Changing):
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
class Move(Changing):
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
    """Rules and moves of one pack, as they are in force: changed where a pack that uses it says so.

    sha256: of the files' bytes, in order of their names; source: what it was asked for by; uses: the packs that
    it uses, by name; hashes: of what is written of each of its rules, moves and overrides, by "rule.<id>" and so on.
    """

    name: str
    version: str
    title: Text
    sha256: str
    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]
    uses: tuple[str, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    source: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """ "kommun@2026.1+3f2a…": name, version and the beginning of the hash."""
        return labelled(self.name, self.version, self.sha256)

    def rule(self, rule_id: str) -> Rule:
        return next(rule for rule in self.rules if rule.id == rule_id)


def labelled(name: str, version: str, sha256: str) -> str:
    return f"{name}@{version}+{sha256[:12]}"
