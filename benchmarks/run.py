"""Measure the project beside its rivals: python benchmarks/run.py WHAT… [--sizes S M L] [--rounds 5]

WHAT is any of

    equal      each contender's answer against the project's own; nothing else is measured where one differs
    speed      the processor time and the peak memory of whole processes, in alternating runs
    rows       libraries that take a row at a time, on the one rule that they can express
    rule       what one more rule costs
    unit       one municipality out of all
    texts      how many sentences a second
    pack       checking and testing the bundled pack, from the command line
    bytes      whether repeated runs, numbers of threads and sizes of blocks give the same bytes

Processor time is user and system time of the process and its threads, as the operating system tells it when the process
ends. Everyone's modules are compiled beforehand, as they are where a package is installed. Data sets are made below
--data when they are not there yet. ``--rivals`` is the Python that has what the extra ``bench`` installs; the project
runs on this one, where pandas need not be installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import generate
from equal import difference

HERE = Path(__file__).parent
CONTENDERS = HERE / "contenders"
PROJECT = "genomlys_screen"
# The largest size that each is measured at: what takes minutes at M is not run at L.
RIVALS = {"numpy_cube": "L", "polars_wide": "L", "duckdb_sql": "L", "pandas_wide": "M"}
LIBRARIES = ("none", "zen", "rule_engine", "cel", "business_rules")
MORE_RULES = 20
BLOCK = 200  # KPIs at a time, in the mode that bounds memory


@dataclass(frozen=True)
class Run:
    """cpu: seconds; peak: MiB; said: what the process printed."""

    cpu: float
    peak: float
    said: str


@dataclass(frozen=True)
class Asked:
    data: Path
    rivals: str
    sizes: Sequence[str]
    rounds: int

    def folder(self, size: str) -> Path:
        folder = self.data / size
        if not (folder / "values.parquet").exists():
            generate.write(folder, generate.SIZES[size])
        return folder

    def command(self, contender: str, size: str, *more: str) -> list[str]:
        python = sys.executable if contender in (PROJECT, "scan", "texts") else self.rivals
        return [python, str(CONTENDERS / f"{contender}.py"), str(self.folder(size)), *more]

    def taking_part(self, size: str) -> list[str]:
        return [
            name
            for name, largest in RIVALS.items()
            if list(generate.SIZES).index(size) <= list(generate.SIZES).index(largest)
        ]


def run(command: Sequence[str], **environment: str) -> Run:
    """Raises an error if the process does. NumPy has no idle threads, as on the project's command line."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    inherited["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, env={**inherited, **environment})
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: {process.returncode}")
        said.seek(0)
        return Run(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said.read().decode())


def warm_up(asked: Asked, contenders: Iterable[str]) -> None:
    """Each once on little, so that all modules are compiled and no first run waits for a disk."""
    for name in contenders:
        run(asked.command(name, "S"))


