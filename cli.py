"""The command line. The only module that knows click; imports of the engine stand inside the commands."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from genomlys import __version__
from genomlys.engine.errors import GenomlysError, Lang, Text, UsageError
from genomlys.engine.report.console import told, width, write

if TYPE_CHECKING:
    from genomlys.engine.assess import Assessment

F = TypeVar("F", bound=Callable[..., Any])

DONE, BAD_INPUT, BAD_USAGE, FLAGGED, INTERRUPTED = 0, 1, 2, 3, 130
_LEVELS = ("low", "medium", "high")


class _Formatter(click.HelpFormatter):
    """click's own words in Swedish."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "Användning: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading({"Options": "Växlar", "Commands": "Kommandon"}.get(heading, heading))


class _Context(click.Context):
    formatter_class = _Formatter


class _Command(click.Command):
    """A command gives its exit code. What is wrong with the input is told here, in one place."""

    context_class = _Context

    def invoke(self, ctx: click.Context) -> Any:
        lang: Lang = ctx.params.get("lang") or "sv"
        try:
            return super().invoke(ctx)
        except GenomlysError as error:
            write(told(error.problems, lang), sys.stderr)
            return BAD_USAGE if isinstance(error, UsageError) else BAD_INPUT
        except OSError as error:
            write(f"{error.filename or 'genomlys'}: {error.strerror or error}\n", sys.stderr)
            return BAD_INPUT


class _Group(click.Group):
    context_class = _Context
    command_class = _Command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click's, with its complaints in Swedish."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.UsageError as error:
            usage = f"{error.ctx.get_usage()}\n\n" if error.ctx and "\n" not in error.format_message() else ""
            write(f"{usage}{_in_swedish(error)}\n", sys.stderr)
            code = BAD_USAGE
        except click.Abort:
            write("\nAvbrutet.\n", sys.stderr)
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else DONE)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(f"Det finns inget kommando '{args[0]}'. Skriv något av: {', '.join(self.commands)}.")
        return super().resolve_command(ctx, args)


def _in_swedish(error: click.UsageError) -> str:
    """click's commonest complaints; the rest stays as click says it."""
    extra = re.search(r"unexpected extra arguments? \((.*)\)", error.message)
    if extra:
        return f"För mycket på raden: {extra[1]}."
    if isinstance(error, click.NoSuchOption):
        close = f" Menade du {' eller '.join(error.possibilities)}?" if error.possibilities else ""
        return f"Det finns ingen växel {error.option_name}.{close}"
    if isinstance(error, click.BadOptionUsage) and "requires" in error.message:
        return f"Växeln {error.option_name} ska följas av ett värde."
    if isinstance(error, click.MissingParameter) and error.param:
        return f"{error.param.metavar or error.param.human_readable_name} saknas."
    if isinstance(error, click.BadParameter) and error.param:
        choices = getattr(error.param.type, "choices", None)
        said = f"skriv något av {', '.join(choices)}." if choices else error.message
        return f"{error.param.opts[0]}: {said}"
    return error.format_message()


def _day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | dt.date | None:
    """A year, or a date."""
    if value is None:
        return None
    try:
        date = dt.date.fromisoformat(f"{value}-12-31" if re.fullmatch("[0-9]{4}", value) else value)
    except ValueError:
        date = dt.date.min
    if date.year < 1900:
        said = f"'{value}' är varken ett år eller ett datum. Skriv till exempel 2025 eller 2025-12-31."
        raise click.BadParameter(said)
    return date


_HELP = click.help_option("-h", "--help", help="Visa den här hjälpen.")
_DATASET = click.argument("dataset", required=False, metavar="[DATASET]")
_AS_OF = click.option("--as-of", callback=_day, metavar="ÅR|DATUM", help="Bedöm läget vid en annan tidpunkt.")
_RULES = click.option(
    "--rules",
    multiple=True,
    metavar="PACK",
    help="Regelpaket: namn, mapp eller fil. Kan upprepas. Annars kommun.",
)
_WAIVERS = click.option("--waivers", metavar="FIL", help="Undantag, i stället för datamängdens waivers.yaml.")
_LANG = click.option(
    "--lang", type=click.Choice(["sv", "en"]), default="sv", metavar="sv|en", help="Språk: svenska eller engelska."
)


