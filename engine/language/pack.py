"""Rule packs: YAML files -> checked rules. What can be proven wrong at load is a problem at load."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from pathlib import Path

from genomlys.engine.conditions.base import Condition, KpiCount, RuleMargin, Sight
from genomlys.engine.conditions.scope import Scope, read_scope
from genomlys.engine.conditions.side import Side
from genomlys.engine.conditions.subjects import MOVE_FIELDS, subject_fields
from genomlys.engine.conditions.tree import Branch, Tree, certain_leaves, known_leaves, leaves, needs, read_tree
from genomlys.engine.errors import Place, Problem, RuleError, Text, nearest
from genomlys.engine.language.examples import Example, read_examples
from genomlys.engine.language.model import (
    GOALS,
    TELLS,
    Move,
    Pack,
    Rule,
    Severity,
)
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.template import Template, check_slots, read_template, template_of
from genomlys.engine.language.yamlfile import Map, Node, load_yaml
from genomlys.engine.vocabulary import HORIZONS, LEVELS

LANGUAGE_VERSION = "1"
_MOST_FILES = 100
_AREA_SCOPE = Scope("area")


@dataclass(frozen=True)
class RuleBook:
    """The rules and moves of all packs in use, rules in an order that puts what is referred to first."""

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]

    def pack_of(self, rule: Rule) -> Pack:
        return next(pack for pack in self.packs if rule in pack.rules)

    def beneath(self, when: Tree) -> frozenset[str]:
        """The ids of all rules that a tree's answer comes from, directly or through another rule."""
        trees = {rule.id: rule.when for rule in self.rules}
        found: set[str] = set()
        open_ = self._asked(when)
        while open_:
            found |= open_
            open_ = {name for rule in open_ for name in self._asked(trees[rule])} - found
        return frozenset(found)

    def _asked(self, when: Tree) -> set[str]:
        """The rules that a tree refers to, and those that its sides count."""
        goals = {leaf.goal for leaf in leaves(when) if isinstance(leaf, Side)}
        return _referred(when) | {rule.id for rule in self.rules if rule.subject == "kpi" and rule.goal in goals}


def bundled_packs() -> dict[str, Path]:
    """The packs that come with Genomlys, by name."""
    folder = Path(str(files("genomlys") / "rules"))
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()}


def load_rules(*sources: str | Path) -> RuleBook:
    """Load packs (a bundled pack's name, a folder of YAML files, or one file) into one rule book.

    Raises RuleError with every problem of all of them.
    """
    problems: list[Problem] = []
    packs = []
    for source in sources or ("kommun",):
        try:
            packs.append(load_pack(source))
        except RuleError as error:
            problems += error.problems
    if problems:
        raise RuleError(problems)
    return _bind(packs)


def load_pack(source: str | Path) -> Pack:
    """One pack, each rule checked by itself. Raises RuleError with every problem found."""
    paths = _paths(source)
    reader = Reader()
    contents = [(path, path.read_bytes()) for path in paths]
    headers: list[tuple[Fields, str]] = []
    rules: list[Rule] = []
    moves: list[Move] = []
    for path, content in contents:
        try:
            node = load_yaml(content, str(path))
        except RuleError as error:
            reader.problems += error.problems
            continue
        fields = reader.fields(node, Text("En regelfil", "A rule file"))
        if fields is not None:
            name = _read_file(fields, rules, moves)
            headers.append((fields, name or ""))
    version, title = _pack_header(reader, headers, paths[0])
    if reader.problems:
        raise RuleError(sorted(reader.problems, key=_by_place))
    digest = hashlib.sha256()
    for path, content in contents:
        digest.update(path.name.encode() + b"\0" + content.replace(b"\r\n", b"\n") + b"\0")
    return Pack(headers[0][1], version, title, digest.hexdigest(), tuple(rules), tuple(moves))


def _by_place(problem: Problem) -> tuple[str, int, int]:
    column = problem.place.column
    return problem.place.file, problem.place.line or 0, column if isinstance(column, int) else 0


