"""What an explanation consists of: frozen values, with the words beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genomlys.engine.conditions.base import Subject
from genomlys.engine.errors import Place

StepKind = Literal["all", "any", "not", "at_least", "condition", "year", "verdict"]


@dataclass(frozen=True)
class Fact:
    """One thing a step rests on. ``says`` has its number written out.

    value: in the KPI's measure; year: its calendar year; origin: where it was taken from, if from the data set;
    origins: the same of a series of figures.
    """

    name: str
    says: str
    value: float | None = None
    year: int | None = None
    origin: Origin | None = None
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Origin:
    """A row of the data set: its table, what it is of, what it tells ("own value") and what its source column says."""

    table: str
    subject: str
    what: str
    year: int | None
    source: str | None


@dataclass(frozen=True)
class Made:
    """A figure, and what it is made of if it is derived; ``origin`` is where it was taken from if it is not."""

    says: str
    parts: tuple[Made, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class Cell:
    """A figure or date that is not known. ``source`` is "own", a benchmark's name or a column.

    reason: missing, suppressed, stale (too old) or break (the definition has changed); year is null where any
    recent year would do. is_part: it is a part of a derived value, and must be told by name.
    """

    subject: str
    title: str
    source: str
    year: int | None
    reason: str
    note: str = ""
    is_part: bool = False


@dataclass(frozen=True)
class Step:
    """A node of a rule's tree, as it came out. ``holds`` is None where it is not known.

    ``lo`` and ``hi`` bound the margin, in ``measure`` (None: no scale of its own). ``parts`` are the nodes below,
    the years of a condition over several years, or the verdicts it refers to; ``verdict`` is such a verdict's id.
    ``k`` is the number that at_least asks for; ``turn`` the value of the KPI at which a condition alone turns.
    """

    kind: StepKind
    words: str
    holds: bool | None
    applies: bool
    lo: float
    hi: float
    measure: str | None = None
    facts: tuple[Fact, ...] = ()
    parts: tuple[Step, ...] = ()
    missing: tuple[Cell, ...] = ()
    verdict: str | None = None
    k: int = 1
    turn: Turn | None = None

    @property
    def status(self) -> str:
        """As a verdict's: flagged, clear, unknown or not_applicable."""
        if not self.applies:
            return "not_applicable"
        return "unknown" if self.holds is None else "flagged" if self.holds else "clear"


@dataclass(frozen=True)
class Turn:
    """What would turn the verdict. ``by`` and ``to``: the change of the KPI's latest value, and what it would then be.

    Both are in the KPI's measure and in steps of its last printed decimal; None where the latest value alone
    cannot turn the verdict, or where it is no matter of a value.
    """

    says: str
    by: float | None = None
    to: float | None = None


@dataclass(frozen=True)
class Rank:
    """Why an area's candidate has the rank it has: ``tiers`` in the order they decide, each a name and what it is."""

    rank: int
    of: int
    title: str
    tiers: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """The rule as a document, the packs (name@version+hash) that it comes from, its place in its own, and what another
    pack has changed in it; its thresholds that change with the years."""

    why: str
    limits: str
    source: str
    pack: str
    place: Place
    override: str | None = None
    dated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """One verdict and all that it rests on. The fields that ``assess`` also has mean the same there.

    data: the data set's title; title: the subject's; reasons: why the rule does not apply, where it does not;
    missing: the figures that would decide, where it is unknown; made: how derived values came about; rank: of the
    area's candidate, where it has one; waiver: who has answered for the finding and until when.
    """

    data: str
    unit: str
    unit_title: str
    rule: str
    rule_title: str
    kind: Subject
    subject: str
    title: str
    area: str
    area_title: str
    year: int | None
    status: str
    sure: bool | None
    severity: str | None
    money: float | None
    years_flagged: int | None
    p: float | None
    q: float | None
    evidence: str | None
    text: str | None
    tree: Step
    document: Document
    reasons: tuple[str, ...] = ()
    turn: Turn | None = None
    missing: tuple[Cell, ...] = ()
    sources: tuple[Origin, ...] = ()
    made: tuple[Made, ...] = ()
    rank: Rank | None = None
    waiver: str | None = None

    @property
    def id(self) -> str:
        """What ``explain`` is asked for this verdict alone."""
        return f"{self.rule}/{self.subject}"

    @property
    def pack(self) -> str:
        return self.document.pack
