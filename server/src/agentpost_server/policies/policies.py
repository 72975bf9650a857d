"""Verbs on policies: create, change, delete. Each is audited: whoever may loosen a policy may undo all of it."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from agentpost_server import audit
from agentpost_server.accounts import Caller
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.policies import store
from agentpost_server.policies.check_rules import read_rules
from agentpost_server.policies.model import CreatePolicy, Policy, UpdatePolicy, policy_of
from agentpost_server.policies.place import demand_organization, site_of


async def create(tx: Tx, tenant: Scope, caller: Caller, wanted: CreatePolicy) -> Policy:
    rules = read_rules(wanted.kind, wanted.rules)
    site = await site_of(tx, tenant, caller, wanted.scope, wanted.environment_id, wanted.inbox_id)
    row = await store.insert(
        tx,
        tenant,
        ids.new_id(),
        *site,
        name=wanted.name,
        kind=wanted.kind,
        enabled=wanted.enabled,
        rules=msgspec.json.encode(rules).decode(),
    )
    made = policy_of(row)
    await audit.record(tx, tenant.organization_id, caller.actor, "policy.created", made.id, after=made)
    return made


async def get(tx: Tx, tenant: Scope, policy_id: UUID) -> Policy:
    return policy_of(await _row(tx, tenant, policy_id))


async def update(tx: Tx, tenant: Scope, caller: Caller, policy_id: UUID, wanted: UpdatePolicy) -> Policy:
    row = await _row_to_change(tx, tenant, caller, policy_id)
    rules = row["rules"]
    if wanted.rules is not UNSET:
        rules = msgspec.json.encode(read_rules(row["kind"], wanted.rules)).decode()
    changed = await store.update(
        tx,
        tenant,
        policy_id,
        name=row["name"] if wanted.name is UNSET else wanted.name,
        enabled=row["enabled"] if wanted.enabled is UNSET else wanted.enabled,
        rules=rules,
    )
    before, after = policy_of(row), policy_of(changed)
    await audit.record(tx, tenant.organization_id, caller.actor, "policy.updated", after.id, before=before, after=after)
    return after


async def delete(tx: Tx, tenant: Scope, caller: Caller, policy_id: UUID) -> None:
    gone = policy_of(await _row_to_change(tx, tenant, caller, policy_id))
    await store.delete(tx, tenant, policy_id)
    await audit.record(tx, tenant.organization_id, caller.actor, "policy.deleted", gone.id, before=gone)


async def _row(tx: Tx, tenant: Scope, policy_id: UUID, *, lock: bool = False) -> Any:
    row = await store.find(tx, tenant, policy_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def _row_to_change(tx: Tx, tenant: Scope, caller: Caller, policy_id: UUID) -> Any:
    row = await _row(tx, tenant, policy_id, lock=True)
    if row["environment_id"] is None:
        demand_organization(caller)
    return row
