"""Small pieces of Markdown that the pages share."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by docs/generate.py from the code. Do not edit. -->\n"


def page(title: str, intro: str, sections: Iterable[str]) -> str:
    return "\n\n".join([f"{NOTICE}\n# {title}", intro.strip(), *(one.strip() for one in sections)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def code(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")
