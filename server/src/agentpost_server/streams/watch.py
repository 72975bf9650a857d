"""A stream lives no longer than the key that opened it (K-04): every open stream's key is looked at again and again."""

from agentpost_server.accounts import Caller
from agentpost_server.accounts.authenticate import Authenticator
from agentpost_server.core.errors import Forbidden, Unauthenticated
from agentpost_server.streams.hub import Hub, Listener

WATCH_SECONDS = 3
SCOPE = "events:read"


async def watch_keys(hub: Hub, authenticator: Authenticator) -> None:
    """One look at each key, however many streams it has open."""
    by_key: dict[bytes, list[Listener]] = {}
    for listener in hub.listeners():
        by_key.setdefault(listener.caller.secret_hash, []).append(listener)
    for secret_hash, listeners in by_key.items():
        caller = await _allowed(authenticator, listeners[0].caller, secret_hash)
        for listener in listeners:
            if caller is None or _lowered(listener.caller, caller):
                listener.revoke()


async def _allowed(authenticator: Authenticator, caller: Caller, secret_hash: bytes) -> Caller | None:
    try:
        now = await authenticator.caller_of_hash(caller.organization_id, secret_hash)
        now.demand(SCOPE)
    except (Unauthenticated, Forbidden):
        return None
    return now


def _lowered(before: Caller, now: Caller) -> bool:
    reach = {one.id for one in now.environments}
    return before.inbox_ids != now.inbox_ids or not {one.id for one in before.environments} <= reach
