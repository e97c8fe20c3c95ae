"""What every kind of condition is: its needs, its margin, its words and the fields it gives to text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.margin import Margin, Once, as_it_is
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.template import Template
from genomlys.engine.statistics.samples import in_order

Subject = Literal["kpi", "area", "measure", "signal"]
SUBJECTS: tuple[Subject, ...] = ("kpi", "area", "measure", "signal")
Among = Literal["peers", "nation"]

# With fewer members, or fewer of them with a figure, nothing is said: a mean of two peers is two municipalities, and
# a nation is at least half of Sweden's 290 municipalities. Of how spread they are, it takes more to tell: for the kind
# ``case`` five, and for ``outlier`` ten.
FEWEST: Final[dict[str, int]] = {"peers": 3, "nation": 145, "case": 5, "outlier": 10}


@dataclass(frozen=True)
class Lags:
    """Reads the columns ``source.<first>`` to ``source.<count - 1>``; source is "own" or a benchmark.

    one_definition: what a change of definition parts from the KPI's year cannot be used. same_year: for the KPI's
    own year no earlier figure of the benchmark may stand in.
    """

    source: str
    count: int
    first: int = 0
    one_definition: bool = False
    same_year: bool = False


@dataclass(frozen=True)
class Denominator:
    """Reads the column ``denominator``: how many the KPI's value of its year is counted on."""


@dataclass(frozen=True)
class KpiCount:
    """Needs, for the area, how many KPIs a KPI rule holds for, may hold for and applies to."""

    rule: str

    COUNTS: ClassVar = ("holding", "unknown", "holding_rounded", "unknown_rounded")

    def column(self, count: str) -> str:
        return f"kpis.{self.rule}.{count}"

    @property
    def counts(self) -> tuple[str, ...]:
        """The columns of ``margin.Counts``, in its order."""
        return tuple(self.column(count) for count in self.COUNTS)

    @property
    def holding(self) -> str:
        return self.column("holding")

    @property
    def applying(self) -> str:
        return self.column("applying")


@dataclass(frozen=True)
class RowCount:
    """Needs, for the area, how many measures or signals satisfy ``where`` for certain and perhaps."""

    table: Literal["measures", "signals"]
    where: RowFilter

    @property
    def holding(self) -> str:
        return f"{self.table}.{self.where.key}.holding"

    @property
    def unknown(self) -> str:
        return f"{self.table}.{self.where.key}.unknown"


@dataclass(frozen=True)
class RuleMargin:
    """Needs the margin of another rule for the same subject, as columns."""

    rule: str

    def column(self, part: str) -> str:
        return f"{self.rule}:{part}"


# The parts of the goal that an area's KPIs are counted in, and the counts (``conditions.side`` says how).
SIDE_GOALS = ("cost", "results", "development")
SIDE_COUNTS = ("worse", "better", "mixed", "unknown", "judged")


@dataclass(frozen=True)
class SideCount:
    """Needs, for the area, how many KPIs point each way by the KPI rules of a goal."""

    goal: str

    def column(self, count: str) -> str:
        return side_count(self.goal, count)


def side_count(goal: str, count: str) -> str:
    """The area frame's column with one of SIDE_COUNTS; ``judged`` counts the unknown ones too."""
    return f"side.{goal}.{count}"


@dataclass(frozen=True)
class Others:
    """Reads the values of the peers or the nation in the KPI's year.

    Gives the columns ``n``, how many members have a value, and ``of``, how many there are that the KPI applies to.
    least: with fewer values than these, nothing can be said.
    """

    among: Among
    least: int = 0

    @property
    def n(self) -> str:
        return f"{self.among}.n"

    @property
    def of(self) -> str:
        return f"{self.among}.of"


