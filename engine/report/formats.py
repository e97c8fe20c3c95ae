"""The formats that an assessment is written in: a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Place, Problem, Text, UsageError, nearest
from genomlys.engine.report import frames, json_, markdown


@dataclass(frozen=True)
class Format:
    """``files`` gives the content of each file by its name. Of the formats of frames one is chosen, by name."""

    name: str
    files: Callable[[Assessment], Mapping[str, bytes]]
    of_frames: bool = False


FORMATS: tuple[Format, ...] = (
    Format("markdown", markdown.files),
    Format("json", json_.files),
    Format("csv", frames.csv_files, of_frames=True),
    Format("parquet", frames.parquet_files, of_frames=True),
)


def chosen(of_frames: str) -> tuple[Format, ...]:
    """Every report, and the result frames in the format asked for. Raises UsageError for one that is not known."""
    known = [form.name for form in FORMATS if form.of_frames]
    if of_frames not in known:
        said = Text(f"formatet '{of_frames}' är okänt.", f"the format '{of_frames}' is unknown.")
        raise UsageError([Problem("unknown-format", Place("--format"), said, nearest(of_frames, known))])
    return tuple(form for form in FORMATS if not form.of_frames or form.name == of_frames)


def all_files(assessment: Assessment, formats: tuple[Format, ...]) -> dict[str, bytes]:
    """The content of every file by its name, in the order of the formats."""
    return {name: content for form in formats for name, content in form.files(assessment).items()}
