"""Pooled connections are never reset, so nothing may leave state on one: no session settings, locks or LISTEN."""

import re

from house.test_architecture import FILES, SOURCE, _strings

# The bus has a connection of its own; migrations run on one that is closed behind them.
_OWN_CONNECTION = {"providers/postgres_bus.py", "db/migrate.py"}
_STATEFUL = re.compile(
    r"^\s*(UN)?LISTEN\s|\bSET\s+SESSION\b|(?:^|;)\s*SET\s+(?!LOCAL\b)|\bpg_(try_)?advisory_lock\b"
    r"|\bset_config\([^)]*false\)|\bCREATE\s+TEMP|\bPREPARE\s+\w+\s+AS\b|\bDECLARE\s+\w+\s+CURSOR\s+WITH\s+HOLD"
)


def test_no_statement_leaves_anything_behind_on_its_connection() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {text[:60]}"
        for path in FILES
        if str(path.relative_to(SOURCE)) not in _OWN_CONNECTION
        for line, text in _strings(path)
        if _STATEFUL.search(text)
    ]
    assert found == []
