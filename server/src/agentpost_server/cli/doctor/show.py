"""The report: aligned words for people, with colours only on a terminal, or one JSON object."""

import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server import __version__
from agentpost_server.cli.doctor.model import Finding, Verdict

_WORDS: Final[dict[Verdict, str]] = {
    "ok": "ok",
    "warning": "warning",
    "failed": "FAILED",
    "not_checked": "not checked",
}
_COLOURS: Final[dict[Verdict, str]] = {"ok": "32", "warning": "33", "failed": "31", "not_checked": "2"}
_WORD: Final = max(map(len, _WORDS.values()))
_LEAST_WIDTH: Final = 60


class _Report(msgspec.Struct):
    version: str
    status: Verdict
    counts: dict[Verdict, int]
    checks: Sequence[Finding]


def as_json(findings: Sequence[Finding]) -> str:
    """`status` is the worst of all."""
    counts = _counts(findings)
    worst: Verdict = "failed" if counts["failed"] else "warning" if counts["warning"] else "ok"
    return msgspec.json.encode(_Report(__version__, worst, counts, findings)).decode()


def as_text(findings: Sequence[Finding]) -> str:
    terminal = sys.stdout.isatty()
    colours = terminal and "NO_COLOR" not in os.environ
    width = max(shutil.get_terminal_size().columns, _LEAST_WIDTH) if terminal else 0
    name_width = max(len(one.name) for one in findings)
    lines = [f"AgentPost {__version__}", ""]
    for one in findings:
        word = _WORDS[one.status].ljust(_WORD)
        head = f"  {_coloured(word, one.status) if colours else word}  {one.name.ljust(name_width)}  "
        indent = " " * (_WORD + name_width + 6)
        lines += _wrapped(head, indent, one.found, width)
        if one.fix:
            lines += _wrapped(f"{indent}→ ", f"{indent}  ", one.fix, width)
    counts = _counts(findings)
    total = ", ".join(f"{counts[verdict]} {word.lower()}" for verdict, word in _WORDS.items())
    return "\n".join([*lines, "", f"  {total}."])


def _wrapped(head: str, indent: str, text: str, width: int) -> list[str]:
    room = width - len(indent)
    pieces = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) if room > 20 else [text]
    return [(head if number == 0 else indent) + piece for number, piece in enumerate(pieces or [""])]


def _coloured(word: str, verdict: Verdict) -> str:
    return f"\033[{_COLOURS[verdict]}m{word}\033[0m"


def _counts(findings: Sequence[Finding]) -> dict[Verdict, int]:
    number = Counter(one.status for one in findings)
    return {verdict: number[verdict] for verdict in _WORDS}
