"""Tickets: a key's right to one WebSocket, for a minute, once. For browsers, which can set no header on it, and whose
URLs end in logs and histories where a key must not be.
"""

import base64
import binascii
import hashlib
import os
from typing import Final
from uuid import UUID

from agentpost_server.accounts import Caller
from agentpost_server.core.errors import Unauthenticated
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Database, Tx
from agentpost_server.streams import store
from agentpost_server.streams.model import Ticket
from agentpost_server.web.idempotency import Answer

_PREFIX: Final = "ap_wt_"
_SECONDS: Final = 60


async def create(tx: Tx, caller: Caller) -> Answer[Ticket]:
    """Only its hash is kept; a replayed answer has null in its place."""
    text = _PREFIX + base64.urlsafe_b64encode(caller.organization_id.bytes + os.urandom(32)).decode()
    expires_at = rfc3339(
        await store.insert_ticket(tx, caller.organization_id, _hash(text), caller.secret_hash, _SECONDS)
    )
    return Answer(
        value=Ticket(ticket=text, expires_at=expires_at), status=201, stored=Ticket(ticket=None, expires_at=expires_at)
    )


async def redeem(database: Database, text: str) -> tuple[UUID, bytes]:
    """The organization and the hash of the key that took it. Unauthenticated when it is used, over or none of ours."""
    organization_id = _organization_of(text)
    if organization_id is not None:
        async with database.transaction(organization_id) as tx:
            secret_hash = await store.take_ticket(tx, organization_id, _hash(text))
        if secret_hash is not None:
            return organization_id, secret_hash
    raise Unauthenticated(
        "This token is neither a key of this server nor a ticket that is still good.",
        code="invalid_key",
        fix="Take a new ticket with POST /ws/tickets: each lets one WebSocket in, within a minute.",
    )


def _organization_of(text: str) -> UUID | None:
    if not text.startswith(_PREFIX) or len(text) != len(_PREFIX) + 64:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(text[len(_PREFIX) :])[:16])
    except (binascii.Error, ValueError):
        return None


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
