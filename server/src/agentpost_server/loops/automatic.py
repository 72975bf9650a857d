"""Whether a program may answer a mail by itself (RFC 3834 2): never a machine, and nobody whose name may be forged.

What a person has looked at goes out with `unattended: false`, to whomever.
"""

from uuid import UUID

import msgspec

from agentpost_server.core.errors import Forbidden
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.loops import store

_WORDS = {
    "auto_generated": "was made by a machine",
    "auto_replied": "is an automatic answer itself",
    "list": "came from a mailing list",
    "bounce": "is a bounce",
    "own_echo": "is this inbox's own mail that came back",
}
_FIX = "Have a person look at it, then send the answer with unattended: false."


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The mail that would be answered. `was_checked`: somebody has checked who sent it."""

    thread_id: UUID
    loop_class: str
    trust: str
    was_checked: bool
    flags: tuple[str, ...]


async def check_automatic(tx: Tx, tenant: Scope, asked: Asked) -> None:
    """Raises Forbidden (`policy_rejected`)."""
    if asked.loop_class != "none":
        said = _WORDS.get(asked.loop_class, "was not written by a person")
        raise _refused(f"The mail {said}: it gets no automatic answer (RFC 3834).")
    if not await _is_known(tx, tenant, asked):
        raise _refused("Nothing proves who sent the mail: an automatic answer may go to somebody who never wrote.")


async def _is_known(tx: Tx, tenant: Scope, asked: Asked) -> bool:
    if asked.trust in ("internal", "verified"):
        return True
    if asked.trust == "failed":
        return False
    # Where this server checks nobody, nobody is verified: then the class and the fuse are what holds.
    if not asked.was_checked:
        return True
    return "untrusted_participant" not in asked.flags and await store.is_begun_by_us(tx, tenant, asked.thread_id)


def _refused(detail: str) -> Forbidden:
    return Forbidden(detail, code="policy_rejected", fix=_FIX)
