"""docs/reference/cli.md: every command with its arguments, read from the parser (argparse's own help differs between
versions of Python)."""

import argparse
import importlib
from collections.abc import Iterator

from reference_pages.markdown import page, table

_INTRO = """
`agentpost-server` runs and looks after a server. Every [setting](settings.md) can be given by environment or file; the
flags below win over both. Exit codes: 0 done, 1 it could not be done, 2 the command line or a setting is wrong.
"""


def render() -> str:
    # The package's `main` is the function, so the module is asked for by name.
    parser: argparse.ArgumentParser = importlib.import_module("agentpost_server.cli.main")._parser()
    return page("Commands", _INTRO, [_section(*one) for one in _commands(parser)])


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Those that do something, depth first, with the sentence that says what."""
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield parser, parser.description or ""
    for group in groups:
        for child in group.choices.values():
            yield from _commands(child)


def _section(parser: argparse.ArgumentParser, description: str) -> str:
    text = f"## `{parser.prog}`\n\n{description[:1].upper()}{description[1:]}."
    rows = [_row(one) for one in parser._actions if one.help != argparse.SUPPRESS and one.dest != "help"]
    return f"{text}\n\n{table(['argument', 'meaning'], rows)}" if rows else text


def _row(action: argparse.Action) -> tuple[str, str]:
    value = action.metavar or ("|".join(action.choices) if action.choices else "")
    name = f"{action.option_strings[0]} {value}" if action.option_strings else str(value)
    meaning = (action.help or "") % vars(action) if action.help else ("required" if action.required else "")
    return f"`{name.strip()}`", meaning
