"""SQL of the idempotency records: one row for each key whose effect was committed."""

import hashlib
from typing import NamedTuple
from uuid import UUID

from agentpost_server.db import Tx


class Stored(NamedTuple):
    """The first answer, and what it answered."""

    fingerprint: bytes
    status: int
    body: bytes


async def lock_key(tx: Tx, organization_id: UUID, key: str) -> bool:
    """False when another transaction holds this key now. Held until ours ends."""
    digest = hashlib.sha256(organization_id.bytes + key.encode()).digest()
    return await tx.value("SELECT pg_try_advisory_xact_lock($1)", int.from_bytes(digest[:8], "big", signed=True))


async def find_answer(tx: Tx, organization_id: UUID, key: str) -> Stored | None:
    row = await tx.row(
        "SELECT fingerprint, status, body FROM idempotency_keys WHERE organization_id = $1 AND key_hash = $2",
        organization_id,
        hashlib.sha256(key.encode()).digest(),
    )
    return None if row is None else Stored(row["fingerprint"], row["status"], row["body"])


async def keep_answer(tx: Tx, organization_id: UUID, key: str, answer: Stored) -> None:
    await tx.run(
        """INSERT INTO idempotency_keys (organization_id, key_hash, fingerprint, status, body)
           VALUES ($1, $2, $3, $4, $5)""",
        organization_id,
        hashlib.sha256(key.encode()).digest(),
        answer.fingerprint,
        answer.status,
        answer.body,
    )
