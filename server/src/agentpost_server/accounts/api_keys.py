"""Verbs on API keys: create, rename, rotate, revoke. No key makes one that may do more than itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from agentpost_server import audit
from agentpost_server.accounts import keys, store
from agentpost_server.accounts.authenticate import Caller
from agentpost_server.accounts.model import ApiKey, CreateApiKey, RotateApiKey, UpdateApiKey, api_key_of
from agentpost_server.accounts.scopes import SCOPES, contains
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, Forbidden, NotFound, invalid_field
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.web.idempotency import Answer


async def create(tx: Tx, caller: Caller, wanted: CreateApiKey, moment: datetime) -> Answer[ApiKey]:
    environment_ids, inbox_ids = await _reach(tx, caller, wanted)
    scopes = frozenset(wanted.scopes)
    if unknown := scopes - SCOPES:
        raise invalid_field(
            "scopes", f"there is no scope {sorted(unknown)[0]}", fix="See /docs for the list of scopes."
        )
    if not contains(caller.scopes, scopes):
        raise _too_much(f"scope {sorted(scopes - caller.scopes)[0]}")
    latest = await _latest(tx, caller, environment_ids, moment)
    expires_at = _expiry(caller, wanted.expires_at, moment, latest)
    return await _insert(
        tx,
        caller,
        kind=wanted.kind or caller.kind,
        name=wanted.name,
        scopes=sorted(scopes),
        environment_ids=environment_ids,
        inbox_ids=inbox_ids,
        expires_at=expires_at,
    )


async def rotate(tx: Tx, caller: Caller, key_id: UUID, wanted: RotateApiKey, moment: datetime) -> Answer[ApiKey]:
    """A new secret with the same reach; the old one ends now, or after the overlap."""
    row = await _own(tx, caller, key_id)
    if row["revoked_at"] is not None:
        raise Conflict("This key was revoked.", fix="Create a new key.")
    if row["expires_at"] is not None and row["expires_at"] <= moment:
        raise Conflict("This key has expired, and a rotated one would have too.", fix="Create a new key.")
    _refuse_wider(caller, row)
    latest = await _latest(tx, caller, row["environment_ids"], moment)
    await store.revoke_key(tx, caller.organization_id, key_id, moment + timedelta(seconds=wanted.overlap_seconds))
    await _audit(tx, caller, "api_key.rotated", row)
    return await _insert(
        tx,
        caller,
        kind=row["kind"],
        name=row["name"],
        scopes=row["scopes"],
        environment_ids=row["environment_ids"],
        inbox_ids=row["inbox_ids"],
        expires_at=min((one for one in (row["expires_at"], latest) if one is not None), default=None),
    )


async def rename(tx: Tx, caller: Caller, key_id: UUID, wanted: UpdateApiKey) -> ApiKey:
    row = await _own(tx, caller, key_id)
    if wanted.name is UNSET:
        return api_key_of(row)
    renamed = await store.rename_key(tx, caller.organization_id, key_id, wanted.name)
    await _audit(tx, caller, "api_key.updated", renamed)
    return api_key_of(renamed)


async def revoke(tx: Tx, caller: Caller, key_id: UUID, moment: datetime) -> None:
    await _own(tx, caller, key_id)
    row = await store.revoke_key(tx, caller.organization_id, key_id, moment)
    await _audit(tx, caller, "api_key.revoked", row)


def _refuse_wider(caller: Caller, row: Any) -> None:
    """Rotating shows a secret, so whoever does it must have all that the secret opens."""
    if row["kind"] != caller.kind:
        raise _too_much(f"kind {row['kind']}")
    if not contains(caller.scopes, frozenset(row["scopes"])):
        raise _too_much("what this key may do")
    if caller.key.environment_ids and not _named(row["environment_ids"], caller):
        raise _too_much("the environments of this key")
    if caller.expires_at is not None and (row["expires_at"] is None or row["expires_at"] > caller.expires_at):
        raise _too_much("a life beyond its own end")


def _named(environment_ids: Sequence[UUID], caller: Caller) -> bool:
    """Whether the list names some environments, and only those of a limited caller; an empty one means all."""
    own = frozenset(caller.key.environment_ids)
    return bool(environment_ids) and all(ids.encode("env", one) in own for one in environment_ids)


async def _own(tx: Tx, caller: Caller, key_id: UUID) -> Any:
    row = await store.find_key(tx, caller.organization_id, key_id, lock=True)
    if row is None:
        raise NotFound
    return row


async def _reach(tx: Tx, caller: Caller, wanted: CreateApiKey) -> tuple[list[UUID], list[UUID]]:
    """The environments and inboxes of the new key, which must lie within the caller's."""
    if wanted.kind is not None and wanted.kind != caller.kind:
        raise _too_much(f"kind {wanted.kind}")
    only = [ids.decode("env", one) for one in caller.key.environment_ids]
    visible = await store.environment_ids(tx, caller.organization_id, caller.kind, only)
    environment_ids = [found for one in wanted.environment_ids if (found := ids.decode_or_none("env", one)) is not None]
    if len(environment_ids) < len(wanted.environment_ids) or not visible.issuperset(environment_ids):
        raise invalid_field("environment_ids", "names an environment that this key may not use")
    if not environment_ids and caller.key.environment_ids:
        environment_ids = sorted(visible)
        if not environment_ids:
            raise _too_much("environments")  # an empty list would mean all
    inbox_ids = [found for one in wanted.inbox_ids if (found := ids.decode_or_none("inb", one)) is not None]
    within = environment_ids or sorted(visible)
    missing = await store.missing_inboxes(tx, caller.organization_id, within, inbox_ids)
    if missing or len(inbox_ids) < len(wanted.inbox_ids):
        raise invalid_field("inbox_ids", "names an inbox that does not exist")
    return environment_ids, inbox_ids


