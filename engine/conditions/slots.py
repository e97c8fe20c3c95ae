"""Which fields a text may use: the subject's own and those of conditions that hold whenever the text is said."""

from __future__ import annotations

from collections.abc import Iterable

from genomlys.engine.conditions.base import Condition, FieldKind, Sight, Subject
from genomlys.engine.conditions.subjects import subject_fields
from genomlys.engine.language.template import Known


def known_fields(subject: Subject, holding: Iterable[Condition], every: Iterable[Condition]) -> Known:
    """What a text may say of the subject and of ``holding``, and of ``every`` condition, these too, what it may not.

    A condition's field is ``gap``, or ``name.gap`` for one that has a name. ``gap`` alone is
    ambiguous where two conditions give it.
    """
    kinds = {name: field.kind for name, field in subject_fields(subject).items()}
    own = frozenset(kinds)
    givers: dict[str, list[str | None]] = {}
    given = {id(condition): list(_given(condition)) for condition in every}
    for condition in holding:
        for name, kind in given[id(condition)]:
            givers.setdefault(name, []).append(condition.name)
            kinds.setdefault(name, kind)
    ambiguous = {
        name: sorted({giver for giver in names if giver and not name.startswith(f"{giver}.")})
        for name, names in givers.items()
        if len(names) > 1 and name not in own
    }
    everything = {name for names in given.values() for name, _ in names}
    return Known(kinds, ambiguous, frozenset(everything - kinds.keys()))


def _given(condition: Condition) -> Iterable[tuple[str, FieldKind]]:
    """The kind of each field, under each name that it goes by."""
    for name, field in condition.fields(Sight()).items():
        yield name, field.kind
        if condition.name:
            yield f"{condition.name}.{name}", field.kind
