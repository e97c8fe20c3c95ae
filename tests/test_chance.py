"""How many flags chance alone would give: what a rule's conditions know of it, joined without assuming independence."""

from __future__ import annotations

import pytest
from strategies import Words, rule
from test_laws import load

from genomlys.engine.conditions.tree import chance

RUN3: Words = {"is": "worsening", "for": "3 years"}
RUN4: Words = {"is": "worsening", "for": "4 years"}
UNKNOWN: Words = {"is": "worse", "than": "peers.mean"}


@pytest.mark.parametrize(
    ("when", "probability"),
    [
        (RUN3, 1 / 6),
        (RUN4, 1 / 24),
        (UNKNOWN, None),
        ({"all": [RUN3, RUN4, UNKNOWN]}, 1 / 24),
        ({"any": [RUN3, RUN4]}, 1 / 6 + 1 / 24),
        ({"any": [RUN3, UNKNOWN]}, None),
        ({"any": [RUN3]}, 1 / 6),
        ({"at_least": "2", "of": [RUN3, RUN3, RUN4]}, (1 / 6 + 1 / 6 + 1 / 24) / 2),
        ({"at_least": "2", "of": [RUN3, RUN4]}, 1 / 24),
        ({"any": [{"is": "rising", "for": "2 years"}] * 3}, 1.0),
        ({"not": RUN3}, None),
        ({"gap": "widening", "to": "reference", "over": "3 years"}, 1 / 6),
        ({"turn": "worse", "than": "peers.mean", "after": "1 year"}, 1 / 4),
        ({"turn": "worse", "than": "peers.mean", "after": "3 years"}, 27 / 256),
        ({"turn": "above", "than": "own 1 year ago", "after": "2 years"}, 3 / 24),
        ({"turn": "above", "than": "own 2 years ago", "after": "2 years"}, None),
        ({"all": [{"not": RUN3}, RUN4]}, 1 / 24),
    ],
)
def test_the_chance_of_a_tree(when: Words, probability: float | None) -> None:
    (only,) = load([rule("prov", when)]).rules
    assert chance(only.when) == (None if probability is None else pytest.approx(probability))