def _format(*forms: str, help: str) -> Callable[[F], F]:
    """What is written to standard output; the first form is what is written without the option."""
    metavar = "|".join(forms)
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], metavar=metavar, help=help)


@click.group(cls=_Group, options_metavar="[VÄXLAR]", subcommand_metavar="KOMMANDO ...")
@click.version_option(__version__, prog_name="genomlys", message="%(prog)s %(version)s", help="Visa versionen.")
@_HELP
def main() -> None:
    """Genomlys en kommuns nyckeltal: vad behöver uppmärksamhet, hur mycket och hur säkert är det?"""
    # NumPy's linear algebra is never used, and the threads that it starts when it is loaded would wait in a loop.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@main.command(options_metavar="[VÄXLAR]")
@_DATASET
@click.option("--unit", "units", multiple=True, metavar="ID|all", help="Enhet att bedöma, eller all. Kan upprepas.")
@_AS_OF
@_RULES
@_WAIVERS
@click.option("--out", metavar="MAPP", help="Skriv också rapporten, JSON och alla tabeller i mappen.")
@click.option("--format", "form", default="csv", metavar="csv|parquet", help="Tabellernas format i mappen. Annars csv.")
@_LANG
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    metavar="|".join(_LEVELS),
    help="Avsluta med kod 3 om något problem utan undantag har minst den allvarsgraden.",
)
@_HELP
def assess(
    dataset: str | None,
    units: tuple[str, ...],
    as_of: dt.date | None,
    rules: tuple[str, ...],
    waivers: str | None,
    out: str | None,
    form: str,
    lang: Lang,
    fail_on: str | None,
) -> int:
    """Bedöm en datamängd och visa en sammanfattning.

    DATASET är en mapp med dataset.yaml och en fil per tabell. Utan DATASET bedöms det medföljande exemplet.
    """
    from genomlys.engine.asking import ALL
    from genomlys.engine.assess import assess as assessed
    from genomlys.engine.report.files import check_folder, write_files
    from genomlys.engine.report.formats import all_files, chosen
    from genomlys.engine.report.terminal import as_text

    formats = chosen(form)
    if out is not None:
        check_folder(Path(out))
    unit = ALL if ALL in units else units or None
    assessment = assessed(dataset, *rules, unit=unit, as_of=as_of, lang=lang, waivers=waivers)
    files = all_files(assessment, formats) if out is not None else {}
    if out is not None:
        write_files(Path(out), files)
    write(as_text(assessment, width(sys.stdout)), sys.stdout)
    if out is not None:
        write(Text(f"{len(files)} filer i {out}.\n", f"{len(files)} files in {out}.\n").in_(lang), sys.stderr)
    return _flagged(assessment, fail_on, lang) if fail_on else DONE


def _flagged(assessment: Assessment, level: str, lang: Lang) -> int:
    from genomlys.engine.report.facts import problems_at

    number = problems_at(assessment, _LEVELS[_LEVELS.index(level) :])
    if not number:
        return DONE
    said = Text(
        f"Problem med minst den allvarsgrad som --fail-on {level} anger: {number}.\n",
        f"Problems at or above --fail-on {level}: {number}.\n",
    )
    write(said.in_(lang), sys.stderr)
    return FLAGGED