def _paths(source: str | Path) -> list[Path]:
    bundled = bundled_packs()
    path = bundled.get(str(source)) or Path(source)
    if path.is_dir():
        found = sorted(child for child in path.iterdir() if child.suffix in (".yaml", ".yml"))
    else:
        found = [path] if path.is_file() else []
    if found and len(found) <= _MOST_FILES:
        return found
    message = (
        Text(f"fler än {_MOST_FILES} regelfiler.", f"more than {_MOST_FILES} rule files.")
        if found
        else Text("här finns inga regler.", "there are no rules here.")
    )
    remedy = Text(
        f"Ange en mapp med .yaml-filer, en fil eller ett medföljande regelpaket ({', '.join(bundled)}).",
        f"Give a folder of .yaml files, a file or a bundled pack ({', '.join(bundled)}).",
    )
    raise RuleError([Problem("no-rules", Place(str(source)), message, remedy)])


def _read_file(fields: Fields, rules: list[Rule], moves: list[Move]) -> str | None:
    """Read one file's header, rules and moves; the pack's name."""
    reader = fields.reader
    language = fields.required("genomlys", reader.scalar)
    if language is not None and language != LANGUAGE_VERSION:
        reader.report(
            "language-version",
            fields.key_place("genomlys"),
            Text(f"regelspråkets version '{language}' är okänd.", f"unknown language version '{language}'."),
            Text(f"Skriv 'genomlys: {LANGUAGE_VERSION}'.", f"Write 'genomlys: {LANGUAGE_VERSION}'."),
        )
    name = fields.required("pack", reader.scalar)
    fields.raw("version")
    fields.raw("title")
    for word, read, into in (("rules", _read_rule, rules), ("moves", _read_move, moves)):
        node = fields.raw(word)
        for item in reader.items(node) if node is not None else ():
            inner = reader.fields(item, Text("En post", "An entry"))
            found = read(inner) if inner is not None else None
            if found is not None:
                into.append(found)  # type: ignore[arg-type]
    fields.finish()
    return name


def _pack_header(reader: Reader, headers: Sequence[tuple[Fields, str]], first: Path) -> tuple[str, Text]:
    """Version and title stand in exactly one of a pack's files; the name is the same in all."""
    stated = [fields for fields, _ in headers if "version" in fields]
    for fields, name in headers:
        if name != headers[0][1]:
            reader.report(
                "pack-name",
                fields.key_place("pack") if "pack" in fields else fields.place,
                Text(f"'{name}' hör inte till regelpaketet '{headers[0][1]}'.", f"'{name}' is another pack."),
                Text("Alla filer i en mapp hör till samma regelpaket.", "All files of a folder are one pack."),
            )
    if len(stated) != 1:
        reader.report(
            "pack-version",
            stated[1].key_place("version") if stated else Place(str(first)),
            Text("ett regelpaket har en version, i en av filerna.", "a pack has one version, in one of its files."),
            Text("Skriv 'version: 2026.1' i en av dem.", "Write 'version: 2026.1' in one of them."),
        )
    version, title = "", Text("", "")
    for fields in stated[:1]:
        version = fields.required("version", reader.scalar) or ""
        title = fields.required("title", reader.bilingual) or title
    return version, title


def _read_rule(fields: Fields) -> Rule | None:
    reader = fields.reader
    before = len(reader.problems)
    rule_id = fields.required("id", _read_id(reader))
    title = fields.required("title", reader.bilingual)
    tells = fields.optional("tells", lambda node, what: reader.word(node, TELLS, what)) or "problem"
    goal = fields.required("goal", lambda node, what: reader.word(node, GOALS, what))
    scope = fields.required("for_each", lambda node, _: read_scope(reader, node))
    when_node = fields.needed("when")
    when = read_tree(reader, when_node, scope) if when_node is not None and scope is not None else None
    severity = fields.required("severity", lambda node, _: _read_severity(reader, node))
    because = fields.required("because", lambda node, what: read_template(reader, node, what))
    why = fields.required("why", reader.bilingual)
    limits = fields.required("limits", reader.bilingual)
    source = fields.required("source", reader.bilingual)
    examples = fields.required("examples", lambda node, _: _read_examples(reader, node, scope)) or ()
    fields.finish()
    if when is not None and scope is not None:
        _check_texts(reader, scope, when, because)
        _check_severity(reader, fields, severity, when)
    if len(reader.problems) > before:
        return None
    assert rule_id and title and goal and scope and when and severity and because and why and limits and source
    return Rule(
        id=rule_id,
        title=title,
        tells=tells,
        goal=goal,
        scope=scope,
        when=when,
        severity=severity,
        because=because,
        why=why,
        limits=limits,
        source=source,
        examples=examples,
        place=fields.place,
    )


