"""Whose key signs a call: the From domain's own, else for our shared domain the server's. Asked at the call and not at
the submit, so that a key that was rotated meanwhile is the one that stands in the DNS."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentpost_server.db import Tx
from agentpost_server.domains import signers
from agentpost_server.mail.dkim_sign import Signer
from agentpost_server.outbound.plan import LOCAL
from agentpost_server.runtime import Runtime


async def signers_of(runtime: Runtime, tx: Tx, rows: Sequence[Any]) -> dict[UUID, Signer]:
    """By transmission. One statement, and none where every sender stands on the shared domain."""
    signed = [row for row in rows if _is_ours_to_sign(runtime, row["transport"])]
    shared = runtime.settings.shared_domain.lower()
    wanted = {_domain(row) for row in signed if row["from_domain"] != shared}
    found = await signers(tx, runtime.keyring, list(wanted)) if wanted else {}
    keys = {row["id"]: runtime.signer if row["from_domain"] == shared else found.get(_domain(row)) for row in signed}
    return {transmission_id: key for transmission_id, key in keys.items() if key is not None}


def _is_ours_to_sign(runtime: Runtime, name: str) -> bool:
    transport = runtime.transports.get(name)
    return transport is not None and name != LOCAL and not transport.limits.signs_dkim


def _domain(row: Any) -> tuple[UUID, UUID, str]:
    return row["organization_id"], row["environment_id"], row["from_domain"]
