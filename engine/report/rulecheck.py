"""What ``rules check`` says of packs, without a data set and without waiting for what reads one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from genomlys.engine.errors import Lang, Problem, RuleError, Text
from genomlys.engine.language.lint import lint, lint_alone
from genomlys.engine.language.locking import lock_problems
from genomlys.engine.language.model import Pack
from genomlys.engine.language.pack import load_rules, sound_rules
from genomlys.engine.report.words import count, listed, tidy


@dataclass(frozen=True)
class Checked:
    """``read`` says in words what was read, a line each; ``problems`` are all that were found, warnings too."""

    read: tuple[Text, ...]
    problems: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        """Whether there is no error."""
        return all(problem.severity == "warning" for problem in self.problems)


# Of packs that take too long to work out nothing more is asked.
_TOO_MUCH: Final = ("too-many-rules", "too-many-conditions", "too-many-years", "too-many-problems")


def check_rules(packs: Sequence[str]) -> Checked:
    """Read the packs together and ask of them all that can be asked of rules."""
    try:
        book = load_rules(*packs)
    except RuleError as error:
        too_much = any(each.code in _TOO_MUCH for each in error.problems)
        beside = () if too_much else lint_alone(sound_rules(*packs))
        return Checked((), tuple(sorted((*error.problems, *beside), key=lambda each: each.place.order)))
    read = tuple(_of_pack(pack.source, pack) for pack in book.packs)
    locks = (problem for pack in book.packs for problem in lock_problems(pack, book))
    return Checked(read, (*lint(book), *locks))


_RULES = (Text("regel", "rule"), Text("regler", "rules"))
_MOVES = (Text("slags förflyttning", "kind of move"), Text("slags förflyttningar", "kinds of moves"))
_EXAMPLES = (Text("exempel", "example"), Text("exempel", "examples"))


def _of_pack(path: str, pack: Pack) -> Text:
    examples = sum(len(rule.examples) for rule in pack.rules)

    def said(lang: Lang) -> str:
        numbers = (len(pack.rules), _RULES), (len(pack.moves), _MOVES), (examples, _EXAMPLES)
        parts = [count(number, *nouns, lang) for number, nouns in numbers]
        title = f"{tidy(pack.title.in_(lang))} ({pack.name} {pack.version}, sha256 {pack.sha256[:12]})"
        return f"{path}: {title}. {listed(parts, lang)}."

    return Text(said("sv"), said("en"))
