"""Packs that use others: finding what they use, and changing it as they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from genomlys.engine.errors import Problem, RuleError, Text, nearest
from genomlys.engine.language.binding import referred
from genomlys.engine.language.model import Move, Override, Rule
from genomlys.engine.language.overrides import Use, Wanted, changed, turned_off
from genomlys.engine.language.packdraft import PackDraft, read_pack
from genomlys.engine.language.packfiles import bundled_packs, used_packs
from genomlys.engine.language.reader import Reader, shown
from genomlys.engine.language.rules import Draft, read_move, read_rule

MOST_PACKS: Final = 20


def with_used(given: Sequence[PackDraft], problems: list[Problem]) -> tuple[list[PackDraft], bool]:
    """The packs and all that they use, each before those that it uses; and whether all of them were found.

    A pack is found by its name alone: among those given, among the bundled ones, or beside the one that uses it.
    """
    reader = Reader()
    found = {draft.name: draft for draft in given}
    drafts, complete = list(given), True
    for draft in drafts:  # which grows on the way
        for use in draft.uses:
            used = found.get(use.name) or _read_used(reader, draft, use, problems)
            if used is None:
                complete = False
                continue
            if use.name not in found:
                if len(drafts) == MOST_PACKS:
                    _report_many(reader, use)
                    problems += reader.problems
                    return drafts, False
                found[use.name] = used
                drafts.append(used)
                problems += used.reader.problems
            _check_version(reader, use, used)
    order = _users_first(reader, drafts)
    problems += reader.problems
    return order, complete


def _report_many(reader: Reader, use: Use) -> None:
    reader.report(
        "too-many-packs",
        use.place,
        Text(f"fler än {MOST_PACKS} regelpaket använder varandra.", f"more than {MOST_PACKS} packs use each other."),
        Text("Samla reglerna i färre paket.", "Gather the rules in fewer packs."),
    )


def _read_used(reader: Reader, draft: PackDraft, use: Use, problems: list[Problem]) -> PackDraft | None:
    known = used_packs(draft.source)
    if use.name not in known:
        reader.report(
            "unknown-pack",
            use.place,
            Text(f"det finns inget regelpaket '{use.name}'.", f"there is no pack '{use.name}'."),
            nearest(use.name, [name for name in known if name != draft.name]),
        )
        return None
    try:
        used = read_pack(use.name if use.name in bundled_packs() else known[use.name])
    except RuleError as error:
        problems += error.problems
        return None
    if used.name == use.name or not used.name:
        return used
    reader.report(
        "unknown-pack",
        use.place,
        Text(
            f"regelpaketet i '{known[use.name].name}' heter '{used.name}'.",
            f"the pack in '{known[use.name].name}' is called '{used.name}'.",
        ),
        Text("Ge filen eller mappen paketets namn.", "Give the file or folder the name of the pack."),
    )
    return None


def _check_version(reader: Reader, use: Use, used: PackDraft) -> None:
    if not used.version or used.version == use.version:
        return
    reader.report(
        "use-version",
        use.place,
        Text(
            f"regelpaketet '{use.name}' finns i version {used.version}, inte {use.version}.",
            f"the pack '{use.name}' is there in version {used.version}, not {use.version}.",
        ),
        Text(
            f"Läs vad som skiljer dem, och skriv '{use.name}@{used.version}'.",
            f"Read what has changed, and write '{use.name}@{used.version}'.",
        ),
    )


def _users_first(reader: Reader, drafts: Sequence[PackDraft]) -> list[PackDraft]:
    """Each before those that it uses, else in the order given. A ring is a problem."""
    order: list[PackDraft] = []
    open_ = list(drafts)
    while open_:
        used = {use.name for draft in open_ for use in draft.uses}
        first = next((draft for draft in open_ if draft.name not in used), None)
        if first is None:
            ring = next(draft for draft in open_ if draft.uses)
            reader.report(
                "use-ring",
                ring.uses[0].place,
                Text("regelpaket använder varandra i ring.", "packs use each other in a ring."),
                Text("Ta bort en av dem från 'use'.", "Remove one of them from 'use'."),
            )
            return [*order, *open_]
        open_.remove(first)
        order.append(first)
    return order


def override(reader: Reader, drafts: Sequence[PackDraft], complete: bool) -> tuple[Override, ...]:
    """Change what the packs say that they change in those they use; problems go to the reader.

    complete: False where some of what is used could not be read, so that what is not there may be in that.
    """
    made: dict[tuple[str, str], Override] = {}
    off: list[tuple[Wanted, Override]] = []
    for draft in drafts:
        beneath = _beneath(draft, drafts)
        for wanted in draft.overrides:
            at = _find(reader, wanted, draft, beneath, complete)
            if at is None or _is_twice(reader, wanted, made):
                continue
            done = _apply(reader, wanted, at, draft.label)
            if done is not None:
                made[wanted.kind, wanted.id] = done
                off += [(wanted, done)] if done.off else []
    for wanted, _ in off:
        _check_unused(reader, wanted, drafts)
    return tuple(made.values())


def _beneath(draft: PackDraft, drafts: Sequence[PackDraft]) -> list[PackDraft]:
    """All packs that one uses, directly or through another."""
    by_name = {each.name: each for each in drafts}
    names, queue = {draft.name}, [draft]
    for each in queue:
        for use in each.uses:
            if use.name in by_name and use.name not in names:
                names.add(use.name)
                queue.append(by_name[use.name])
    return queue[1:]


def _find(
    reader: Reader, wanted: Wanted, draft: PackDraft, beneath: Sequence[PackDraft], complete: bool
) -> PackDraft | None:
    """The used pack that has the rule or move."""

    def ids(pack: PackDraft) -> list[str]:
        drafts: Iterable[Draft[Rule] | Draft[Move]] = pack.rules if wanted.kind == "rule" else pack.moves
        return [each.id for each in drafts if each.id is not None]

    found = next((pack for pack in beneath if wanted.id in ids(pack)), None)
    if found is not None or not complete or not all(pack.complete for pack in beneath):
        return found
    what = Text("regel", "rule") if wanted.kind == "rule" else Text("förflyttning", "move")
    if not beneath:
        message = Text("regelpaketet använder inget annat som kan ändras.", "the pack uses no other to change.")
        remedy = Text("Skriv 'use: [kommun@2026.1]' i samma paket.", "Write 'use: [kommun@2026.1]' in the same pack.")
    elif wanted.id in ids(draft):
        message = Text(f"'{wanted.id}' är paketets egen {what.sv}.", f"'{wanted.id}' is the pack's own {what.en}.")
        remedy = Text("Ändra den där den står.", "Change it where it stands.")
    else:
        message = Text(
            f"det finns ingen {what.sv} '{shown(wanted.id)}' i det som används.",
            f"there is no {what.en} '{shown(wanted.id)}' in what is used.",
        )
        remedy = nearest(wanted.id, sorted(id_ for pack in beneath for id_ in ids(pack)))
    reader.report(f"unknown-{wanted.kind}", wanted.id_place, message, remedy)
    return None


def _is_twice(reader: Reader, wanted: Wanted, made: dict[tuple[str, str], Override]) -> bool:
    first = made.get((wanted.kind, wanted.id))
    if first is None:
        return False
    reader.report(
        "overridden-twice",
        wanted.id_place,
        Text(f"'{wanted.id}' är redan ändrad ({first.place.say()}).", f"'{wanted.id}' is changed already."),
        Text("Skriv alla ändringar av den på ett ställe.", "Write all changes of it in one place."),
    )
    return True


def _apply(reader: Reader, wanted: Wanted, pack: PackDraft, by: str) -> Override | None:
    if wanted.kind == "rule":
        at = next(number for number, each in enumerate(pack.rules) if each.id == wanted.id)
        rule = pack.rules[at]
        if wanted.off:
            del pack.rules[at]
            return turned_off(wanted, rule, by)
        pack.rules[at] = changed(reader, wanted, rule, read_rule, by)
        whole: Rule | Move | None = pack.rules[at].whole
    else:
        at = next(number for number, each in enumerate(pack.moves) if each.id == wanted.id)
        move = pack.moves[at]
        if wanted.off:
            del pack.moves[at]
            return turned_off(wanted, move, by)
        pack.moves[at] = changed(reader, wanted, move, read_move, by)
        whole = pack.moves[at].whole
    return None if whole is None else whole.override


def _check_unused(reader: Reader, wanted: Wanted, drafts: Sequence[PackDraft]) -> None:
    """What is off must not be asked for by what is left."""
    trees = {each.id: each.whole.when for draft in drafts for each in draft.rules if each.whole is not None}
    trees |= {each.id: each.whole.when for draft in drafts for each in draft.moves if each.whole is not None}
    asking = [name for name, when in trees.items() if wanted.id in referred(when)]
    if wanted.kind == "rule" and asking:
        names = ", ".join(f"'{name}'" for name in asking)
        reader.report(
            "off-but-referred",
            wanted.id_place,
            Text(
                f"'{wanted.id}' stängs av, men {names} frågar efter den.",
                f"'{wanted.id}' is turned off, but {names} asks for it.",
            ),
            Text("Stäng av dem också, eller behåll den.", "Turn them off too, or keep it."),
        )
