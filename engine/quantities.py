"""What a KPI's measure counts: "mnkr", "kr/inv", "antal/1 000 inv", taken apart so that it can be reckoned with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from genomlys.engine.numbers import BLANKS

_MONEY: Final = {"kr": 1.0, "tkr": 1e3, "mnkr": 1e6, "mkr": 1e6, "mdkr": 1e9}
# "antal/1 000 inv", "kr per elev": what stands above the line, how many it is per, and of what.
_PER: Final = re.compile(rf"(?P<top>.+?)(?:\s*/\s*|\s+per\s+)(?P<each>[0-9][0-9{BLANKS}]*)?(?P<of>.*)")
# A share and an index have no unit of their own: a step of either is a hundredth.
SHARE: Final = "%"
INDEX: Final = "index"
COUNT: Final = "antal"
MONEY: Final = "kr"


@dataclass(frozen=True)
class Quantity:
    """A measure taken apart: one step of it is ``factor`` of ``what``, per ``each`` of ``per`` ("": per nothing)."""

    what: str
    factor: float
    per: str = ""
    each: float = 1.0

    @property
    def is_money(self) -> bool:
        return self.what == MONEY

    @property
    def step(self) -> float:
        """What one step is worth in ``what`` per single ``per``."""
        return self.factor / self.each


def quantity(measure: str) -> Quantity:
    """ "tkr/elev" is 1000 kr per elev. What is not known is taken for a unit of its own."""
    plain = " ".join(measure.casefold().split())
    found = _PER.fullmatch(plain)
    top, per, each = plain, "", 1.0
    if found:
        top, per = found["top"], found["of"].strip()
        each = float("".join(filter(str.isdecimal, found["each"] or "1")))
    if top in _MONEY:
        return Quantity(MONEY, _MONEY[top], per, each)
    # "antal", "antal elever" and "antal platser" are all counts; "% av …" and "index 0-100" are shares and indices.
    kind = next((kind for kind in (SHARE, INDEX, COUNT) if top.startswith(kind)), top)
    return Quantity(kind, 0.01 if kind in (SHARE, INDEX) else 1.0, per, each)


def alike(one: str, other: str) -> bool:
    """Whether figures in two measures can be added as they are."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