@dataclass(frozen=True, eq=False)
class Sample:
    """The figures of others that a block's rows are set against, often many rows to one set.

    values: Float64 [sets, most], NaN where a member has no value and where there are fewer members
    of: Int64 [sets], members that the KPI applies to, with and without a value
    at: Int64 [rows], each row's set; mine: Int64 [rows], the column of the row's own unit in it, -1 if it is no member
    """

    values: NDArray[np.float64]
    of: NDArray[np.int64]
    at: NDArray[np.int64]
    mine: NDArray[np.int64]

    @cached_property
    def n(self) -> NDArray[np.int64]:
        """[sets]: how many members have a value."""
        counted: NDArray[np.int64] = (~np.isnan(self.values)).sum(axis=1)
        return counted

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """[sets, most]: the values of each set from the least to the largest, and then inf."""
        return in_order(self.values)


class Window(Protocol):
    """A block of series as a metric reads them: a row per series, years counted backwards from the KPI's own year.

    Float64 arrays as long as the block, NaN where there is no figure.
    """

    def own(self, lag: int) -> NDArray[np.float64]:
        """The unit's value ``lag`` calendar years before the KPI's year."""

    def own_comparable(self, lag: int) -> NDArray[np.float64]:
        """The same unless a change of definition lies between it and the KPI's year."""

    def basis(self, benchmark: str, lag: int) -> NDArray[np.float64]:
        """The benchmark in the same calendar year; at lag 0 the latest one not later than the KPI's year."""

    def denominator(self) -> NDArray[np.float64]:
        """How many the KPI's value of its year is counted on; NaN where that is not known."""

    def others(self, among: Among) -> Sample:
        """The values of the peers (never the unit itself) or of the nation, in the KPI's year."""

    def fact(self, name: str) -> NDArray[Any]:
        """A column of the KPI's facts: ``weight``, ``half``, ``own_half``, ``decimals`` …"""


# What a metric gives for a column, or how to work it out where that costs much and not everybody reads it.
Column = NDArray[Any] | Callable[[], NDArray[Any]]


class Metric(ABC):
    """Columns that NumPy works out of whole series, where an expression over a row's few years would be slow.

    Implementations are frozen dataclasses: two that are equal are one metric, worked out once for all conditions that
    need it. A condition names one among its needs and reads its columns.
    """

    @abstractmethod
    def needs(self) -> tuple[Lags | Others, ...]:
        """What it reads."""

    @abstractmethod
    def columns(self, window: Window) -> Mapping[str, Column]:
        """The columns by name; NaN in Float64 becomes null. Names begin with what sets the metric apart."""


Need = Lags | Others | Denominator | KpiCount | SideCount | RowCount | RuleMargin | Metric


def with_metrics(needs: Iterable[Need]) -> Iterator[Need]:
    """The needs, and what the metrics among them read."""
    for need in needs:
        yield need
        if isinstance(need, Metric):
            yield from need.needs()


class RowFilter(Protocol):
    """Which measures or signals are meant: a margin over their rows."""

    @property
    def key(self) -> str: ...

    def margin(self) -> Margin: ...

    def say(self, lang: Lang) -> str: ...


@dataclass(frozen=True)
class Sight:
    """What evaluation knows beforehand about the frame: whether any KPI aims at a target.

    once: what becomes of an expression that several others read.
    """

    targets: bool = False
    once: Once = as_it_is


FieldKind = Literal["value", "difference", "rate", "percent", "p", "integer", "text", "word", "series", "tkr", "number"]


@dataclass(frozen=True)
class Field:
    """What a placeholder stands for: expressions and how they are written.

    value: in the KPI's measure; difference: a distance in it, written without sign; rate: a distance a
    year, which may be smaller than the last printed decimal; percent: a ratio; p: a probability; integer: a
    year or a count; text: as it is; word: Swedish and English alternatives in ``parts``; series: values in
    the order of ``parts``; tkr: thousand kronor a year; number: of no measure, with one decimal. Where the
    value is null, ``instead`` is written.
    """

    kind: FieldKind
    parts: tuple[pl.Expr, ...]
    instead: Field | None = None


