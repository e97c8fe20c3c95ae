"""The bundled review, judged by the bundled pack: the verdicts agree with what its authors concluded.

The pack's rules are general (a test below sees to that), so that these are not answers written into it.
"""

from __future__ import annotations

import polars as pl
import pytest

from genomlys.engine.assess import Assessment, assess
from genomlys.engine.dataset import bundled_dataset, read_dataset
from genomlys.engine.language.pack import load_rules


@pytest.fixture(scope="module")
def review() -> Assessment:
    return assess()


def findings(review: Assessment, kpi: str) -> dict[str, str]:
    """The rules that flag a KPI, and what each flag tells."""
    mine = review.findings.filter(pl.col("subject") == kpi)
    return dict(mine.select("rule", "tells").iter_rows())


def text(review: Assessment, finding: str) -> str:
    return str(review.findings.filter(pl.col("finding") == finding)["text"].item()).replace("\xa0", " ")


@pytest.mark.parametrize(
    ("kpi", "rule"),
    [
        ("insikt-totalt", "worse-than-peers-and-nation"),
        ("lokalhyror", "cost-development"),
        ("klk-nettokostnad", "cost-development"),
    ],
)
def test_what_the_authors_found_wanting_is_flagged_as_a_problem(review: Assessment, kpi: str, rule: str) -> None:
    assert findings(review, kpi)[rule] == "problem"


@pytest.mark.parametrize("kpi", ["overformyndare-kostnad", "miljoindex", "socialt-index", "trygghetsindex"])
def test_what_the_authors_found_good_in_comparison_is_a_strength(review: Assessment, kpi: str) -> None:
    assert set(findings(review, kpi).values()) == {"strength"}


@pytest.mark.parametrize(
    "kpi", ["sjukfranvaro-klk", "sjukfranvaro-kommunen", "personalomsattning-klk", "personalomsattning-kommunen"]
)
def test_sick_leave_and_staff_turnover_are_a_strength_or_clear(review: Assessment, kpi: str) -> None:
    told = findings(review, kpi)
    judged = review.verdicts.filter((pl.col("subject") == kpi) & (pl.col("status") == "clear"))
    assert set(told.values()) <= {"strength"}
    assert "worsening" in judged["rule"].to_list()


def test_the_cost_of_it_is_not_flagged_since_its_growth_was_held_back(review: Assessment) -> None:
    verdict = review.verdicts.filter((pl.col("subject") == "it-kostnad") & (pl.col("rule") == "cost-development"))
    assert verdict["status"].item() == "clear"


def test_detailed_plans_are_told_to_be_faster_than_similar_and_slower_than_the_mean(review: Assessment) -> None:
    said = text(review, "comparisons-apart/detaljplan-mediantid")
    assert said.startswith("År 2023 var mediantiden från samrådsstart till antagen detaljplan 15 månader.")
    assert "bättre än liknande kommuner (19 månader) men sämre än kommungenomsnittet (14 månader)" in said


def test_it_incidents_are_fewer_than_in_2023_and_no_more_is_claimed(review: Assessment) -> None:
    told = findings(review, "it-storningar")
    assert told == {"uneven": "mixed"}
    said = text(review, "uneven/it-storningar")
    assert said == (
        "År 2024 var antalet allvarliga IT-störningar 19. Det är bättre än 2023 (24) men sämre än 2022 (16)."
    )


def test_the_areas_of_the_authors_moves_are_the_first_candidates(review: Assessment) -> None:
    first = review.candidates.head(5)["area"].to_list()
    assert {"internkontroll", "lokaler", "naringsliv", "samhallsplanering"} <= set(first)


def test_candidates_say_how_they_relate_to_what_is_decided(review: Assessment) -> None:
    relation = dict(review.candidates.select("area", "relation").iter_rows())
    assert relation["lokaler"] == "strengthen"
    assert relation["naringsliv"] == relation["internkontroll"] == "new"
    assert relation["ekonomiadministration"] == "continue"
    assert review.candidates.filter(pl.col("area") == "lokaler")["measures"].item().len() == 2


def test_no_gain_in_kronor_is_invented_where_there_is_nothing_to_compare_with(review: Assessment) -> None:
    assert review.candidates["gain_tkr"].is_null().all()
    assert review.candidates["gain"].is_not_null().all()


def test_savings_sum_over_the_quantified_measures_alone(review: Assessment) -> None:
    sums = {
        (row["horizon"], row["status"]): (row["measures"], row["quantified"], row["low"], row["high"])
        for row in review.savings.iter_rows(named=True)
    }
    assert sums["short", "ongoing"] == (5, 5, 2450.0, 2450.0)
    assert sums["long", "not_started"] == (1, 1, 100.0, 100.0)
    assert sums["long", "ongoing"] == (2, 0, None, None)
    assert sums["investigate", "ongoing"] == (11, 4, 2300.0, 2300.0)
    assert sums["investigate", "done"] == (1, 1, 700.0, 700.0)
    assert sums["investigate", "not_feasible"] == (1, 1, 250.0, 250.0)
    assert sums[None, None] == (21, 12, 5800.0, 5800.0)


def test_what_cannot_be_judged_is_told_with_the_figure_that_would_decide_it(review: Assessment) -> None:
    unknown = review.verdicts.filter((pl.col("status") == "unknown") & (pl.col("subject_kind") == "kpi"))
    named = review.unknowns.explode("verdicts")["verdicts"].to_list()
    assert len(unknown) > 0
    assert {f"{row['rule']}/{row['subject']}" for row in unknown.iter_rows(named=True)} <= set(named)


def test_the_pack_knows_nothing_of_the_data_set() -> None:
    data = read_dataset(bundled_dataset())
    book = load_rules("kommun")
    assert not [rule.id for rule in book.rules if rule.scope.values("kpi") or rule.scope.values("area")]
    said = [
        words
        for rule in book.rules
        for words in (
            *rule.title,
            *rule.why,
            *rule.limits,
            *rule.source,
            *map(str, (*rule.because.sv, *rule.because.en)),
        )
    ]
    named = [*data.kpis["name"], *data.kpis["title"], *data.areas["name"], *data.measures["title"], "Alingsås"]
    assert not [(name, words) for name in named for words in said if name.casefold() in words.casefold()]


def test_both_languages_give_the_same_verdicts_with_their_own_words(review: Assessment) -> None:
    english = assess(lang="en")
    same = ["unit", "rule", "subject", "status", "sure", "lo", "hi", "severity", "money", "years_flagged"]
    assert english.verdicts.select(same).equals(review.verdicts.select(same))
    for before, after in zip(review.findings["text"], english.findings["text"], strict=True):
        assert before and after and before != after


def test_no_sentence_has_an_unknown_number_or_a_stray_brace(review: Assessment) -> None:
    for said in [*review.findings["text"], *review.candidates["title"], *review.candidates["description"]]:
        assert "okänt" not in said
        assert "{" not in said
        assert "None" not in said


def test_the_same_input_gives_the_same_frames(review: Assessment) -> None:
    again = assess()
    for name, frame in review.frames.items():
        assert frame.equals(again.frames[name]), name