@main.command(options_metavar="[VÄXLAR]", short_help="Kontrollera datamängder och regelpaket.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_LANG
@_HELP
def check(paths: tuple[str, ...], lang: Lang) -> int:
    """Kontrollera datamängder och regelpaket, och visa alla fel med plats.

    PATH är en datamängds mapp, eller ett regelpakets mapp, fil eller namn.
    """
    from genomlys.engine.report.checked import check as checked

    found = checked(paths)
    write("".join(f"{text.in_(lang)}\n" for text in found.read), sys.stdout)
    if found.problems:
        write(told(found.problems, lang), sys.stderr)
    if not found.holds:
        return BAD_INPUT
    write(Text("Inga fel.\n", "No errors.\n").in_(lang), sys.stdout)
    return DONE


@main.command(options_metavar="[VÄXLAR]", short_help="Visa hur en bedömning är gjord.")
@click.argument("verdict", metavar="ID")
@_DATASET
@click.option("--unit", metavar="ID", help="Enhet. Annars datamängdens egen.")
@_AS_OF
@_RULES
@_WAIVERS
@_format("text", "md", "json", help="Text, Markdown eller JSON. Annars text.")
@_LANG
@_HELP
def explain(
    verdict: str,
    dataset: str | None,
    unit: str | None,
    as_of: dt.date | None,
    rules: tuple[str, ...],
    waivers: str | None,
    form: str,
    lang: Lang,
) -> int:
    """Visa hur en bedömning är gjord, även varför något inte är flaggat.

    ID är ett nyckeltal, ett område, en åtgärd, en omständighet eller en regel; eller regel/nyckeltal för en enda
    bedömning.
    """
    from genomlys.engine.explain import explain as explained
    from genomlys.engine.explain.formats import FORMATS

    found = explained(dataset, *rules, verdict=verdict, unit=unit, as_of=as_of, lang=lang, waivers=waivers)
    write(FORMATS[form](found, lang), sys.stdout)
    return DONE


@main.command(options_metavar="[VÄXLAR]", short_help="Visa vad flaggorna hänger på.")
@_DATASET
@click.option("--unit", metavar="ID", help="Enhet. Annars datamängdens egen.")
@_AS_OF
@_RULES
@_format("text", "md", "csv", help="Text, Markdown, eller alla prövningar som CSV. Annars text.")
@_LANG
@_HELP
def sensitivity(
    dataset: str | None, unit: str | None, as_of: dt.date | None, rules: tuple[str, ...], form: str, lang: Lang
) -> int:
    """Visa vilka flaggor som hänger på en enda sak: sista decimalen, ett år, en liknande kommun eller en tröskel."""
    from genomlys.engine.report import markdown, terminal
    from genomlys.engine.report.frames import as_csv
    from genomlys.engine.report.sensitive import content
    from genomlys.engine.sensitivity import sensitivity as tried

    found = tried(dataset, *rules, unit=unit, as_of=as_of, lang=lang)
    if form == "csv":
        write(as_csv(found.variations).decode("utf-8-sig").replace("\r\n", "\n"), sys.stdout)
    else:
        blocks = content(found)
        text = markdown.render(blocks) if form == "md" else terminal.render(blocks, width(sys.stdout))
        write(text, sys.stdout)
    return DONE


@main.command(options_metavar="[VÄXLAR]", short_help="Pröva reglerna på tidigare år.")
@_DATASET
@click.option("--unit", "units", multiple=True, metavar="ID|all", help="Enhet att pröva. Kan upprepas. Annars alla.")
@_RULES
@_format(
    "text",
    "md",
    "csv",
    "json",
    help="Text, Markdown, en rad per regel och tröskel som CSV, eller allt som JSON. Annars text.",
)
@_LANG
@_HELP
def backtest(dataset: str | None, units: tuple[str, ...], rules: tuple[str, ...], form: str, lang: Lang) -> int:
    """Pröva reglerna på tidigare år: hur mycket de flaggade, hur länge, och hur ofta igen.

    Varje år bedöms med det årets siffror. Samma sak prövas med halva och dubbla tröskeln, så att en tröskel kan väljas
    med öppna ögon.
    """
    from genomlys.engine.asking import ALL
    from genomlys.engine.backtest import backtest as tried
    from genomlys.engine.report import markdown, terminal
    from genomlys.engine.report.backtested import as_data, as_table, content

    unit = ALL if ALL in units else units or ALL
    found = tried(dataset, *rules, unit=unit, progress=_progress(lang))
    match form:
        case "csv":
            text = as_table(found)
        case "json":
            text = as_data(found)
        case "md":
            text = markdown.render(content(found, lang))
        case _:
            text = terminal.render(content(found, lang), width(sys.stdout))
    write(text, sys.stdout)
    return DONE


def _progress(lang: Lang) -> Callable[[int, int], None] | None:
    """A line on stderr that is written over, where somebody sits there to read it."""
    if not sys.stderr.isatty():
        return None

    def told(done: int, of: int) -> None:
        said = Text(f"\rProvat {done} av {of} …", f"\rDone {done} of {of} …").in_(lang)
        write(said if done < of else f"\r{' ' * len(said)}\r", sys.stderr)

    return told


@main.group(options_metavar="[VÄXLAR]", subcommand_metavar="KOMMANDO ...", cls=_Group)
@_HELP
def rules() -> None:
    """Skriv, kontrollera, pröva och visa regelpaket."""


_PACKS = click.argument("packs", nargs=-1, metavar="[PACK]...")


@rules.command("check", options_metavar="[VÄXLAR]", short_help="Visa allt som är fel i regelpaket.")
@_PACKS
@_format("text", "json", "sarif", "github", help="Hur felen skrivs. Annars text.")
@click.option("--data", metavar="DATASET", help="Pröva också om reglerna passar datamängden.")
@click.option("--strict", is_flag=True, help="Avsluta med kod 1 också vid varningar.")
@_LANG
@_HELP
def rules_check(packs: tuple[str, ...], form: str, data: str | None, strict: bool, lang: Lang) -> int:
    """Visa allt som är fel i regelpaket, med plats och vad som ska stå i stället.

    PACK är ett regelpakets mapp, fil eller namn. Flera läses tillsammans. Utan PACK prövas det medföljande.
    Med --data prövas också om reglernas nyckeltal, mått, mål och år finns i datamängden.
    """
    from genomlys.engine.report.problems import FORMATS

    asked = packs or ("kommun",)
    if data is None:
        from genomlys.engine.report.rulecheck import check_rules

        found = check_rules(asked)
    else:
        from genomlys.engine.report.checked import check_rules_with

        found = check_rules_with(asked, data)
    if form != "text" or found.problems:
        write(FORMATS[form](found.problems, lang), sys.stdout)
    else:
        write("".join(f"{text.in_(lang)}\n" for text in found.read), sys.stdout)
        write(Text("Inga fel.\n", "No errors.\n").in_(lang), sys.stdout)
    return BAD_INPUT if not found.holds or (strict and found.problems) else DONE


@rules.command("lock", options_metavar="[VÄXLAR]", short_help="Skriv låsfilen för ett regelpaket.")
@click.argument("pack", metavar="PACK")
@_LANG
@_HELP
def rules_lock(pack: str, lang: Lang) -> int:
    """Skriv låsfilen, så att en ändrad regel sedan kräver en ny version av regelpaketet.

    PACK är ett regelpakets mapp eller fil. En regel som har ändrats utan ny version låses inte.
    """
    from genomlys.engine.language.locking import lock_file, lock_problems, lock_text
    from genomlys.engine.language.pack import load_rules
    from genomlys.engine.report.files import write_files

    book = load_rules(pack)
    mine = next(each for each in book.packs if each.source == pack)
    problems = [problem for problem in lock_problems(mine, book) if problem.severity == "error"]
    if problems:
        write(told(problems, lang), sys.stderr)
        return BAD_INPUT
    path = lock_file(mine)
    write_files(path.parent, {path.name: lock_text(mine, book).encode()})
    write(
        Text(f"{path}: version {mine.version} låst.\n", f"{path}: version {mine.version} locked.\n").in_(lang),
        sys.stdout,
    )
    return DONE


@rules.command("list", options_metavar="[VÄXLAR]", short_help="Visa reglerna i en tabell.")
@_PACKS
@_LANG
@_HELP
def rules_list(packs: tuple[str, ...], lang: Lang) -> int:
    """Visa reglerna i regelpaket: id, titel, vad de gäller, allvarsgrad, del av målet och antal exempel."""
    from genomlys.engine.language.pack import load_rules
    from genomlys.engine.report.rulepages import rule_table
    from genomlys.engine.report.terminal import render

    write(render([rule_table(load_rules(*packs), lang)], width(sys.stdout)), sys.stdout)
    return DONE


@rules.command("docs", options_metavar="[VÄXLAR]", short_help="Skriv en läsbar sida för varje regel.")
@_PACKS
@click.option("--out", metavar="MAPP", help="Skriv en fil för varje regel i mappen, och en som leder till dem.")
@_format("md", "html", help="Markdown eller HTML. Annars md.")
@_LANG
@_HELP
def rules_docs(packs: tuple[str, ...], out: str | None, form: str, lang: Lang) -> int:
    """Skriv en läsbar sida för varje regel: syfte, villkor i ord, gränser, källa, exempel och historik.

    PACK är ett regelpakets mapp, fil eller namn. Utan --out visas alla sidor efter varandra.
    """
    from genomlys.engine.language.pack import load_rules
    from genomlys.engine.report.files import check_folder, write_files
    from genomlys.engine.report.rulepages import FORMATS, pages, together

    if out is not None:
        check_folder(Path(out))
    found = pages(load_rules(*packs), lang)
    if out is None:
        write(FORMATS[form](together(found), lang), sys.stdout)
        return DONE
    files = {f"{page.name}.{form}": FORMATS[form](page, lang).encode() for page in found}
    write_files(Path(out), files)
    write(Text(f"{len(files)} filer i {out}.\n", f"{len(files)} files in {out}.\n").in_(lang), sys.stderr)
    return DONE


@rules.command("schema", options_metavar="[VÄXLAR]", short_help="Visa JSON Schema för en editor.")
@click.argument(
    "name", type=click.Choice(["pack", "dataset", "waivers"]), default="pack", metavar="[pack|dataset|waivers]"
)
@_HELP
def rules_schema(name: str) -> int:
    """Visa JSON Schema (2020-12) för regelpaket, dataset.yaml eller waivers.yaml, för en editor."""
    from genomlys.engine.language.schema import written

    # A pattern with another minus in it would be another pattern.
    everything = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    write(written(name, ascii_only=not everything), sys.stdout)
    return DONE


def _percent(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    text = value.removesuffix("%").strip()
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) > 100:
        raise click.BadParameter(f"'{value}' är ingen andel. Skriv ett heltal från 0 till 100.")
    return int(text)


@rules.command("test", options_metavar="[VÄXLAR]", short_help="Pröva reglernas exempel.")
@_PACKS
@click.option(
    "--coverage",
    "least",
    callback=_percent,
    metavar="PROCENT",
    help="Avsluta med kod 1 om exemplen prövar mindre än så av alla utfall och villkorssvar.",
)
@click.option("--junit", metavar="FIL", help="Skriv också resultatet som JUnit-XML i filen.")
@_LANG
@_HELP
def rules_test(packs: tuple[str, ...], least: int | None, junit: str | None, lang: Lang) -> int:
    """Pröva exemplen i regelpaket, och visa vad inget exempel prövar.

    PACK är ett regelpakets mapp, fil eller namn. Flera läses tillsammans. Utan PACK prövas det medföljande.
    """
    from genomlys.engine.report.tested import try_packs

    tested = try_packs(packs or ("kommun",))
    write(tested.as_text(lang), sys.stdout)
    if junit is not None:
        Path(junit).write_text(tested.as_junit(lang), encoding="utf-8")
    too_little = least is not None and tested.coverage.percent < least
    return BAD_INPUT if tested.failed or too_little else DONE


if __name__ == "__main__":
    main()