async def _latest(tx: Tx, caller: Caller, environment_ids: Sequence[UUID], moment: datetime) -> datetime | None:
    """The end that a policy of the kind governance sets for keys."""
    days = await store.max_key_days(tx, caller.organization_id, environment_ids)
    return None if days is None else moment + timedelta(days=days)


def _expiry(caller: Caller, wanted: datetime | None, moment: datetime, latest: datetime | None) -> datetime | None:
    """A key without an end of its own gets the latest that a policy allows."""
    if wanted is not None and wanted.tzinfo is None:
        raise invalid_field("expires_at", "needs a time zone, such as 2027-01-01T00:00:00Z")
    if wanted is not None and wanted <= moment:
        raise invalid_field("expires_at", "lies in the past")
    if caller.expires_at is not None and (wanted is None or wanted > caller.expires_at):
        raise _too_much("a life beyond its own end")
    if wanted is not None and latest is not None and wanted > latest:
        raise invalid_field("expires_at", f"lies behind {rfc3339(latest)}, the latest that a policy allows")
    return wanted if wanted is not None else latest


def _too_much(what: str) -> Forbidden:
    return Forbidden(
        f"A key cannot give {what}, which it does not have.", fix="Use a key that has at least what you give."
    )


async def _insert(tx: Tx, caller: Caller, **fields: Any) -> Answer[ApiKey]:
    text = keys.make(fields["kind"], caller.organization_id)
    row = await store.insert_key(
        tx,
        caller.organization_id,
        ids.new_id(),
        prefix=keys.prefix_of(text),
        secret_hash=keys.hash_of(text),
        created_by=msgspec.json.encode(caller.actor).decode(),
        **fields,
    )
    await _audit(tx, caller, "api_key.created", row)
    shown = api_key_of(row)
    return Answer(
        value=msgspec.structs.replace(shown, key=text), status=201, stored=msgspec.structs.replace(shown, key=None)
    )


async def _audit(tx: Tx, caller: Caller, action: str, row: Any) -> None:
    await audit.record(
        tx, caller.organization_id, caller.actor, action, ids.encode("key", row["id"]), after=api_key_of(row)
    )
