"""The chore of waits: it ends those that nobody asks for any more, and takes away what ended long ago."""

from typing import Final

from agentpost_server.runtime import Runtime
from agentpost_server.waits import store

_BATCH: Final = 5000
_ROUNDS: Final = 20


async def prune(runtime: Runtime) -> None:
    """A bounded amount a call."""
    for _ in range(_ROUNDS):
        if await store.prune(runtime.database, _BATCH, runtime.settings.wait_hours * 3600) < _BATCH:
            return
