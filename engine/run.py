"""One plan for a run, over one unit or all: its blocks of KPIs, what is counted of them, and the other subjects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from genomlys.engine import evaluate, subjects
from genomlys.engine.conditions.base import SIDE_GOALS, Need, Sight, Subject
from genomlys.engine.conditions.tree import needs
from genomlys.engine.dataset import Dataset
from genomlys.engine.evaluate import in_scope
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.survey import Survey, survey
from genomlys.engine.tally import COUNTS, Tally, counted_rules
from genomlys.engine.truth import Block, Questions, Said, blocks

# The words of a scope that ask whether a KPI has a benchmark; a cost is told by its reference.
_HAS = ("has", "lacks", "area_has", "area_lacks")
_OF_COSTS = "reference"


@dataclass(frozen=True, eq=False)
class Run:
    """A run over some units, prepared. ``blocks`` must have been gone through before the other subjects are asked."""

    about: Survey
    book: RuleBook
    sight: Sight
    questions: Questions
    tally: Tally
    kpis_at_a_time: int | None

    @staticmethod
    def of(
        data: Dataset,
        book: RuleBook,
        units: Sequence[str],
        as_of_year: int,
        *,
        margins: bool = False,
        beside: Sequence[str] = (),
        kpis_at_a_time: int | None = None,
    ) -> Run:
        """margins: ask also how far each KPI verdict is from turning; beside: benchmarks that no rule need read;
        kpis_at_a_time: as in ``truth.blocks``."""
        rules = [rule for rule in book.rules if rule.subject == "kpi"]
        sight = Sight(targets=data.targets)
        reads = evaluate.reads_of(rules, targets=sight.targets)
        asked = {value for rule in rules for word in _HAS for value in rule.scope.values(word)} | {_OF_COSTS}
        benchmarks = tuple(dict.fromkeys((*reads.benchmarks, *beside)))
        whole = kpis_at_a_time is None
        about = survey(data, units, benchmarks, as_of_year, reads.among, asked, followed=reads.followed, whole=whole)
        trees = [*(rule.when for rule in book.rules), *(move.when for move in book.moves)]
        counted = counted_rules([need for tree in trees for need in needs(tree)])
        return Run(
            about=about,
            book=book,
            sight=sight,
            questions=Questions(rules, sight, counted, margins=margins),
            tally=Tally(about, rules, counted, SIDE_GOALS),
            kpis_at_a_time=kpis_at_a_time,
        )

    @property
    def kpi_rules(self) -> Sequence[Rule]:
        return self.questions.rules

    def blocks(
        self, *, apart: bool, together: bool = False, deep: bool = False
    ) -> Iterator[tuple[Block, Mapping[str, Said]]]:
        """Each block (see ``truth.blocks``) and what the KPI rules say of it, which is counted."""
        for block in blocks(
            self.about, self.questions, apart=apart, together=together, deep=deep, kpis_at_a_time=self.kpis_at_a_time
        ):
            said = self.questions.ask(block)
            self.tally.add(block, said)
            yield block, said

    def other_subjects(self) -> Iterator[tuple[Subject, pl.DataFrame, Sequence[Rule]]]:
        """The evaluated frames of areas, measures and signals, and the rules that are for them."""
        data, counted = self.about.data, self.tally.of_rules()
        titles = self.about.units.select("unit", unit_title="title")
        for subject, build in _OTHERS:
            rules = [rule for rule in self.book.rules if rule.subject == subject]
            asked: list[Need] = [need for rule in rules for need in needs(rule.when)]
            if subject == "area":
                asked += [need for move in self.book.moves for need in needs(move.when)]
            frame = build(data, titles, asked, counted)
            if subject == "area":
                frame = frame.join(self.tally.sides(), on=["unit", "area"], how="left", maintain_order="left")
            scopes = {rule.id: in_scope(frame, rule) for rule in rules}
            yield subject, evaluate.evaluate(frame, rules, scopes, self.sight), rules


_OTHERS: Sequence[tuple[Subject, Callable[..., pl.DataFrame]]] = (
    ("area", subjects.area_frame),
    ("measure", subjects.measure_frame),
    ("signal", subjects.signal_frame),
)


def counts_of(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """``tally.COUNTS`` of an evaluated frame."""
    parts = [
        frame.group_by("unit", "area", status=evaluate.status(rule.id))
        .agg(count=pl.len().cast(pl.Int64))
        .select(*COUNTS.keys() - {"rule"}, rule=pl.lit(rule.id))
        .select(list(COUNTS))
        .cast(dict(COUNTS))  # type: ignore[arg-type]
        for rule in rules
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(COUNTS))
