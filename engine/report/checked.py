"""What ``check`` says of data sets and rule packs that hold, and everything that is wrong with those that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from genomlys.engine import waiving
from genomlys.engine.assess import assess
from genomlys.engine.dataset import Dataset, named_with_folder, read_dataset
from genomlys.engine.errors import DataError, GenomlysError, Lang, Place, Problem, RuleError, Text
from genomlys.engine.fit import fit
from genomlys.engine.language.pack import bundled_packs, load_rules
from genomlys.engine.language.waivers import FILE as WAIVERS
from genomlys.engine.language.yamlfile import Map, load_yaml
from genomlys.engine.report.rulecheck import Checked, check_rules
from genomlys.engine.report.words import count, listed, tidy

_ABOUT = "dataset.yaml"
_YAML = (".yaml", ".yml")


def check(paths: Sequence[str]) -> Checked:
    """Read every data set, and all packs together, since the rules of one may refer to another's.

    A path is a data set's folder, its dataset.yaml or waivers.yaml, a pack's folder or file, or a bundled pack's name.
    """
    kinds = {path: _kind(path) for path in paths}
    read: list[Text] = []
    problems: list[Problem] = []
    data_sets: dict[str, Dataset] = {}
    for path, kind in kinds.items():
        if kind == "dataset":
            try:
                data_sets[path] = read_dataset(_folder(path))
                read.append(_of_dataset(path, data_sets[path]))
            except GenomlysError as error:
                problems += [named_with_folder(problem, _folder(path)) for problem in error.problems]
        elif kind == "neither":
            problems.append(_neither(path))
    packs = [path for path, kind in kinds.items() if kind == "pack"]
    rules = check_rules(packs) if packs else Checked((), ())
    if rules.holds:
        problems += [problem for path, data in data_sets.items() for problem in _of_waivers(path, data, packs)]
    return Checked((*read, *rules.read), (*problems, *rules.problems))


def _of_waivers(path: str, data: Dataset, packs: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with a data set's waivers, by the packs that are checked with it or else ``kommun``."""
    if not data.waivers:
        return
    units = sorted({waiver.unit for waiver in data.waivers} & set(data.units["unit"]))
    assessment = assess(data, *packs, unit=units or None)
    for problem in waiving.problems(assessment.waivers, data, assessment.book):
        yield named_with_folder(problem, _folder(path))


def check_rules_with(packs: Sequence[str], path: str) -> Checked:
    """As ``check_rules``, and whether the rules fit a data set and the waivers in it are in order."""
    rules = check_rules(packs)
    try:
        data = read_dataset(path)
    except DataError as error:
        of_data = [named_with_folder(problem, Path(path)) for problem in error.problems]
        return Checked((), (*rules.problems, *of_data))
    if not rules.holds:
        return rules
    unfit = fit(load_rules(*packs), data)
    of_rules = sorted((*rules.problems, *unfit), key=lambda each: each.place.order)
    judged = all(problem.severity == "warning" for problem in unfit)
    return Checked(rules.read, (*of_rules, *(_of_waivers(path, data, packs) if judged else ())))


def _kind(path: str) -> str:
    """dataset, pack or neither."""
    if path in bundled_packs():
        return "pack"
    place = Path(path)
    if place.is_dir():
        names = [child.name for child in place.iterdir()]
        rules = [name for name in names if name.endswith(_YAML)]
        return "dataset" if _ABOUT in names or not rules else "pack"
    if place.suffix in _YAML:
        return "dataset" if place.name in (_ABOUT, WAIVERS) or _is_about(place) else "pack"
    return "neither" if place.exists() else "dataset"


def _is_about(place: Path) -> bool:
    """Whether a YAML file describes a data set and not rules. What cannot be read is left for the pack to tell."""
    try:
        node = load_yaml(place.read_bytes(), place.name)
    except (OSError, RuleError):
        return False
    return isinstance(node, Map) and node.get("as_of") is not None and node.get("genomlys") is None


def _folder(path: str) -> Path:
    place = Path(path)
    return place.parent if place.suffix in _YAML else place


def _neither(path: str) -> Problem:
    return Problem(
        "neither-data-nor-rules",
        Place(path),
        Text("filen är varken en datamängd eller regler.", "the file is neither a data set nor rules."),
        Text(f"Ange mappen med {_ABOUT}, eller en .yaml-fil.", f"Give the folder of {_ABOUT}, or a .yaml file."),
    )


_TABLES = {
    "units": (Text("enhet", "unit"), Text("enheter", "units")),
    "kpis": (Text("nyckeltal", "KPI"), Text("nyckeltal", "KPIs")),
    "values": (Text("värde", "value"), Text("värden", "values")),
    "benchmarks": (Text("jämförelsevärde", "benchmark"), Text("jämförelsevärden", "benchmarks")),
    "peers": (Text("liknande enhet", "peer"), Text("liknande enheter", "peers")),
    "areas": (Text("område", "area"), Text("områden", "areas")),
    "measures": (Text("åtgärd", "measure"), Text("åtgärder", "measures")),
    "signals": (Text("omständighet", "signal"), Text("omständigheter", "signals")),
}


def _of_dataset(path: str, data: Dataset) -> Text:
    def said(lang: Lang) -> str:
        rows = [count(getattr(data, name).height, *nouns, lang) for name, nouns in _TABLES.items()]
        return f"{path}: {tidy(data.title)}, {data.as_of.isoformat()}. {listed(rows, lang)}."

    return Text(said("sv"), said("en"))
