"""A rule's sentence over a frame: templates filled with numbers the Swedish way, and what must be added.

One claim with its number, measure, basis and year. What follows it is added by the engine and not by
the rule's author, so that it cannot be forgotten: that the figures are from different years, that
rounding may decide, that the value is preliminary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from genomlys.engine import evaluate
from genomlys.engine.amounts import p_text, percent_text, tkr_text, with_difference_measure, with_measure
from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Condition, Field, Figures, Lags, Sight, with_metrics
from genomlys.engine.conditions.subjects import subject_fields
from genomlys.engine.conditions.tree import Branch, Tree, known_leaves, leaves, needs
from genomlys.engine.errors import Lang, Text
from genomlys.engine.language.model import Rule
from genomlys.engine.language.template import Part, Slot
from genomlys.engine.writing import number_text

_UNKNOWN = Text("okänt", "unknown")
_MISSING = "–"
_AND = Text(" och ", " and ")
_OTHER_YEAR = Text(" Det egna värdet avser {} och jämförelsevärdet {}.", " The own value is of {} and the basis of {}.")
_ROUNDING = Text(
    " Skillnaden är så liten att siffrornas avrundning kan avgöra.",
    " The difference is so small that the rounding of the figures may decide.",
)
_NO_FIGURES = Text(" Underlag saknas för {}.", " There are no figures for {}.")
_MEMBERS = Text(
    " Jämförelsen med {} bygger på {} av {} kommuner.", " The comparison with {} rests on {} of {} municipalities."
)
_MOST_OF = 0.9  # of the members have a value: then the others are not spoken of
_PRELIMINARY = Text(" Värdet är preliminärt.", " The value is preliminary.")
_PRELIMINARY_BEFORE = Text(" Egna uppgifter för {} är preliminära.", " The own figures of {} are preliminary.")


def sentence(rule: Rule, lang: Lang, sight: Sight) -> pl.Expr:
    """The justification of a flagged verdict (String) over the subject's frame with names.

    The frame must have the rule's columns (``evaluate``) and the columns that its fields read.
    """
    own = subject_fields(rule.subject)
    said = filled(rule.because.parts(lang), _fields(known_leaves(rule.when), own, sight), lang)
    parts = [capitalised(said), *_added(rule.when, own, lang, sight)]
    if rule.subject == "kpi":
        parts += _caveats(rule, lang, sight)
    return pl.concat_str(parts)


def filled(parts: Sequence[Part], fields: Mapping[str, Field], lang: Lang) -> pl.Expr:
    """A template's parts as one text; a field without a value says that it is unknown."""
    texts = [pl.lit(part) if isinstance(part, str) else _slot(part, fields[part.name], lang) for part in parts]
    return pl.concat_str(texts) if texts else pl.lit("")


def capitalised(text: pl.Expr) -> pl.Expr:
    """The text with a capital first letter."""
    # Through a struct, so that the text is worked out once.
    said = pl.field("text")
    large = pl.concat_str(said.str.slice(0, 1).str.to_uppercase(), said.str.slice(1))
    return pl.struct(text.alias("text")).struct.with_fields(text=large).struct.field("text")


def written(field: Field, lang: Lang) -> pl.Expr:
    """A field's value as text; null where the value is."""
    text = _written(field, lang)
    return text if field.instead is None else pl.coalesce(text, written(field.instead, lang))


def _written(field: Field, lang: Lang) -> pl.Expr:
    value = field.parts[0]
    measure, decimals = pl.col("measure"), pl.col("decimals")
    match field.kind:
        case "value":
            return with_measure(number_text(value, decimals, lang), measure, lang)
        case "difference":
            return with_difference_measure(number_text(value.abs(), decimals, lang), measure, lang)
        case "rate":
            return with_difference_measure(number_text(value.abs(), _finer(value, decimals), lang), measure, lang)
        case "p":
            return p_text(value, lang)
        case "percent":
            return percent_text(value, lang)
        case "integer" | "text":
            return value.cast(pl.String)
        case "word":
            return field.parts[1 if lang == "en" else 0]
        case "tkr":
            return tkr_text(value, lang)
        case "number":
            return number_text(value, 1, lang)
        case "series":
            return _series(field.parts, lang)


def _finer(value: pl.Expr, decimals: pl.Expr) -> pl.Expr:
    """As many decimals as show one or two digits of it: a change a year may be less than what is printed of a value."""
    steps = value.abs() * pl.lit(10.0).pow(decimals.cast(pl.Float64))
    return decimals + (steps < 9.95).cast(pl.Int32) + (steps < 0.095).cast(pl.Int32)


def _series(values: Sequence[pl.Expr], lang: Lang) -> pl.Expr:
    """Values in order: "100, 109 och 120 mnkr". A dash stands for a missing one; without the last there is no text."""
    decimals = pl.col("decimals")
    numbers = [number_text(value, decimals, lang) for value in values]
    measured = with_measure(numbers[-1], pl.col("measure"), lang)
    # A decimal comma and a listing comma would be hard to tell apart.
    separator = pl.when((decimals > 0) & (lang == "sv")).then(pl.lit("; ")).otherwise(pl.lit(", "))
    listed = numbers[0].fill_null(_MISSING)
    for number in numbers[1:-1]:
        listed = pl.concat_str(listed, separator, number.fill_null(_MISSING))
    return pl.concat_str(listed, pl.lit(_AND.in_(lang)), measured)


