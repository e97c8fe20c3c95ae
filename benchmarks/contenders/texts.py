"""How many sentences a second: texts.py FOLDER

The flagged verdicts of the pack for all municipalities, with everything that their sentences read, are worked out
first; what is measured is writing the sentences, in Swedish.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from statistics import median

import polars as pl

from genomlys.engine.asking import ALL, asked
from genomlys.engine.evaluate import flagged
from genomlys.engine.justification import sentence
from genomlys.engine.verdicts import judge

PACK = Path(__file__).parents[1] / "pack"
ROUNDS = 5
COPIES = 20  # of a small data set, so that writing takes long enough to measure


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    data, book, units = asked(Path(sys.argv[1]), [PACK], ALL, None)
    judged = judge(data, book, units, data.as_of.year, "sv", ["flagged"], keep_frames=True)
    frames = {rule: judged.frames[rule.subject].filter(flagged(rule.id)) for rule in book.rules}
    frames = {rule: pl.concat([frame] * COPIES, rechunk=True) for rule, frame in frames.items()}
    sight = judged.sight
    rates = []
    for _ in range(ROUNDS):
        begun, written = cpu(), 0
        for rule, frame in frames.items():
            written += frame.select(sentence(rule, "sv", sight)).height
        rates.append(written / (cpu() - begun))
    print(f"{median(rates):,.0f} sentences a second")


if __name__ == "__main__":
    main()
