"""Making an organization: its default environment, a sandbox, and a first key for each."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from agentpost_server import audit
from agentpost_server.accounts import keys, store
from agentpost_server.core import ids
from agentpost_server.core.scope import SYSTEM
from agentpost_server.db import Database, Tx


class NewOrganization(NamedTuple):
    """Ids and the two secrets, shown this once."""

    organization_id: UUID
    live_environment_id: UUID
    test_environment_id: UUID
    live_key: str
    test_key: str


async def create_organization(database: Database, name: str) -> NewOrganization:
    organization_id, live, test = ids.new_id(), ids.new_id(), ids.new_id()
    async with database.transaction(organization_id) as tx:
        await store.insert_organization(tx, organization_id, name)
        await _environment(tx, organization_id, live, "Default", "default", "live", is_default=True)
        await _environment(tx, organization_id, test, "Sandbox", "sandbox", "test", is_default=False)
        live_key = await insert_full_key(tx, organization_id, "live", "first live key")
        test_key = await insert_full_key(tx, organization_id, "test", "first sandbox key")
        await audit.record(
            tx,
            organization_id,
            SYSTEM,
            "organization.created",
            ids.encode("org", organization_id),
            after={"name": name},
        )
    return NewOrganization(organization_id, live, test, live_key, test_key)


async def list_organizations(database: Database) -> list[tuple[UUID, str]]:
    """Id and name of every organization of this server, oldest first."""
    return [(row["organization_id"], row["name"]) for row in await store.list_organizations(database)]


async def create_key(database: Database, organization_id: UUID, kind: str, name: str) -> str:
    """A full key of one more operator or program. Answers the secret."""
    async with database.transaction(organization_id) as tx:
        return await insert_full_key(tx, organization_id, kind, name)


async def _environment(
    tx: Tx, organization_id: UUID, environment_id: UUID, name: str, slug: str, kind: str, *, is_default: bool
) -> None:
    await store.insert_environment(
        tx,
        organization_id,
        environment_id,
        is_default=is_default,
        name=name,
        slug=slug,
        kind=kind,
        transport="local",
        allowed_recipients=[],
        retention_days=None,
    )


async def insert_full_key(tx: Tx, organization_id: UUID, kind: str, name: str) -> str:
    """A key with every scope, for operators at the machine. Answers the secret."""
    text = keys.make(kind, organization_id)
    key_id = ids.new_id()
    await store.insert_key(
        tx,
        organization_id,
        key_id,
        name=name,
        prefix=keys.prefix_of(text),
        kind=kind,
        secret_hash=keys.hash_of(text),
        scopes=["*"],
        environment_ids=[],
        inbox_ids=[],
        expires_at=None,
        created_by=msgspec.json.encode(SYSTEM).decode(),
    )
    await audit.record(
        tx,
        organization_id,
        SYSTEM,
        "api_key.created",
        ids.encode("key", key_id),
        after={"name": name, "kind": kind, "scopes": ["*"]},
    )
    return text