def _slot(slot: Slot, field: Field, lang: Lang) -> pl.Expr:
    if slot.one is not None and slot.many is not None:
        return pl.when(field.parts[0] == 1).then(pl.lit(slot.one)).otherwise(pl.lit(slot.many))
    return written(field, lang).fill_null(_UNKNOWN.in_(lang))


def _fields(conditions: Iterable[Condition], own: Mapping[str, Field], sight: Sight) -> dict[str, Field]:
    fields = dict(own)
    for condition in conditions:
        for name, field in condition.fields(sight).items():
            fields.setdefault(name, field)
            if condition.name:
                fields[f"{condition.name}.{name}"] = field
    return fields


def _added(tree: Tree, own: Mapping[str, Field], lang: Lang, sight: Sight) -> list[pl.Expr]:
    """The sentences of the parts that have one of their own, each where its part holds."""
    found = []
    if tree.because is not None:
        fields = _fields(known_leaves(tree), own, sight)
        text = capitalised(filled(tree.because.parts(lang), fields, lang))
        holds = tree.margin(sight).meant.fill_null(False)
        found.append(pl.when(holds).then(pl.concat_str(pl.lit(" "), text)).otherwise(pl.lit("")))
    if isinstance(tree, Branch):
        found += [text for part in tree.parts for text in _added(part, own, lang, sight)]
    return found


def _caveats(rule: Rule, lang: Lang, sight: Sight) -> list[pl.Expr]:
    texts = []
    seen: list[pl.Expr] = []
    all_figures = [leaf.figures(sight) for leaf in leaves(rule.when)]
    for figures in all_figures:
        if figures.basis_year is None or not figures.same_year_expected:
            continue
        year = figures.basis_year
        # Each other year is told once, however many comparisons are of it.
        is_new = pl.all_horizontal([year != columns.YEAR, *[year.ne_missing(other) for other in seen]])
        said = pl.format(_OTHER_YEAR.in_(lang), columns.YEAR.cast(pl.String), year.cast(pl.String))
        texts.append(pl.when(is_new).then(said).otherwise(pl.lit("")))
        seen.append(year)
    texts += _few_members(all_figures, lang)
    texts += [text for figures in all_figures for text in _without_figures(figures, lang)]
    not_sure = evaluate.sure(rule.id).fill_null(True).not_()
    texts.append(pl.when(not_sure).then(pl.lit(_ROUNDING.in_(lang))).otherwise(pl.lit("")))
    preliminary = columns.STATE == "preliminary"
    texts.append(pl.when(preliminary).then(pl.lit(_PRELIMINARY.in_(lang))).otherwise(pl.lit("")))
    return texts + _preliminary_before(rule, lang)


def _preliminary_before(rule: Rule, lang: Lang) -> list[pl.Expr]:
    """The unit's own figures of earlier years that the rule rests on and that are preliminary, by year."""
    used: dict[int, list[pl.Expr]] = {}
    for need in with_metrics(needs(rule.when)):
        if isinstance(need, Lags) and need.source == "own":
            for lag in range(max(need.first, 1), need.count):
                used.setdefault(lag, []).append(lag <= columns.COMPARABLE if need.one_definition else pl.lit(True))
    if not used:
        return []
    told = {lag: pl.any_horizontal(used[lag]) & pl.col(columns.preliminary(lag)) for lag in sorted(used, reverse=True)}
    years = [pl.when(is_told).then((columns.YEAR - lag).cast(pl.String)) for lag, is_told in told.items()]
    listed = pl.concat_str(years, separator=", ", ignore_nulls=True)
    return [pl.when(listed != "").then(pl.format(_PRELIMINARY_BEFORE.in_(lang), listed)).otherwise(pl.lit(""))]


def _few_members(all_figures: Sequence[Figures], lang: Lang) -> list[pl.Expr]:
    """Of what is computed from others: of how few, where a value is missing for more than one in ten."""
    texts = []
    seen: list[tuple[pl.Expr, pl.Expr]] = []
    for figures in all_figures:
        if figures.n is None or figures.of is None or figures.basis_title is None:
            continue
        n, of = figures.n, figures.of
        # A mean and a median of the same members are told of once.
        is_new = pl.all_horizontal([n < _MOST_OF * of, *[n.ne_missing(m) | of.ne_missing(o) for m, o in seen]])
        title = figures.basis_title[lang == "en"]
        said = pl.format(_MEMBERS.in_(lang), title, n.cast(pl.String), of.cast(pl.String))
        texts.append(pl.when(is_new).then(said).otherwise(pl.lit("")))
        seen.append((n, of))
    return texts


def _without_figures(figures: Figures, lang: Lang) -> list[pl.Expr]:
    """Of a condition that counts years: those it knows nothing of, which may have been hits as well."""
    if figures.hits is None or len(figures.in_years) < 2:
        return []
    years = [
        pl.when(year.margin.holds.is_null()).then(year.year.cast(pl.String)) for year in reversed(figures.in_years)
    ]
    listed = pl.concat_str(years, separator=", ", ignore_nulls=True)
    return [pl.when(listed != "").then(pl.format(_NO_FIGURES.in_(lang), listed)).otherwise(pl.lit(""))]
