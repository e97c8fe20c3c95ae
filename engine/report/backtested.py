"""What ``backtest`` found: a table of rules and thresholds, one of the years, and both as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from genomlys import __version__
from genomlys.engine.amounts import percent_text
from genomlys.engine.backtest import Backtest
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Bullets, Heading, Paragraph, Table
from genomlys.engine.report.facts import Row, titles
from genomlys.engine.report.frames import as_csv
from genomlys.engine.report.json_ import rows
from genomlys.engine.report.words import count, tidy
from genomlys.engine.writing import format_number

_UNITS = (Text("enhet", "unit"), Text("enheter", "units"))
_YEARS = (Text("år", "year"), Text("år", "years"))
_FACTORS: Final[Mapping[float, Text]] = {
    0.5: Text("hälften", "half"),
    1.0: Text("som den är", "as it is"),
    2.0: Text("dubbla", "double"),
}
_HEAD = (
    Text("Regel", "Rule"),
    Text("Tröskel", "Threshold"),
    Text("Flaggade", "Flagged"),
    Text("Av bedömda", "Of judged"),
    Text("Kvar året efter", "Still the year after"),
    Text("År i följd", "Years in a row"),
    Text("Längst", "Longest"),
    Text("Tillbaka", "Back"),
)
_LEGEND = (
    Text(
        "Av bedömda: flaggornas andel av de bedömningar som kunde göras, alla år sammantagna.",
        "Of judged: the flags' share of the verdicts that could be made, over all years.",
    ),
    Text(
        "Kvar året efter: av flaggor med en känd bedömning året efter, de som då fanns kvar.",
        "Still the year after: of flags with a known verdict the year after, those that were still there.",
    ),
    Text(
        "År i följd: hur länge en flagga har funnits, i snitt och längst. En som finns kvar räknas till sista året.",
        "Years in a row: how long a flag has been there, on average and longest. One still there counts so far.",
    ),
    Text(
        "Tillbaka: av flaggor som har släckts, de som senare har tänts igen.",
        "Back: of flags that were cleared, those that were raised again later.",
    ),
    Text(
        "Tröskel: 'by' och 'beyond' i regeln och dem den frågar, halverade och dubblade; en regel utan har en rad.",
        "Threshold: 'by' and 'beyond' of the rule and those it asks, halved and doubled; a rule without has one row.",
    ),
    Text(
        "Siffrorna är de som datamängden har i dag, också för åren bakåt.",
        "The figures are those that the data set has today, for the earlier years too.",
    ),
)
_LEFT_OUT = Text(
    "Inte prövade, eftersom datamängden bara visar hur åtgärder och omständigheter står i dag: ",
    "Left out, as the data set only says how measures and signals stand today: ",
)
_IDLE = Text("Utan någon bedömning, något år: ", "Without any verdict in any year: ")
_MOST_YEARS = 8  # shown; the data have all


def content(found: Backtest, lang: Lang) -> list[Block]:
    names = {rule.id: tidy(rule.title.in_(lang)) for rule in found.book.rules}
    judged = set(found.rules.filter(pl.col("judged") > 0)["rule"])
    shown = [rule for rule in found.rules["rule"].unique(maintain_order=True) if rule in judged]
    first, last = found.asked_years[0], found.asked_years[-1]
    title = Text(f"Reglerna prövade på åren {first}–{last}", f"The rules asked of the years {first}–{last}")
    blocks: list[Block] = [
        Heading(1, title.in_(lang)),
        Paragraph(_about(found, lang)),
        Table(
            tuple(text.in_(lang) for text in _HEAD), _rules(found, shown, names, lang), frozenset(range(2, len(_HEAD)))
        ),
        Bullets(tuple(text.in_(lang) for text in _LEGEND)),
        Heading(2, Text("Flaggade av bedömda, år för år", "Flagged of judged, year by year").in_(lang)),
        _by_year(found, shown, names, lang),
    ]
    idle = [rule for rule in found.rules["rule"].unique(maintain_order=True) if rule not in judged]
    for text, rules in ((_IDLE, idle), (_LEFT_OUT, found.left_out)):
        if rules:
            blocks.append(Paragraph(f"{text.in_(lang)}{'; '.join(names[rule] for rule in rules)}."))
    return blocks


def _about(found: Backtest, lang: Lang) -> str:
    if len(found.units) == 1:
        who = titles(found.data.units, "unit")[found.units[0]]
    else:
        who = count(len(found.units), *_UNITS, lang)
    years = count(len(found.asked_years), *_YEARS, lang)
    return f"{tidy(found.data.title)}; {who}, {years}."


def _rules(found: Backtest, shown: Sequence[str], names: Mapping[str, str], lang: Lang) -> tuple[tuple[str, ...], ...]:
    varied = found.rules.filter(pl.col("factor") != 1.0)["rule"].unique().to_list()
    told: list[tuple[str, ...]] = []
    before = None
    for row in found.rules.filter(pl.col("rule").is_in(shown)).iter_rows(named=True):
        threshold = _FACTORS[row["factor"]].in_(lang) if row["rule"] in varied else words.NOTHING
        told.append((names[row["rule"]] if row["rule"] != before else "", threshold, *_numbers(row, lang)))
        before = row["rule"]
    return tuple(told)


def _numbers(row: Row, lang: Lang) -> tuple[str, ...]:
    mean = words.NOTHING if row["mean_years"] is None else format_number(row["mean_years"], 1, lang)
    return (
        format_number(row["flagged"], 0, lang),
        _share(row["flagged"], row["judged"], lang),
        _share(row["stayed"], row["followed"], lang),
        mean,
        format_number(row["longest"], 0, lang) if row["spells"] else words.NOTHING,
        _share(row["came_back"], row["went"], lang),
    )


def _by_year(found: Backtest, shown: Sequence[str], names: Mapping[str, str], lang: Lang) -> Table:
    years = found.asked_years[-_MOST_YEARS:]
    as_is = found.years.filter(pl.col("factor") == 1.0)
    by_rule = {(row["rule"], row["year"]): row for row in as_is.iter_rows(named=True)}
    told = tuple(
        (names[rule], *(_share(by_rule[rule, year]["flagged"], by_rule[rule, year]["judged"], lang) for year in years))
        for rule in shown
    )
    head = (_HEAD[0].in_(lang), *map(str, years))
    return Table(head, told, frozenset(range(1, len(head))))


def _share(part: int, whole: int, lang: Lang) -> str:
    if not whole:
        return words.NOTHING
    return str(pl.select(percent_text(pl.lit(part / whole), lang)).item())


def as_table(found: Backtest) -> str:
    """RULES as CSV the Swedish way: a row per rule and threshold."""
    return as_csv(found.rules).decode("utf-8-sig").replace("\r\n", "\n")


def as_data(found: Backtest) -> str:
    """Both frames and what they are of, as JSON."""
    document = {
        "genomlys": __version__,
        "dataset": found.data.title,
        "packs": [f"{pack.name}@{pack.version}+{pack.sha256[:12]}" for pack in found.book.packs],
        "units": list(found.units),
        "asked_years": list(found.asked_years),
        "rules": rows(found.rules),
        "years": rows(found.years),
        "left_out": list(found.left_out),
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