def _read_examples(reader: Reader, node: Node, scope: Scope | None) -> tuple[Example, ...]:
    # Without a scope nobody knows what an example is of; that is a problem already.
    return () if scope is None else read_examples(reader, reader.items(node), scope)


def _read_id(reader: Reader) -> Callable[[Node, Text], str | None]:
    def read(node: Node, what: Text) -> str | None:
        match = reader.phrase(node, r"[a-z][a-z0-9-]{1,60}", what, "cost-above-reference")
        return match[0] if match else None

    return read


def _read_move(fields: Fields) -> Move | None:
    reader = fields.reader
    before = len(reader.problems)
    move_id = fields.required("id", _read_id(reader))
    templates = {
        word: fields.required(word, lambda node, what: read_template(reader, node, what))
        for word in ("title", "description", "gain")
    }
    when_node = fields.needed("when")
    when = read_tree(reader, when_node, _AREA_SCOPE) if when_node is not None else None
    horizon = fields.required("horizon", lambda node, what: reader.word(node, HORIZONS, what))
    fields.finish()
    known = {name: field.kind for name, field in MOVE_FIELDS.items()}
    for template in templates.values():
        if template is not None:
            check_slots(reader, template, known, frozenset())
    if len(reader.problems) > before:
        return None
    title, description, gain = templates["title"], templates["description"], templates["gain"]
    assert move_id and title and description and gain and when and horizon
    return Move(move_id, title, description, gain, when, horizon, fields.place)


def _read_severity(reader: Reader, node: Node) -> Severity | None:
    """``high``, or ``{medium: 2 %, high: 10 %}`` by the gap relative to the basis."""
    if not isinstance(node, Map):
        level = reader.word(node, LEVELS, Text("'severity'", "'severity'"))
        return None if level is None else Severity(fixed=level)
    fields = Fields(reader, node)
    found: list[tuple[str, float]] = []
    for level in LEVELS:
        quantity = fields.optional(level, lambda node, what: reader.quantity(node, what, "10 %"))
        if quantity is not None and quantity.measure != "%":
            reader.report(
                "severity-in-percent",
                fields.key_place(level),
                Text("allvarsgraden anges i procent.", "severity is given in per cent."),
                Text("Skriv till exempel '10 %'.", "Write for example '10 %'."),
            )
        elif quantity is not None:
            found.append((level, quantity.value / 100))
    fields.finish()
    rising = [value for _, value in found]
    if not found or rising != sorted(set(rising)):
        reader.report(
            "severity-order",
            node.place,
            Text("allvarsgraderna ska ha stigande gränser.", "severities need rising limits."),
            Text("Skriv till exempel '{medium: 2 %, high: 10 %}'.", "Write for example '{medium: 2 %, high: 10 %}'."),
        )
        return None
    return Severity(from_gap=tuple(found))


def _check_texts(reader: Reader, scope: Scope, when: Tree, because: Template | None) -> None:
    own = {name: field.kind for name, field in subject_fields(scope.subject).items()}
    _check_names(reader, list(known_leaves(when)))
    if because is not None:
        known, ambiguous = _known_fields(list(known_leaves(when)), own)
        check_slots(reader, because, known, ambiguous)
    for node in _with_sentences(when):
        assert node.because is not None
        template = template_of(reader, node.because, node.place)
        if node is not when:
            _check_names(reader, list(known_leaves(node)))
        if template is not None:
            known, ambiguous = _known_fields(list(known_leaves(node)), own)
            check_slots(reader, template, known, ambiguous)


