"""What ``any_measure`` and ``any_signal`` share: an area's rows of a table, of which at least one is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

import polars as pl

from genomlys.engine.conditions.base import Field, Figures, Need, RowCount, RowFilter, Sight
from genomlys.engine.conditions.margin import Counts, Margin, counted
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template

T = TypeVar("T")


@dataclass(frozen=True)
class AnyRow:
    """At least one row of the area is meant; the margin is in rows, which ``SCALE`` is the word for."""

    TABLE: ClassVar[Literal["measures", "signals"]]
    SCALE: ClassVar[str]
    SAID: ClassVar[Text]

    place: Place
    name: str | None
    because: Template | None
    where: RowFilter

    @property
    def _count(self) -> RowCount:
        return RowCount(self.TABLE, self.where)

    def needs(self) -> tuple[Need, ...]:
        return (self._count,)

    def margin(self, sight: Sight) -> Margin:
        holding, unknown = pl.col(self._count.holding), pl.col(self._count.unknown)
        return counted(Counts(holding, unknown, holding, unknown), 1)

    def figures(self, sight: Sight) -> Figures:
        return Figures(scale=self.SCALE)

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {"count": Field("integer", (pl.col(self._count.holding),))}

    def say(self, lang: Lang) -> str:
        return f"{self.SAID.in_(lang)} ({self.where.say(lang)})"


def read_group(fields: Fields, word: str, inner: frozenset[str], read: Callable[[Fields], T]) -> T | None:
    """What ``word`` says of the rows that are meant; a word of ``inner`` beside it would say nothing."""
    beside = next((name for name in fields.names if name in inner), None)
    if beside is not None:
        fields.refuse(
            "mixed-words",
            fields.key_place(beside),
            Text(f"'{beside}' kan inte stå bredvid '{word}'.", f"'{beside}' cannot stand beside '{word}'."),
            Text(f"Skriv '{word}: {{{beside}: …}}'.", f"Write '{word}: {{{beside}: …}}'."),
        )
        return None
    group = fields.optional(word, fields.reader.fields)
    if group is None:
        return None
    found = read(group)
    group.finish()
    return found


def refuse_without_group(fields: Fields, group: str, inner: frozenset[str], what: Text) -> None:
    """A word of a row's own, asked of something else; ``what`` it is for."""
    word = next(word for word in fields.names if word in inner)
    fields.refuse(
        "wrong-subject",
        fields.key_place(word),
        Text(f"'{word}' gäller {what.sv}.", f"'{word}' is for {what.en}."),
        Text(f"Skriv '{group}: {{{word}: …}}'.", f"Write '{group}: {{{word}: …}}'."),
    )
