"""The shape of the package: which module may import which, what the wheel holds, what the commands tell.

These tests read the source tree and not the installed package, so that they fail on the line that is wrong.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import genomlys
from genomlys.cli import main

ROOT = Path(__file__).resolve().parents[1]

# The data's way, lowest first. A module may import what stands on its own line or above it, never below. A name covers
# what is in it too (`engine.conditions` covers `engine.conditions.trend`); the longest name that fits decides.
# `genomlys` is the table of public names in the root's __init__.py.
ORDER = [
    ["engine.errors", "engine.vocabulary"],
    ["engine.names"],
    ["engine.numbers", "engine.rounding"],
    ["engine.quantities"],
    ["engine.statistics"],
    ["engine.writing"],
    ["engine.amounts"],
    ["engine.language.yamlwords"],
    ["engine.language.yamlfile"],
    ["engine.language.packfiles"],
    ["engine.language.words"],
    ["engine.language.reader"],
    ["engine.language.template"],
    ["engine.language.waivers"],
    [
        "engine.tables",
        "engine.door",
        "engine.derived",
        "engine.crosschecks",
        "engine.worded",
        "engine.cube",
        "engine.valuetable",
        "engine.figuretable",
        "engine.lazytable",
        "engine.dataset",
    ],
    ["engine.lacking"],
    ["engine.sources"],
    ["engine.conditions.margin", "engine.conditions.columns", "engine.steps"],
    ["engine.conditions.base"],
    [
        "engine.conditions.apart",
        "engine.conditions.bases",
        "engine.conditions.difference",
        "engine.conditions.rows",
        "engine.conditions.scope",
        "engine.conditions.shape",
        "engine.conditions.subjects",
    ],
    ["engine.conditions.reading"],
    ["engine.conditions.others"],
    ["engine.conditions"],  # the kinds, a file each
    ["engine.conditions.tree"],
    ["engine.conditions.when"],
    ["engine.language.figures"],
    ["engine.language.example_facts"],
    ["engine.language.examples"],
    ["engine.language.model"],
    ["engine.language.changes"],
    ["engine.language.dated"],
    ["engine.language.rules"],
    ["engine.language.overrides"],
    ["engine.language.packdraft"],
    ["engine.language.binding"],
    ["engine.language.using"],
    ["engine.language.pack"],
    ["engine.language.vocabulary", "engine.language.proof"],
    ["engine.language.schema"],
    ["engine.language.lint", "engine.language.locking"],
    ["engine.population"],
    ["engine.comparisons"],
    ["engine.grid"],
    ["engine.survey"],
    ["engine.evaluate"],
    ["engine.fit"],
    [
        "engine.history",
        "engine.subjects",
        "engine.unknowns",
        "engine.justification",
        "engine.multiplicity",
        "engine.totals",
    ],
    ["engine.truth"],
    ["engine.tally"],
    ["engine.run"],
    ["engine.verdicts"],
    ["engine.example_tables"],
    ["engine.examples"],
    ["engine.coverage"],
    ["engine.followup"],
    ["engine.areas"],
    ["engine.candidates"],
    ["engine.waiving"],
    ["engine.asking"],
    ["engine.assess", "engine.screen"],
    ["engine.thresholds"],
    ["engine.explain", "engine.sensitivity", "engine.backtest"],
    ["engine.report"],
    ["genomlys"],
    ["cli"],
]
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}

# Every package of others' that genomlys imports, and the only modules that may (None: any). What is not here is not
# among the dependencies in pyproject.toml either, or should not be: pandas, pyarrow and scipy for example.
THIRD_PARTY: dict[str, set[str] | None] = {
    "click": {"cli"},
    "numpy": None,
    "pandera": {"engine.tables"},
    "polars": None,
    "yaml": {"engine.language.yamlfile"},
}

# What text from a rule file could be executed with, and what walks over rows one at a time in Python.
FORBIDDEN = {"SQLContext", "map_elements", "map_rows", "sql", "sql_expr", "unsafe_load"}
FORBIDDEN_BUILTINS = {"__import__", "compile", "eval", "exec"}


class Import(NamedTuple):
    """One imported module: its dotted name without the prefix `genomlys.`, or another's top-level package."""

    module: str
    own: bool
    place: str