def _check_names(reader: Reader, conditions: Sequence[Condition]) -> None:
    """Two conditions of one name that a sentence reads: nobody could tell whose number it says."""
    named: set[str] = set()
    for condition in conditions:
        if condition.name in named:
            reader.report(
                "duplicate-name",
                condition.place,
                Text(f"två villkor heter '{condition.name}'.", f"two conditions are called '{condition.name}'."),
                Text("Ge dem var sitt namn efter 'as'.", "Give each a name of its own after 'as'."),
            )
        named |= {condition.name} if condition.name else set()


def _with_sentences(tree: Tree) -> Iterable[Tree]:
    if tree.because is not None:
        yield tree
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from _with_sentences(part)


def _known_fields(conditions: Sequence[Condition], own: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    """The fields that text may use, by kind, and the names that more than one condition gives."""
    known = dict(own)
    givers: dict[str, int] = {}
    for condition in conditions:
        for name, field in condition.fields(Sight()).items():
            givers[name] = givers.get(name, 0) + 1
            known.setdefault(name, field.kind)
            if condition.name:
                known[f"{condition.name}.{name}"] = field.kind
    return known, frozenset(name for name, count in givers.items() if count > 1 and name not in own)


def _check_severity(reader: Reader, fields: Fields, severity: Severity | None, when: Tree) -> None:
    if severity is None or severity.fixed is not None or graded_leaf(when) is not None:
        return
    reader.report(
        "severity-without-gap",
        fields.key_place("severity"),
        Text("inget villkor som alltid gäller har en skillnad att gradera efter.", "no certain condition has a gap."),
        Text("Skriv 'low', 'medium' eller 'high'.", "Write 'low', 'medium' or 'high'."),
    )


def graded_leaf(when: Tree) -> Condition | None:
    """The first certain condition with a gap relative to a basis, which severity and money follow."""
    for leaf in certain_leaves(when):
        figures = leaf.figures(Sight())
        if figures is not None and figures.gap_ratio is not None:
            return leaf
    return None


def _bind(packs: Sequence[Pack]) -> RuleBook:
    """Check what rules say of each other and order them."""
    reader = Reader()
    by_id: dict[str, Rule] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.id in by_id:
                other = by_id[rule.id].place
                reader.report(
                    "duplicate-rule",
                    rule.place,
                    Text(
                        f"regeln '{rule.id}' finns redan ({other.say()}).", f"rule '{rule.id}' exists ({other.say()})."
                    ),
                    Text("Ge den ett annat id.", "Give it another id."),
                )
            by_id[rule.id] = rule
    moves = tuple(move for pack in packs for move in pack.moves)
    for rule in by_id.values():
        _check_references(reader, rule.when, rule.subject, by_id)
    for move in moves:
        _check_references(reader, move.when, "area", by_id)
    graph = {rule.id: _referred(rule.when) & by_id.keys() for rule in by_id.values()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = " → ".join(error.args[1])
        reader.report(
            "rule-cycle",
            by_id[error.args[1][0]].place,
            Text(f"reglerna hänvisar till varandra i ring: {cycle}.", f"rules refer to each other in a ring: {cycle}."),
            Text("Ta bort en av hänvisningarna.", "Remove one of the references."),
        )
        order = []
    if reader.problems:
        raise RuleError(sorted(reader.problems, key=_by_place))
    return RuleBook(tuple(packs), tuple(by_id[rule_id] for rule_id in order), moves)


def _referred(when: Tree) -> set[str]:
    return {need.rule for need in needs(when) if isinstance(need, RuleMargin | KpiCount)}


def _check_references(reader: Reader, when: Tree, subject: str, by_id: Mapping[str, Rule]) -> None:
    for leaf in leaves(when):
        for need in leaf.needs():
            if not isinstance(need, RuleMargin | KpiCount):
                continue
            wanted = "kpi" if isinstance(need, KpiCount) else subject
            candidates = sorted(rule.id for rule in by_id.values() if rule.subject == wanted)
            if need.rule not in candidates:
                reader.report(
                    "unknown-rule",
                    leaf.place,
                    Text(
                        f"det finns ingen regel '{need.rule}' för '{wanted}'.",
                        f"there is no rule '{need.rule}' for '{wanted}'.",
                    ),
                    nearest(need.rule, candidates),
                )
