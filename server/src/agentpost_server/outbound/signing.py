"""What the From domain of a call says: whether it may send, and whose key signs: its own, else for our shared domain
the server's. Asked at the call and not at the submit: a domain may be lost, and a key rotated, while mail waits."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from agentpost_server.db import Tx
from agentpost_server.domains import Sender, senders
from agentpost_server.outbound.plan import LOCAL
from agentpost_server.runtime import Runtime

_NOBODYS: Final = Sender(can_send=True, signer=None)


async def senders_of(runtime: Runtime, tx: Tx, rows: Sequence[Any]) -> dict[UUID, Sender]:
    """By transmission. One statement, and none where every sender stands on the shared domain."""
    shared = runtime.settings.shared_domain.lower()
    wanted = {_domain(row) for row in rows if row["from_domain"] != shared}
    found = await senders(tx, runtime.keyring, list(wanted)) if wanted else {}
    shared_one = Sender(can_send=True, signer=runtime.signer)
    told = {
        row["id"]: shared_one if row["from_domain"] == shared else found.get(_domain(row), _NOBODYS) for row in rows
    }
    unsigned = {row["id"] for row in rows if not _is_ours_to_sign(runtime, row["transport"])}
    return {its_id: one._replace(signer=None) if its_id in unsigned else one for its_id, one in told.items()}


def _is_ours_to_sign(runtime: Runtime, name: str) -> bool:
    transport = runtime.transports.get(name)
    return transport is not None and name != LOCAL and not transport.limits.signs_dkim


def _domain(row: Any) -> tuple[UUID, UUID, str]:
    return row["organization_id"], row["environment_id"], row["from_domain"]
