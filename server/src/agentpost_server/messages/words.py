"""What people type into a search box, as text for PostgreSQL's to_tsquery.

Words are joined by AND; `"a phrase"`, `or`, `-not` and `begin*` mean what they mean on the web, and the last word is
taken for the beginning of one, for it may still be typed. Everything else is text: no character is an operator.
"""

import re
from typing import Final, Literal

from agentpost_server.core.errors import invalid_field

MOST_TERMS: Final = 32
_TERM: Final = re.compile(r'(?P<no>-?)"(?P<phrase>[^"]*)"?|(?P<word>\S+)')


def words_of(text: str, *, field: str = "q", weight: Literal["", "A"] = "", last_is_prefix: bool = True) -> str:
    """The query, "" when `text` holds no word. 422 for more than 32 terms. `weight` "A" looks into subjects only."""
    either: list[list[str]] = [[]]
    terms = list(_TERM.finditer(text.replace("\x00", " ")))
    if len(terms) > MOST_TERMS:
        raise invalid_field(field, f"has more than {MOST_TERMS} words")
    for n, term in enumerate(terms):
        if term["phrase"] is None and term["word"].lower() == "or":
            either.append([])
            continue
        last = last_is_prefix and n == len(terms) - 1 and term.end() == len(text)
        if operand := _operand(term, weight, last=last):
            either[-1].append(operand)
    return " | ".join(f"({' & '.join(one)})" for one in either if one)


def _operand(term: re.Match[str], weight: str, *, last: bool) -> str:
    if term["phrase"] is not None:
        negated, text, prefix = bool(term["no"]), term["phrase"], False
    else:
        negated = term["word"].startswith("-")
        text = term["word"].removeprefix("-")
        prefix = text.endswith("*") or (last and not negated)
        text = text.rstrip("*")
    if not any(character.isalnum() for character in text):
        return ""
    # A quoted operand: to_tsquery reads several words in it as a phrase.
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    suffix = ("*" if prefix else "") + weight
    return f"{'!' if negated else ''}'{quoted}'{':' + suffix if suffix else ''}"
