"""What is proven of rules without figures is so with any: no figures contradict ``engine.language.proof``."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import event, given
from hypothesis import strategies as st
from strategies import Tables, Words, rule, tables, trees
from test_laws import judged, law, load

from genomlys.engine.dataset import read_dataset
from genomlys.engine.language.proof import always, follows, is_within, never

# Few conditions about few things, so that they often have something to do with each other.
_BASES = ("reference", "own 1 year ago", "own 2 years ago", "20 %")
_BANDS = ({}, {"by": "1 %"}, {"by": "10 %"}, {"by": "1"}, {"by": "material"})
_FIGURES: st.SearchStrategy[Words] = st.one_of(
    st.tuples(
        st.sampled_from(("above", "below", "worse", "better")),
        st.sampled_from(_BASES),
        st.sampled_from(_BANDS),
        st.sampled_from(({}, {}, {"in": "1 of 2 years"}, {"in": "2 of 2 years"})),
    ).map(lambda drawn: {"is": drawn[0], "than": drawn[1], **drawn[2], **drawn[3]}),
    st.tuples(st.sampled_from(("rising", "falling", "worsening", "improving")), st.sampled_from(_BANDS)).map(
        lambda drawn: {"is": drawn[0], "for": "2 years", **drawn[1]}
    ),
    st.tuples(
        st.sampled_from(("above", "below", "worse", "better")),
        st.sampled_from(_BASES),
        st.sampled_from(_BANDS),
    ).map(lambda drawn: {"turn": drawn[0], "than": drawn[1], "after": "1 year", **drawn[2]}),
    st.tuples(
        st.sampled_from(("widening", "narrowing")), st.sampled_from(({}, {"side": "above"}, {"side": "better"}))
    ).map(lambda drawn: {"gap": drawn[0], "to": "reference", "over": "2 years", **drawn[1]}),
    st.sampled_from(("missing", "stale")).map(lambda state: {"is": state}),
    st.tuples(st.sampled_from(("rising", "falling", "worsening", "changing")), st.sampled_from(("60 %", "75 %"))).map(
        lambda drawn: {"trend": drawn[0], "over": "4 years", "confidence": drawn[1]}
    ),
    st.tuples(st.sampled_from(("above", "below", "better")), st.sampled_from(("50 %", "80 %"))).map(
        lambda drawn: {"case": drawn[0], "among": "peers", "confidence": drawn[1]}
    ),
)
_KPI = st.one_of(_FIGURES, _FIGURES, _FIGURES, st.just({"rule": "first"}))
_MEASURE: st.SearchStrategy[Words] = st.one_of(
    st.sampled_from((["ongoing"], ["done", "ongoing"], ["not_started"])).map(lambda words: {"status": words}),
    st.sampled_from(("6 months", "24 months")).map(lambda months: {"older_than": months}),
    st.sampled_from(("yes", "no")).map(lambda word: {"past_due": word}),
    st.sampled_from((1, 2)).map(lambda k: {"kpis": "first", "at_least": str(k)}),
    st.sampled_from(("at_least", "at_most")).map(lambda limit: {"kpis": "first", limit: "50 %"}),
    st.just({"any_measure": {"status": "done"}}),
)
_SCOPES = ({"measure": "%"}, {"measure": "%", "direction": "lower"}, {"measure": "%", "category": "ekonomi"})


@st.composite
def books(draw: st.DrawFn) -> list[Words]:
    rules = [rule("first", draw(trees(_FIGURES, depth=2)), scope=draw(st.sampled_from(_SCOPES)))]
    for name in ("second", "third", "fourth"):
        rules.append(rule(name, draw(trees(_KPI)), scope=draw(st.sampled_from(_SCOPES))))
    return [*rules, *(rule(name, draw(trees(_MEASURE)), "measure") for name in ("fifth", "sixth"))]


@law(50)
@given(tables(measures=("%",)), books())
def test_no_figures_contradict_a_proof(drawn: Tables, words: list[Words]) -> None:
    book = load(words)
    found = judged(read_dataset(drawn), book).verdicts
    by_id = {each.id: each for each in book.rules}

    def subjects(name: str, status: str) -> set[Any]:
        rows = found.filter(pl.col("rule") == name, pl.col("status") == status)
        return set(rows.select("unit", "subject").iter_rows())

    for name, each in by_id.items():
        if never(each.when, each.scope, by_id):
            event("never")
            assert not subjects(name, "flagged"), words
        if always(each.when, each.scope, by_id):
            event("always")
            assert not subjects(name, "clear"), words
        for other, given_ in by_id.items():
            if other == name or each.subject != given_.subject or not is_within(given_.scope, each.scope):
                continue
            if follows(each.when, given_.when, given_.scope, by_id):
                event("follows")
                assert subjects(other, "flagged") <= subjects(name, "flagged"), words
