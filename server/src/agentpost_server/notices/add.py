"""One verb: somebody is to be written to, once the change that it tells of stands."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.notices import store

TOPIC: Final = "notices"
_bells: list[Callable[[], None]] = []


async def add(tx: Tx, scope: Scope, kind: str, about: UUID, emails: Sequence[str]) -> None:
    """One notice for each address. The lane of this process is rung after the commit."""
    await store.insert(tx, scope, kind, about, [(ids.new_id(), email) for email in emails])
    tx.after_commit(ring)


def ring() -> None:
    for act in _bells:
        act()


def listen(act: Callable[[], None]) -> Callable[[], None]:
    """Call `act()` after each commit that added; returns how to stop."""
    _bells.append(act)
    return lambda: _bells.remove(act)
