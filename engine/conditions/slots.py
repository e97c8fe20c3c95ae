"""Which fields a text may use: the subject's own and those of conditions that hold whenever the text is said."""

from __future__ import annotations

from collections.abc import Iterable

from genomlys.engine.conditions.base import Condition, Field, Sight, Subject
from genomlys.engine.conditions.subjects import subject_fields
from genomlys.engine.language.template import Known


def known_fields(subject: Subject, holding: Iterable[Condition], all_: Iterable[Condition]) -> Known:
    """What a text may say of the subject and of ``holding``, and of ``all_`` what it may not.

    A condition's field is ``gap``, or ``name.gap`` for one that has a name. ``gap`` alone is
    ambiguous where two conditions give it.
    """
    kinds = {name: field.kind for name, field in subject_fields(subject).items()}
    own = frozenset(kinds)
    givers: dict[str, list[str | None]] = {}
    for condition in holding:
        for names, field in _given(condition):
            for name in names:
                givers.setdefault(name, []).append(condition.name)
                kinds.setdefault(name, field.kind)
    ambiguous = {
        name: sorted({giver for giver in given if giver and not name.startswith(f"{giver}.")})
        for name, given in givers.items()
        if len(given) > 1 and name not in own
    }
    everything = {name for condition in all_ for names, _ in _given(condition) for name in names}
    return Known(kinds, ambiguous, frozenset(everything - kinds.keys()))


def _given(condition: Condition) -> Iterable[tuple[tuple[str, ...], Field]]:
    """Each field with the names it goes by."""
    for name, field in condition.fields(Sight()).items():
        yield (name, f"{condition.name}.{name}") if condition.name else (name,), field
