"""What ``rules test`` says of a pack's examples: for a person, and as JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from genomlys.engine.coverage import Coverage, coverage
from genomlys.engine.errors import Lang, Text
from genomlys.engine.examples import Outcome, run_examples
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.report.words import tidy

_MENDED: Final = Text("stämmer nu; ta bort 'todo'.", "is right now; remove 'todo'.")


@dataclass(frozen=True)
class PackTest:
    book: RuleBook
    outcomes: tuple[Outcome, ...]
    coverage: Coverage

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return self._in("failed")

    def _in(self, state: str) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.state == state)

    def as_text(self, lang: Lang) -> str:
        """What differs, what is known to, what is not exercised, and last the sums."""
        return "".join(f"{line}\n" for line in self._lines(lang))

    def _lines(self, lang: Lang) -> Iterator[str]:
        for outcome in self.failed:
            yield _line(outcome, outcome.explanation.in_(lang))
        for outcome in self._in("todo"):
            yield _line(outcome, Text(f"känt fel: {outcome.todo}", f"known to be wrong: {outcome.todo}").in_(lang))
        for outcome in self._in("mended"):
            yield _line(outcome, _MENDED.in_(lang))
        for gap in self.coverage.gaps:
            yield f"{gap.place.say(lang)}: {gap.rule}: {gap.says.in_(lang)}"
        yield from _sums(self, lang)

    def as_junit(self, lang: Lang = "sv") -> str:
        """A suite a pack and a case an example, in the order of the pack; without times, which differ from run to run.

        A known fault is skipped, and one that is mended passes with a note.
        """
        # The schema of Jenkins knows "skipped" of a suite and not of the whole.
        counts = {name: number for name, number in _counts(self.outcomes).items() if name != "skipped"}
        root = ET.Element("testsuites", {"name": "genomlys", **counts})
        rules = {rule.id: pack for pack in self.book.packs for rule in pack.rules}
        for name, group in groupby(self.outcomes, key=lambda outcome: rules[outcome.rule].name):
            outcomes = list(group)
            suite = ET.SubElement(root, "testsuite", {"name": name, **_counts(outcomes)})
            for outcome in outcomes:
                _case(suite, name, outcome, lang)
        ET.indent(root)
        body = ET.tostring(root, encoding="unicode", short_empty_elements=True)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def try_packs(packs: Sequence[str]) -> PackTest:
    """Run every example of the packs. Raises RuleError for packs that cannot be loaded."""
    book = load_rules(*packs)
    outcomes = run_examples(book)
    return PackTest(book, outcomes, coverage(book, outcomes))


def _line(outcome: Outcome, said: str) -> str:
    return f'{outcome.place.say()}: {outcome.rule}, "{tidy(outcome.title)}": {tidy(said)}'


def _sums(tested: PackTest, lang: Lang) -> Iterator[str]:
    number, failed, todo = len(tested.outcomes), len(tested.failed), len(tested._in("todo"))
    right = number - failed - todo
    sv = [f"{number} exempel: {right} stämmer"]
    en = [f"{number} {'example' if number == 1 else 'examples'}: {right} right"]
    if failed:
        sv.append(f"{failed} stämmer inte")
        en.append(f"{failed} wrong")
    if todo:
        sv.append(f"{todo} {'känt fel' if todo == 1 else 'kända fel'}")
        en.append(f"{todo} known to be wrong")
    yield Text(f"{', '.join(sv)}.", f"{', '.join(en)}.").in_(lang)
    found = tested.coverage
    # 100 % is said only where nothing is left.
    percent = int(found.percent)
    yield Text(
        f"Exemplen prövar {found.exercised} av {found.possible} utfall och villkorssvar ({percent} %).",
        f"The examples exercise {found.exercised} of {found.possible} outcomes and answers ({percent} %).",
    ).in_(lang)


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    skipped = sum(outcome.state == "todo" for outcome in outcomes)
    failures = sum(outcome.state == "failed" for outcome in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _case(suite: ET.Element, pack: str, outcome: Outcome, lang: Lang) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{pack}.{outcome.rule}", name=_plain(outcome.title))
    match outcome.state:
        case "failed":
            said = _plain(outcome.explanation.in_(lang))
            failure = ET.SubElement(case, "failure", message=said, type="example")
            failure.text = f"{_plain(outcome.place.say())}: {said}"
        case "todo":
            ET.SubElement(case, "skipped", message=_plain(outcome.todo or ""))
        case "mended":
            ET.SubElement(case, "system-out").text = f"{_plain(outcome.place.say())}: {_MENDED.in_(lang)}"
        case "passed":
            pass


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(char if char.isprintable() or char in "\t\n" else " " for char in text)
