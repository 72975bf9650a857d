"""Answers for people: a list as a table of what tells its rows apart, one object as its fields."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from agentpost._core.model import Model

_FIRST: Final = (
    "id lease_id email domain address name username subject from_address to_addresses type kind status url direction "
    "labels reason value code text created_at received_at at"
).split()
_MOST_COLUMNS: Final = 6
_MOST_CHARACTERS: Final = 60


def table(value: Any) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if isinstance(value, Model):
        _one(console, value.to_dict())
        return
    rows = [one.to_dict() for one in value.data]
    if not rows:
        console.print("Nothing here yet.", style="dim")
        return
    columns = [name for name in _FIRST if any(row.get(name) not in (None, [], "") for row in rows)][:_MOST_COLUMNS]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column.removesuffix("_at").replace("_", " "), no_wrap=True)
    for row in rows:
        shown.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(shown)
    if value.next_page_token:
        console.print(f"More: --page-token {value.next_page_token}", style="dim")


def _one(console: Console, fields: dict[str, Any]) -> None:
    shown = Table(box=None, pad_edge=False, show_header=False)
    for name, value in fields.items():
        if value not in (None, [], {}, ""):
            shown.add_row(f"[bold]{name}[/]", _cell(value, whole=True))
    console.print(shown)


def _cell(value: Any, *, whole: bool = False) -> str:
    """Mail is data: no character of it may steer the terminal, and no bracket is markup."""
    if isinstance(value, dict) and "email" in value:
        value = value["email"]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        value = ", ".join(_cell(one, whole=True) for one in value)  # pyright: ignore[reportUnknownVariableType]
    text = "" if value is None else str(value)  # pyright: ignore[reportUnknownArgumentType]
    text = "".join(one if one.isprintable() or (whole and one == "\n") else " " for one in text)
    if not whole and len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    return text.replace("[", r"\[")
