"""The command line. The only module that knows click; imports of the engine stand inside the commands."""

from __future__ import annotations

import click

from genomlys import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="genomlys")
def main() -> None:
    """Review a municipality's key figures: what needs attention, by how much, and how sure that is."""


if __name__ == "__main__":
    main()