class Condition(Protocol):
    """A leaf of a rule's tree. Implementations are frozen dataclasses, one kind a file."""

    @property
    def place(self) -> Place: ...

    @property
    def name(self) -> str | None:
        """The author's own name for the condition (``as:``), to tell its fields apart."""

    @property
    def because(self) -> Template | None:
        """A sentence that is added where this condition holds (used below any and at_least)."""

    def needs(self) -> tuple[Need, ...]: ...

    def margin(self, sight: Sight) -> Margin: ...

    def fields(self, sight: Sight) -> Mapping[str, Field]: ...

    def say(self, lang: Lang) -> str:
        """The condition in words, for ``explain`` and the rule's page."""

    def figures(self, sight: Sight) -> Figures:
        """What the condition rests on, for the conditions frame and for ``explain``."""


@dataclass(frozen=True)
class Told:
    """One thing that a condition rests on, as ``explain`` tells it: "beslutad: 2024-12-16". Not told where it is null.

    name: for those who read explanations as data. year, source: of a figure of the data set, as in ``Lags``.
    """

    name: str
    title: Text
    value: Field
    year: pl.Expr | None = None
    source: str | None = None


@dataclass(frozen=True)
class Figures:
    """What a condition rests on, as expressions over the subject's frame; each may be null.

    For a row of the conditions frame: value, basis: in the KPI's measure; value_year, basis_year: calendar
    years; hits of years; gap: distance on the condition's side in the KPI's measure, and relative to the basis;
    p: of a test, the probability of figures that speak at least as strongly for the condition when chance alone
    is at work; n: of how many members' values the basis was computed, of: how many members there are.

    Beside the expressions, what is known of the condition before any figure: chance: the most probable
    that it can be that it holds by chance alone, where the kind knows; lasting: in how many years a
    development or a difference must show for it to hold.

    For ``explain`` beside these: in_years: what is asked of each year; told: other things it rests on;
    scale: what the margin counts, as a measure of KPIs is written ("dagar", "platser"); None: the KPI's own
    measure; dates: the columns of a measure or signal that leave it unknown where they are null;
    no_meaning: why it does not apply, the first that is true (Boolean); gap_title: what the gap is called;
    turning: how far from the KPI's value the condition may turn, where its margin does not tell.
    """

    value: pl.Expr | None = None
    value_year: pl.Expr | None = None
    basis: pl.Expr | None = None
    basis_year: pl.Expr | None = None
    basis_title: tuple[pl.Expr, pl.Expr] | None = None
    hits: pl.Expr | None = None
    years: int | None = None
    gap: pl.Expr | None = None
    gap_ratio: pl.Expr | None = None
    same_year_expected: bool = False  # the text names both years when they differ
    in_years: tuple[InYear, ...] = ()
    p: pl.Expr | None = None
    n: pl.Expr | None = None
    of: pl.Expr | None = None
    chance: float | None = None
    lasting: int = 1
    told: tuple[Told, ...] = ()
    scale: str | None = None
    dates: tuple[str, ...] = ()
    gap_title: Text = Text("skillnad", "difference")
    turning: tuple[pl.Expr, ...] = ()
    no_meaning: tuple[tuple[pl.Expr, Text], ...] = ()


@dataclass(frozen=True)
class InYear:
    """What a condition asks of one calendar year: ``value`` set against ``basis``, and the margin of that alone.

    value, basis, band (what the difference must exceed): in the KPI's measure; year, basis_year: calendar
    years; source: where the basis comes from, as in ``Lags``; None where the rule itself says it.
    """

    margin: Margin
    value: pl.Expr
    year: pl.Expr
    basis: pl.Expr
    basis_year: pl.Expr
    band: pl.Expr
    source: str | None


def word_of(column: str, names: Mapping[str, Text]) -> Field:
    """A column of closed words, by their names."""
    said = ({word: text.in_(lang) for word, text in names.items()} for lang in ("sv", "en"))
    sv, en = (pl.col(column).replace_strict(each, default=None, return_dtype=pl.String) for each in said)
    return Field("word", (sv, en))


def phrase(sv: str, en: str, lang: Lang) -> str:
    return en if lang == "en" else sv


def either(words: Sequence[str], lang: Lang) -> str:
    """ "a, b eller c"."""
    *head, last = words
    return f"{', '.join(head)}{phrase(' eller ', ' or ', lang)}{last}" if head else last
