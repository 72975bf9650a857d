"""What the source says of itself: which words it writes, and the docstrings behind attributes."""

import ast
import re
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "server" / "src" / "agentpost_server"


@cache
def _texts() -> dict[str, str]:
    return {str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))}


def says(word: str, *, outside: tuple[str, ...]) -> bool:
    """Does any module but the catalogues in `outside` hold the string literal `word`?"""
    literal = re.compile(rf"[\"']{re.escape(word)}[\"']")
    return any(literal.search(text) for name, text in _texts().items() if name not in outside)


def composes(noun: str, verb: str) -> bool:
    """Does a module make `noun.verb` of two parts, as in f"inbox.{verb}", and hold the literal `verb`?"""
    start, literal = re.compile(rf'f"{noun}\.\{{'), re.compile(rf'"{verb}"')
    return any(start.search(text) and literal.search(text) for text in _texts().values())


def attribute_docs(path: str, class_name: str) -> dict[str, str]:
    """Attribute name to the string that stands behind it."""
    tree = ast.parse((SOURCE / path).read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    docs: dict[str, str] = {}
    for before, after in zip(found.body, found.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            docs[before.target.id] = " ".join(ast.literal_eval(after.value).split())
    return docs
