"""Tables of a data set that are frames to whoever reads them, and beneath something that need not be one yet."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import polars as pl


class _Table(Protocol):
    def __init__(self, table: pl.DataFrame) -> None: ...

    @property
    def frame(self) -> pl.DataFrame: ...


T = TypeVar("T", bound=_Table)


class LazyTable(Generic[T]):
    """An attribute of a data set: a frame to whoever reads it, and beneath a table of one class."""

    def __init__(self, of: type[T]) -> None:
        self._of = of
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, data: object, owner: type | None = None) -> pl.DataFrame:
        if data is None:
            raise AttributeError(self._name)  # a field without default
        return self.beneath(data).frame

    def __set__(self, data: object, table: pl.DataFrame | T) -> None:
        vars(data)[self._name] = self._of(table) if isinstance(table, pl.DataFrame) else table

    def beneath(self, data: object) -> T:
        table: T = vars(data)[self._name]
        return table
