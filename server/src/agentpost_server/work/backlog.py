"""How much work waits, over all tenants: numbers for /metrics."""

from agentpost_server.db import Database


async def backlog(database: Database) -> dict[str, int]:
    """Rows that are due now by work table, counted up to 10,000 each."""
    rows = await database.route("SELECT kind, waiting FROM router.backlog()")
    return {row["kind"]: row["waiting"] for row in rows}
