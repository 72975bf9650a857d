"""Verbs on environments."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from msgspec import UNSET, structs

from agentpost_server import audit
from agentpost_server.accounts import store
from agentpost_server.accounts.authenticate import Caller
from agentpost_server.accounts.model import CreateEnvironment, Environment, UpdateEnvironment, environment_of
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, Forbidden, NotFound, invalid_field
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx


async def clock_offset(tx: Tx, tenant: Scope) -> timedelta:
    """How far a test environment's clock was advanced (`sandbox/clock.py`); nothing in any other."""
    return timedelta(seconds=await store.clock_offset_seconds(tx, tenant))


async def create(tx: Tx, caller: Caller, wanted: CreateEnvironment, offered: Collection[str]) -> Environment:
    """The new one has the key's own kind: a test key must not make a place where mail leaves."""
    _check_transport(wanted.transport, offered)
    if wanted.kind != caller.kind:
        raise Forbidden(
            f"A {caller.kind} key cannot make a {wanted.kind} environment.", fix=f"Use a {wanted.kind} key for that."
        )
    if caller.key.environment_ids:
        raise Forbidden("This key is limited to certain environments.", fix="Use a key without environment_ids.")
    row = await store.insert_environment(
        tx, caller.organization_id, ids.new_id(), is_default=False, **structs.asdict(wanted)
    )
    if row is None:
        raise invalid_field("slug", "is taken in this organization", code="taken")
    made = environment_of(row)
    await audit.record(tx, caller.organization_id, caller.actor, "environment.created", made.id, after=made)
    return made


async def update(
    tx: Tx, caller: Caller, environment_id: UUID, wanted: UpdateEnvironment, offered: Collection[str]
) -> Environment:
    """`offered`: the transports that this server has."""
    if wanted.transport is not UNSET:
        _check_transport(wanted.transport, offered)
    row = await find(tx, caller, environment_id, lock=True)
    before = environment_of(row)
    changes = {name: value for name, value in structs.asdict(wanted).items() if value is not UNSET}
    if wanted.allowed_recipients is None:
        changes["allowed_recipients"] = []
    after = environment_of(
        await store.update_environment(tx, caller.organization_id, environment_id, {**row, **changes})
    )
    await audit.record(
        tx, caller.organization_id, caller.actor, "environment.updated", after.id, before=before, after=after
    )
    return after


def _check_transport(name: str, offered: Collection[str]) -> None:
    """Refused here rather than when mail is sent: by then whoever wrote the setting has gone."""
    if name not in offered:
        raise invalid_field(
            "transport",
            f"{name} is not set up on this server, which has {', '.join(sorted(offered))}",
            fix="Choose one of those, or set up the other one: docs/reference/settings.md.",
            code="not_offered",
        )


async def delete(tx: Tx, caller: Caller, environment_id: UUID) -> None:
    row = await find(tx, caller, environment_id, lock=True)
    if row["is_default"]:
        raise Conflict("The default environment cannot be deleted.", fix="Delete the organization, or keep it empty.")
    if not await store.delete_environment(tx, caller.organization_id, environment_id):
        raise Conflict(
            "This environment is not empty.", fix="Delete its inboxes, domains, webhooks and suppressions first."
        )
    gone = environment_of(row)
    await audit.record(tx, caller.organization_id, caller.actor, "environment.deleted", gone.id, before=gone)


async def find(tx: Tx, caller: Caller, environment_id: UUID, *, lock: bool = False) -> dict[str, object]:
    row = await store.find_environment(tx, caller.organization_id, environment_id, lock=lock)
    if row is None or not caller.may_enter(environment_id, row["kind"]):
        raise NotFound
    return dict(row)