def module_of(path: Path) -> str:
    """`engine/language/pack.py` is `engine.language.pack`; an `__init__.py` is its folder, the root's `genomlys`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "genomlys"


SOURCES = {
    module_of(path): path for path in [ROOT / "__init__.py", ROOT / "cli.py", *sorted((ROOT / "engine").rglob("*.py"))]
}
TREES = {module: ast.parse(path.read_text(encoding="utf-8"), str(path)) for module, path in SOURCES.items()}


def place_of(module: str, node: ast.AST) -> str:
    return f"{SOURCES[module].relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"


def names_in(node: ast.AST) -> Iterator[str]:
    """Every dotted name that an import statement may load as a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        # `from genomlys.engine import errors` imports the module; `from genomlys.engine.errors import Text` a name.
        yield from (
            f"{node.module}.{alias.name}"
            if f"{node.module}.{alias.name}".removeprefix("genomlys.") in SOURCES
            else str(node.module)
            for alias in node.names
            if (node.module, alias.name) != ("genomlys", "__version__")  # a number, and it loads nothing
        )


def imports_of(module: str) -> Iterator[Import]:
    """All imports, those inside functions and under TYPE_CHECKING too: they couple as much as the others."""
    for node in ast.walk(TREES[module]):
        assert not getattr(node, "level", 0), f"{place_of(module, node)}: import by the full name, genomlys.…"
        for name in names_in(node):
            top = name.split(".")[0]
            own = top == "genomlys"
            yield Import(name.removeprefix("genomlys.") if own else top, own, place_of(module, node))


def level_of(module: str) -> int | None:
    parts = module.split(".")
    return next((LEVEL[name] for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in LEVEL), None)


def only_a_docstring(module: str) -> bool:
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in TREES[module].body)


def test_every_module_has_a_place_in_the_order() -> None:
    homeless = [
        f"{path.relative_to(ROOT).as_posix()}: give it a place in the order (ORDER in tests/test_layout.py)"
        for module, path in SOURCES.items()
        if level_of(module) is None and not only_a_docstring(module)
    ]
    assert not homeless, "\n".join(homeless)


def test_imports_go_downwards_only() -> None:
    upwards = []
    for module in SOURCES:
        level = level_of(module)
        for imported in imports_of(module):
            target = level_of(imported.module)
            if imported.own and level is not None and target is not None and target > level:
                upwards.append(f"{imported.place}: {module} imports {imported.module}, which is above it")
    assert not upwards, "\n".join(upwards)


def test_imports_make_no_circle() -> None:
    """The order says nothing about two modules on one line of it; this does."""
    graph = {
        module: {imported.module for imported in imports_of(module) if imported.own} - {module} for module in SOURCES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("imports in a circle: " + " -> ".join(reversed(error.args[1])))


def test_each_dependency_is_imported_where_it_belongs() -> None:
    astray = []
    for module in SOURCES:
        for imported in imports_of(module):
            if imported.own or imported.module in sys.stdlib_module_names:
                continue
            if imported.module not in THIRD_PARTY:
                astray.append(f"{imported.place}: {imported.module} is no dependency of genomlys")
                continue
            homes = THIRD_PARTY[imported.module]
            if homes is not None and module not in homes:
                astray.append(f"{imported.place}: {imported.module} is imported in {', '.join(sorted(homes))} only")
    assert not astray, "\n".join(astray)


def test_nothing_executes_text_or_walks_over_rows() -> None:
    found = []
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN:
                found.append(f"{place_of(module, node)}: {node.attr}")
            if isinstance(node, ast.Name) and node.id in FORBIDDEN | FORBIDDEN_BUILTINS:
                found.append(f"{place_of(module, node)}: {node.id}")
    assert not found, "\n".join(found)


def run_python(code: str, package: Path | None = None) -> str:
    """What a new Python prints that sees `genomlys` from the same folder as this one, or from `package`."""
    where = package or Path(genomlys.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(where), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=where, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "doing",
    [
        "import genomlys",
        "import genomlys.cli",
        "import genomlys.cli; genomlys.cli.main(['--help'], standalone_mode=False)",
    ],
)
def test_help_does_not_wait_for_polars(doing: str) -> None:
    slow = ["numpy", "pandas", "pandera", "polars", "pyarrow", "yaml"]
    printed = run_python(f"import sys\n{doing}\nprint(sorted(set({slow}) & set(sys.modules)))")
    assert printed.splitlines()[-1] == "[]"


def test_the_public_names_are_declared_once_and_exist() -> None:
    declared = {
        alias.asname or alias.name: node.module
        for node in ast.walk(TREES["genomlys"])
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("genomlys.")
        for alias in node.names
    }
    assert declared == genomlys._HOME, "the imports under TYPE_CHECKING and _HOME differ"
    assert sorted(genomlys.__all__) == sorted({*declared, "__version__"})
    for name in genomlys.__all__:
        assert getattr(genomlys, name) is not None
    misspelt = "asess"
    with pytest.raises(AttributeError, match=misspelt):
        getattr(genomlys, misspelt)


def commands(command: click.Command, path: str = "genomlys") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}")


