"""What is said about a YAML file that cannot be used: a parser's complaint and what we refuse, in plain words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from genomlys.engine.errors import Place, Problem, Text

# What YAML can do and a rule file may not: what is wrong and what to write instead.
REFUSED: Final[dict[str, tuple[Text, Text]]] = {
    "yaml-empty": (
        Text("filen är tom.", "the file is empty."),
        Text("Skriv innehållet som nyckel: värde.", "Write its content as key: value."),
    ),
    "yaml-documents": (
        Text("här börjar ett andra dokument (---).", "a second document (---) begins here."),
        Text("Lägg det i en egen fil.", "Put it in a file of its own."),
    ),
    "yaml-key": (
        Text("nyckeln är en lista eller en grupp, inte ett ord.", "the key is a list or a group, not a word."),
        Text(
            "Börjar en text med { eller [ ska hela texten stå inom citattecken.",
            "If a text begins with { or [, put the whole text in quotation marks.",
        ),
    ),
    "yaml-merge": (
        Text("<< (infogning) får inte användas.", "<< (merging) may not be used."),
        Text("Skriv ut det som ska stå här.", "Write out what should stand here."),
    ),
    "yaml-blank": (
        Text(
            "raden innehåller ett hårt blanksteg före eller efter texten.",
            "a hard space stands before or after the text.",
        ),
        Text("Byt det mot ett vanligt blanksteg eller ta bort det.", "Replace it with an ordinary space or remove it."),
    ),
    "yaml-alias": (
        Text("hänvisningar med * får inte användas.", "references with * may not be used."),
        Text(
            "Skriv ut värdet, eller sätt texten inom citattecken.",
            "Write out the value, or put the text in quotation marks.",
        ),
    ),
    "yaml-anchor": (
        Text("ankare med & får inte användas.", "anchors with & may not be used."),
        Text(
            "Skriv ut värdet där det behövs, eller sätt texten inom citattecken.",
            "Write out the value where it is needed, or put the text in quotation marks.",
        ),
    ),
    "yaml-tag": (
        Text("typmärken med ! får inte användas.", "tags with ! may not be used."),
        Text("Ta bort märket, eller sätt texten inom citattecken.", "Remove it, or put the text in quotation marks."),
    ),
}


class _Words(NamedTuple):
    said: str
    message: Text
    remedy: Text
    # The parser notices an unclosed quotation mark at the end of the file; a person must look where it was opened.
    at_start: bool = False


_QUOTE: Final = Text(
    "Sätt hela texten inom citattecken.",
    "Put the whole text in quotation marks.",
)
_ALIGN: Final = Text(
    "Rader på samma nivå ska ha lika många blanksteg framför sig.",
    "Lines on the same level must begin with equally many spaces.",
)
_TAB: Final = _Words(
    "",
    Text("raden är indragen med tabb.", "the line is indented with a tab."),
    Text("Använd blanksteg.", "Use spaces."),
)
_COLON_IN_TEXT: Final = _Words(
    "",
    Text("texten innehåller ett kolon följt av blanksteg.", "the text contains a colon followed by a space."),
    _QUOTE,
)
_UNFINISHED: Final = _Words(
    "",
    Text(
        "filen slutar mitt i något som öppnats med [ eller {.",
        "the file ends within something opened with [ or {.",
    ),
    Text("Avsluta med ] eller }.", "End it with ] or }."),
)
_AFTER_END: Final = _Words(
    "",
    Text(
        "något står kvar efter ett avslutande citattecken eller en avslutande klammer.",
        "something follows a closing quotation mark or bracket.",
    ),
    Text(
        "Sätt hela texten inom citattecken; ett citattecken inne i texten skrivs dubbelt.",
        "Put the whole text in quotation marks; a quotation mark within the text is written twice.",
    ),
)

# The first that fits is used. Both parsers' wordings are here: libyaml's and the one in plain Python.
_KNOWN: Final = (
    _Words("found a tab character", _TAB.message, _TAB.remedy),
    _Words(
        "cannot start any token",
        Text(
            "texten börjar med ett tecken som den inte får börja med.",
            "the text begins with a character it may not begin with.",
        ),
        _QUOTE,
    ),
    _Words(
        "could not find expected ':'",
        Text("raden saknar kolon efter nyckeln.", "the line lacks a colon after the key."),
        Text("Skriv nyckel: värde, med blanksteg efter kolonet.", "Write key: value, with a space after the colon."),
        at_start=True,
    ),
    _Words(
        "mapping values are not allowed",
        Text(
            "här väntades inget kolon: raden ovanför saknar blanksteg efter sitt kolon, eller indraget är fel.",
            "no colon was expected here: the line above lacks a space after its colon, or the indentation is wrong.",
        ),
        _ALIGN,
    ),
    _Words(
        "sequence entries are not allowed",
        Text("en lista med - kan inte börja på den här raden.", "a list with - cannot begin on this line."),
        Text("Börja listan på en egen rad under nyckeln.", "Begin the list on a line of its own below the key."),
    ),
    _Words(
        "unexpected end of stream",
        Text("citattecknet som öppnas här stängs aldrig.", "the quotation mark opened here is never closed."),
        Text("Avsluta texten med samma slags citattecken.", "End the text with the same kind of quotation mark."),
        at_start=True,
    ),
    _Words(
        "unexpected document separator",
        Text("citattecknet som öppnas här stängs aldrig.", "the quotation mark opened here is never closed."),
        Text("Avsluta texten med samma slags citattecken.", "End the text with the same kind of quotation mark."),
        at_start=True,
    ),
    _Words(
        "',' or ']'",
        Text("listan som öppnas med [ här stängs inte rätt.", "the list opened with [ here is not closed properly."),
        Text("Skilj värdena med komma och avsluta med ].", "Separate the values with commas and end with ]."),
        at_start=True,
    ),
    _Words(
        "',' or '}'",
        Text("gruppen som öppnas med { här stängs inte rätt.", "the group opened with { here is not closed properly."),
        Text(
            "Skilj värdena med komma och avsluta med }. En text som börjar med { ska stå inom citattecken.",
            "Separate the values with commas and end with }. A text that begins with { needs quotation marks.",
        ),
        at_start=True,
    ),
    _Words(
        "alphabetic or numeric character",
        Text("texten börjar med * eller &.", "the text begins with * or &."),
        _QUOTE,
        at_start=True,
    ),
    _Words(
        "escape",
        Text(
            "ett omvänt snedstreck följs av ett tecken som inte hör dit.",
            "a backslash is followed by a character that does not belong there.",
        ),
        Text("Använd enkla citattecken ' runt texten.", "Use single quotation marks ' around the text."),
    ),
    _Words(
        "hexdecimal",
        Text(
            "ett omvänt snedstreck följs av ett tecken som inte hör dit.",
            "a backslash is followed by a character that does not belong there.",
        ),
        Text("Använd enkla citattecken ' runt texten.", "Use single quotation marks ' around the text."),
    ),
    _Words(
        "comment or",
        Text("efter | eller > ska texten börja på nästa rad.", "after | or > the text must begin on the next line."),
        Text("Flytta ner texten, eller sätt den inom citattecken.", "Move it down, or put it in quotation marks."),
    ),
    _Words(
        "tag handle",
        Text("typmärken med ! får inte användas.", "tags with ! may not be used."),
        Text("Ta bort märket, eller sätt texten inom citattecken.", "Remove it, or put the text in quotation marks."),
    ),
    _Words(
        "node content",
        Text("här väntades ett värde.", "a value was expected here."),
        Text(
            "Ta bort tecknet, eller sätt hela texten inom citattecken.",
            "Remove the character, or put the whole text in quotation marks.",
        ),
    ),
    _Words(
        "document start",
        Text("det här hör inte ihop med det som står före.", "this does not belong to what stands before it."),
        _ALIGN,
    ),
    _Words(
        "'-' indicator",
        Text(
            "raden hör varken till listan eller till raden ovanför den.",
            "the line belongs neither to the list nor to the line above it.",
        ),
        _ALIGN,
    ),
    _Words("expected key", Text("raden har fel indrag.", "the line is wrongly indented."), _ALIGN),
    _Words("expected <block end>", Text("raden har fel indrag.", "the line is wrongly indented."), _ALIGN),
)

_LINE_BREAK: Final = re.compile("\r\n|\r|\n")
_INDENT_WITH_TAB: Final = re.compile(r" *\t")
_COLON_EARLIER: Final = re.compile(r":\s.*\S")


def explain(file: str, text: str, at: Place | None, said: str, start: Place | None) -> Problem:
    """A syntax error as a problem. ``said`` are the parser's words, ``at`` where it stopped and
    ``start`` where the thing it was reading began."""
    line = _line(text, at)
    before = line[: at.column - 1] if at and isinstance(at.column, int) else ""
    words = _words(said, line, before)
    if "node content" in said and at and _is_end(text, at):
        words = _UNFINISHED
    place = start if start and words.at_start else at
    return Problem("yaml-syntax", place or Place(file), words.message, words.remedy)


def _is_end(text: str, at: Place) -> bool:
    last = len(_LINE_BREAK.split(text.rstrip()))
    return at.line is not None and at.line > last


def _line(text: str, at: Place | None) -> str:
    lines = _LINE_BREAK.split(text)
    return lines[at.line - 1] if at and at.line and at.line <= len(lines) else ""


def _words(said: str, line: str, before: str) -> _Words:
    token_start = not before.strip()
    if _INDENT_WITH_TAB.match(line) and ("cannot start" in said or token_start):
        return _TAB
    if "mapping values are not allowed" in said and _COLON_EARLIER.search(before):
        return _COLON_IN_TEXT
    if ("expected key" in said or "<block end>" in said) and before.rstrip()[-1:] in tuple("}]'\""):
        return _AFTER_END
    known = next((words for words in _KNOWN if words.said in said), None)
    return known or _Words(
        said,
        Text(f"raden går inte att läsa som YAML ({said}).", f"the line cannot be read as YAML ({said})."),
        Text("", ""),
    )