def alternated(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Run]]:
    """Each command once a round, so that what the machine does meanwhile meets them all."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def cpu_of(runs: Sequence[Run]) -> float:
    return median(each.cpu for each in runs)


def equal(asked: Asked) -> None:
    """Exits with an error at the first difference."""
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as out:
            answers = {name: Path(out) / name for name in (PROJECT, *asked.taking_part(size))}
            for name, answer in answers.items():
                run(asked.command(name, size, "--out", str(answer)))
            for name in asked.taking_part(size):
                # In a process of its own: whoever is started later would be told to have used its memory.
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
                    wrong = apart.submit(difference, answers[name], answers[PROJECT]).result()
                if wrong:
                    raise SystemExit(f"{size}: {name} and {PROJECT} differ: {wrong}")
                print(f"{size}: {name} and {PROJECT} answer the same", flush=True)


def speed(asked: Asked) -> None:
    print("| size | contender | CPU s | of the project | peak MiB |\n|---|---|---:|---:|---:|")
    for size in asked.sizes:
        commands = {name: asked.command(name, size) for name in ("scan", PROJECT, *asked.taking_part(size))}
        commands[f"{PROJECT}, blocks of {BLOCK} KPIs"] = asked.command(PROJECT, size, "--block", str(BLOCK))
        runs = alternated(commands, asked.rounds)
        for name, mine in runs.items():
            ratio, peak = cpu_of(mine) / cpu_of(runs[PROJECT]), median(each.peak for each in mine)
            print(f"| {size} | {name} | {cpu_of(mine):.2f} | {ratio:.2f} | {peak:.0f} |", flush=True)


def rows(asked: Asked) -> None:
    print("| size | library | µs a row |\n|---|---|---:|")
    for size in asked.sizes:
        runs = alternated({name: asked.command("rows", size, "--library", name) for name in LIBRARIES}, asked.rounds)
        for name, mine in runs.items():
            print(f"| {size} | {name} | {median(float(each.said) for each in mine):.1f} |", flush=True)


def rule(asked: Asked) -> None:
    """One more comparison with the peers, from the difference that twenty of them make."""
    with tempfile.TemporaryDirectory() as made:
        more = Path(made)
        text = (CONTENDERS.parent / "pack" / "pack.yaml").read_text(encoding="utf-8")
        (more / "pack.yaml").write_text(text + "".join(map(_one_more, range(MORE_RULES))), encoding="utf-8")
        for size in asked.sizes:
            commands = {
                "twenty": asked.command(PROJECT, size),
                "forty": asked.command(PROJECT, size, "--pack", str(more)),
            }
            runs = alternated(commands, asked.rounds)
            each = (cpu_of(runs["forty"]) - cpu_of(runs["twenty"])) / MORE_RULES
            print(f"{size}: one more rule {each * 1000:.1f} ms", flush=True)


def _one_more(number: int) -> str:
    return f"""
  - id: one-more-{number}
    title: En regel till
    goal: detail
    for_each: {{kpi: {{category: [kvalitet, personal]}}}}
    when: {{is: worse, than: peers.mean, by: {40 + number} %}}
    severity: low
    because: "{{kpi}} är {{value}}."
    why: En regel till.
    limits: Bara för mätning.
    source: Genomlys.
    examples: [{{title: Ett fall, kpi: {{category: kvalitet}}, years: 2024, own: 10, peers.mean: 75, expect: flagged}}]
"""


def unit(asked: Asked) -> None:
    for size in asked.sizes:
        runs = [run(asked.command(PROJECT, size, "--unit", "0001")) for _ in range(asked.rounds)]
        beyond = median(float(each.said) for each in runs)
        print(f"{size}: one unit {beyond:.3f} s beyond imports, {cpu_of(runs):.2f} s in all", flush=True)


def texts(asked: Asked) -> None:
    for size in asked.sizes:
        print(f"{size}: {run(asked.command('texts', size)).said.strip()}", flush=True)


def pack(asked: Asked) -> None:
    commands = {word: [sys.executable, "-m", "genomlys.cli", "rules", word, "kommun"] for word in ("check", "test")}
    for word, runs in alternated(commands, asked.rounds).items():
        print(f"rules {word} kommun: {cpu_of(runs):.2f} s", flush=True)


def bytes_(asked: Asked) -> None:
    variants: list[tuple[tuple[str, ...], dict[str, str]]] = [((), {}), ((), {})]
    variants += [((), {"POLARS_MAX_THREADS": threads}) for threads in ("1", "2", "7")]
    variants += [(("--block", block), {}) for block in ("1", "7", "200", "100000")]
    for size in asked.sizes:
        digests = set()
        for more, environment in variants:
            if size != "S" and more == ("--block", "1"):
                continue
            with tempfile.TemporaryDirectory() as out:
                run(asked.command(PROJECT, size, "--out", out, *more), **environment)
                written = b"".join((Path(out) / name).read_bytes() for name in ("counts.parquet", "found.parquet"))
                digests.add(hashlib.sha256(written).hexdigest())
        print(f"{size}: {'the same bytes' if len(digests) == 1 else 'DIFFERENT BYTES'}", flush=True)


WHAT: Mapping[str, Callable[[Asked], None]] = {
    "equal": equal,
    "speed": speed,
    "rows": rows,
    "rule": rule,
    "unit": unit,
    "texts": texts,
    "pack": pack,
    "bytes": bytes_,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=WHAT)
    parser.add_argument("--sizes", nargs="+", choices=generate.SIZES, default=["S"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "genomlys-benchmarks")
    parser.add_argument("--rivals", default=sys.executable)
    given = parser.parse_args()
    asked = Asked(given.data, given.rivals, given.sizes, given.rounds)
    warm_up(asked, ("scan", PROJECT, *(RIVALS if "speed" in given.what else ())))
    for what in WHAT:
        if what in given.what:
            WHAT[what](asked)


if __name__ == "__main__":
    main()
