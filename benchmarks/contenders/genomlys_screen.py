"""The pack by the project itself: genomlys_screen.py FOLDER [--out DIR] [--block KPIS] [--unit U] [--pack P]"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import polars as pl
from results import write

import genomlys

PACK = Path(__file__).parents[1] / "pack"


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--block", type=int)
    parser.add_argument("--unit", default="all")
    parser.add_argument("--pack", type=Path, default=PACK)
    asked = parser.parse_args()
    screen = genomlys.screen  # imported when it is first named
    begun = cpu()
    found = screen(asked.folder, asked.pack, unit=asked.unit, block=asked.block)
    print(cpu() - begun)  # the seconds of processor time that are not for starting Python and importing
    if asked.out:
        counts = found.counts.group_by("rule", "unit", "status", maintain_order=True).agg(pl.col("count").sum())
        margin = pl.when(pl.col("status") == "flagged").then("lo")
        write((counts, found.verdicts.select("rule", "subject", "unit", "status", margin=margin)), asked.out)


if __name__ == "__main__":
    main()
