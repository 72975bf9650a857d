"""The house rules that a machine can hold: sizes, where SQL may stand, each slice's public face."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agentpost_server.settings import Settings

SOURCE = Path(__file__).parents[2] / "src" / "agentpost_server"
FILES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((Path(__file__).parents[1]).rglob("*.py"))
_SQL = re.compile(r"\b(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s)", re.DOTALL)


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_no_file_is_longer_than_400_lines() -> None:
    assert [path.name for path in FILES + TESTS if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    assert [_name(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def _may_hold_sql(path: Path) -> bool:
    top = path.relative_to(SOURCE).parts[0]
    return path.name.startswith("store") or path.parent.name == "store" or top in ("db", "work")


def test_sql_stands_only_in_stores_db_and_work() -> None:
    misplaced = [
        f"{_name(path)}:{line}"
        for path in FILES
        if not _may_hold_sql(path) and _name(path) != "providers/postgres_bus.py"
        for line, text in _strings(path)
        if _SQL.search(text)
    ]
    assert misplaced == []


def test_every_setting_is_used() -> None:
    """A setting that nothing reads is a promise that nothing keeps."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in FILES if path.name != "settings.py")
    fields = [field.name for field in msgspec.structs.fields(Settings)]
    assert [name for name in fields if not re.search(rf"\.{name}\b", source)] == []


def test_each_slice_has_a_public_face() -> None:
    slices = [path for path in SOURCE.iterdir() if path.is_dir() and not path.name.startswith("_")]
    assert [one.name for one in slices if not (one / "__init__.py").exists()] == []


def test_stores_are_reached_only_from_their_own_slice() -> None:
    """A slice's SQL is its own business: others call its verbs."""
    foreign = []
    for path in FILES:
        own = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("agentpost_server."):
                continue
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            foreign += [
                f"{_name(path)} -> {name}"
                for name in names
                if name.split(".")[1] != own and any(part.startswith("store") for part in name.split(".")[2:3])
            ]
    assert foreign == []
