"""All tenants' domains, for the operator's commands: how many stand how, and each with what it must publish."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from agentpost_server.db import Database
from agentpost_server.domains import store


async def count_by_status(database: Database) -> dict[str, int]:
    """How many domains there are by status, of 10,000 at most."""
    return {row["status"]: row["number"] for row in await store.count_by_status(database)}


async def every(database: Database, organization_ids: Collection[UUID], most: int) -> list[Any]:
    """Rows of the domains of these organizations with their keys, those that were verified first."""
    async with database.work(organization_ids) as tx:
        return await store.list_of(tx, list(organization_ids), most)