def test_every_command_and_option_has_help() -> None:
    silent = [path for path, command in commands(main) if not (command.help or "").strip()]
    silent += [
        f"{path} {parameter.opts[0]}"
        for path, command in commands(main)
        for parameter in command.params
        if isinstance(parameter, click.Option) and not (parameter.help or "").strip()
    ]
    assert not silent, f"no help text: {', '.join(silent)}"


def build(target: str, source: Path, into: Path) -> Path:
    """Builds a wheel or an sdist of the tree in `source`, without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    done = subprocess.run(command, cwd=source, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


def files_in(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    on_disk = [ROOT / "__init__.py", ROOT / "cli.py", ROOT / "py.typed"]
    for folder in ("engine", "rules", "datasets"):
        on_disk += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert files_in(wheel) == {f"genomlys/{path.relative_to(ROOT).as_posix()}" for path in on_disk}
    assert not [name for name in files_in(wheel) if Path(name).name.startswith(("test_", "conftest"))]
    for folder in ("rules", "datasets"):
        assert any(name.startswith(f"genomlys/{folder}/") for name in files_in(wheel)), f"no {folder} in the wheel"
        assert not list((ROOT / folder).rglob("__init__.py")), f"{folder}/ is data, not a package"


def test_the_wheel_works_away_from_the_tree(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import genomlys.cli as cli; print(cli.__file__); cli.main(['--version'], standalone_mode=False)"
    file, version = run_python(code, tmp_path).splitlines()
    assert Path(file).resolve() == (tmp_path / "genomlys" / "cli.py").resolve()
    assert genomlys.__version__ in version


def test_the_sdist_holds_what_the_wheel_is_made_of(wheel: Path, tmp_path: Path) -> None:
    """hatchling follows the links in .pkg, which once put every file in the wrong place or in twice."""
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    tree = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert not (tree / ".pkg").exists()
    assert (tree / "tests" / Path(__file__).name).exists()
    assert files_in(build("wheel", tree, tmp_path / "again")) == files_in(wheel)


@pytest.mark.skipif(os.name == "nt", reason="Windows may not have the links, nor need them")
def test_the_links_of_the_editable_install_cover_the_wheel(wheel: Path) -> None:
    # Python puts a folder of its own beside them.
    links = {path.name: path.resolve() for path in (ROOT / ".pkg" / "genomlys").iterdir() if path.is_symlink()}
    assert set(links) == {name.split("/")[1] for name in files_in(wheel)}
    assert all(target == ROOT / name for name, target in links.items())


@pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ("run", ["venv", "pip install", "genomlys assess"]),
        ("test", ["venv", "pip install", "ruff check", "ruff format --check", "mypy", "pytest"]),
    ],
)
def test_ci_runs_the_commands_of_the_readme(block: str, parts: list[str]) -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    shown = subprocess.run([str(script), "--show", block], capture_output=True, encoding="utf-8", check=True).stdout
    assert f"<!-- ci: {block} -->\n```bash\n{shown}```\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    found = [shown.find(part) for part in parts]
    assert -1 not in found and found == sorted(found)
    # Without && a failing line would not end the reader's command, as it ends CI's.
    assert all(line.endswith("&&") for line in shown.splitlines()[:-1])
