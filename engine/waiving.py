"""Which findings are waived, and what became of each waiver. No verdict changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Problem, Text, nearest
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.language.waivers import Waiver

# in_force: the finding is there and waived; expired: its last day has passed; not_flagged: there is no such finding;
# unmatched: there is no such rule, unit or subject.
STATES = ("in_force", "expired", "not_flagged", "unmatched")
WAIVERS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "subject": pl.String(),
    "state": pl.Enum(STATES),
    "until": pl.Date(),
    "reason": pl.String(),
    "decided_by": pl.String(),
    "reference": pl.String(),
}
_KEY = ["unit", "rule", "subject"]


def waived(verdicts: pl.DataFrame, data: Dataset) -> pl.DataFrame:
    """The verdicts (``verdicts.VERDICTS``) with ``waived`` true for flagged ones with a waiver that still holds."""
    mine = [waiver.key for waiver in data.waivers if waiver.until >= data.as_of]
    if not mine:
        return verdicts
    keys = pl.DataFrame(mine, schema=_KEY, orient="row").with_columns(_waived=pl.lit(True))
    joined = verdicts.join(keys, on=_KEY, how="left", maintain_order="left")
    is_waived = pl.col("_waived").fill_null(False) & (pl.col("status") == "flagged")
    return joined.with_columns(waived=is_waived).drop("_waived")


def record(verdicts: pl.DataFrame, data: Dataset, book: RuleBook, units: Iterable[str]) -> pl.DataFrame:
    """WAIVERS: a row per waiver of the units judged, and of units that are not there at all."""
    flagged = set(verdicts.filter(pl.col("status") == "flagged").select(_KEY).iter_rows())
    known, judged = set(data.units["unit"]), set(units)
    rows = [
        {
            **{name: getattr(waiver, name) for name in WAIVERS if name != "state"},
            "state": _state(waiver, data, book, flagged),
        }
        for waiver in data.waivers
        if waiver.unit in judged or waiver.unit not in known
    ]
    return pl.DataFrame(rows, schema=dict(WAIVERS)).sort(_KEY)


def _state(waiver: Waiver, data: Dataset, book: RuleBook, flagged: set[tuple[str, ...]]) -> str:
    if next(_unmatched(waiver, data, book), None) is not None:
        return "unmatched"
    if waiver.until < data.as_of:
        return "expired"
    return "in_force" if waiver.key in flagged else "not_flagged"


def _unmatched(waiver: Waiver, data: Dataset, book: RuleBook) -> Iterator[Problem]:
    """What the waiver names that is not there."""
    rules = {rule.id: rule.subject for rule in book.rules}
    units = data.units["unit"].to_list()
    if waiver.unit not in units:
        yield _unknown(waiver, "unit", Text("någon enhet", "a unit"), units)
    subject = rules.get(waiver.rule)
    if subject is None:
        yield _unknown(waiver, "rule", Text("någon regel", "a rule"), list(rules))
        return
    subjects = {
        "kpi": data.kpis["kpi"],
        "area": data.areas["area"],
        "measure": data.measures["measure"],
        "signal": data.signals["signal"],
    }[subject].to_list()
    if waiver.subject not in subjects:
        yield _unknown(waiver, "subject", Text("något som regeln prövas för", "what the rule is for"), subjects)


def _unknown(waiver: Waiver, word: str, what: Text, known: list[str]) -> Problem:
    said = getattr(waiver, word)
    return Problem(
        "unmatched-waiver",
        waiver.place,
        Text(
            f"undantaget gäller '{said}' som inte är {what.sv}.", f"the waiver is of '{said}', which is not {what.en}."
        ),
        nearest(said, known),
    )


def problems(found: pl.DataFrame, data: Dataset, book: RuleBook) -> Iterator[Problem]:
    """What ``check`` says of waivers: those of what is not there, those that have ended, those without a finding.

    found: WAIVERS of all units that have any.
    """
    states = {tuple(row[:3]): row[3] for row in found.select(*_KEY, "state").iter_rows()}
    for waiver in data.waivers:
        yield from _unmatched(waiver, data, book)
        name, place = f"{waiver.rule}/{waiver.subject}", waiver.place
        match states.get(waiver.key):
            case "expired":
                said = Text(
                    f"undantaget för {name} gick ut {waiver.until}.", f"the waiver of {name} ended on {waiver.until}."
                )
                remedy = Text("Ta bort det, eller besluta om det på nytt.", "Remove it, or decide on it anew.")
                yield Problem("expired-waiver", place, said, remedy, "warning")
            case "not_flagged":
                said = Text(f"{name} är inte flaggad.", f"{name} is not flagged.")
                remedy = Text("Ta bort undantaget om det har tjänat ut.", "Remove the waiver if it has done its part.")
                yield Problem("needless-waiver", place, said, remedy, "warning")


def say(waiver: Mapping[str, object], lang: Lang) -> str:
    """ "Undantag till och med 2026-12-31: skäl (Kommunstyrelsen, KS § 41)."; of a row of WAIVERS."""
    until, by = waiver["until"], f"{waiver['decided_by']}, {waiver['reference']}"
    reason = str(waiver["reason"]).rstrip(".")
    return Text(
        f"Undantag till och med {until}: {reason} ({by}).", f"Waived up to and including {until}: {reason} ({by})."
    ).in_(lang)
