"""SQL of the request log."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentpost_server.db import Tx

if TYPE_CHECKING:
    from agentpost_server.requests.record import Entry


async def insert(tx: Tx, entries: "Sequence[Entry]") -> None:
    columns = list(zip(*entries, strict=True))
    await tx.run(
        """INSERT INTO request_log (organization_id, id, at, method, path, status, duration_ms, key_id,
        environment_id, ip, user_agent)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::smallint[],
           $7::integer[],
             $8::uuid[], $9::uuid[], $10::text[], $11::text[])""",
        *[list(column) for column in columns],
    )


async def list_requests(tx: Tx, organization_id: UUID, after: UUID | None, ascending: bool, limit: int) -> list[Any]:
    compare, order = (">", "ASC") if ascending else ("<", "DESC")
    return await tx.rows(
        f"""SELECT * FROM request_log WHERE organization_id = $1 AND ($2::uuid IS NULL OR id {compare} $2)
            ORDER BY id {order} LIMIT $3""",
        organization_id,
        after,
        limit,
    )
