"""Verbs on webhook endpoints."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound, invalid_field
from agentpost_server.core.scope import SYSTEM, Actor, Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.events import EVENT_TYPES, append
from agentpost_server.events.append import NewEvent
from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import check_url, policy_for
from agentpost_server.web.idempotency import Answer
from agentpost_server.webhooks import sealed, store
from agentpost_server.webhooks.model import CreateWebhook, UpdateWebhook, WebhookEndpoint, endpoint_of
from agentpost_server.webhooks.signing import new_secret


async def create(
    tx: Tx, scope: Scope, actor: Actor, wanted: CreateWebhook, *, runtime: Runtime
) -> Answer[WebhookEndpoint]:
    """201 with the endpoint and its secret; 200 with the first one, without, when `client_id` repeats."""
    check_url(wanted.url, policy_for(runtime))
    sealed.check_own_headers(wanted.headers)
    event_types = check_event_types(wanted.event_types)
    if wanted.client_id is not None:
        _clean(wanted.client_id, "client_id")
        await store.lock_client_id(tx, scope, wanted.client_id)
        if (first := await store.find_by_client_id(tx, scope, wanted.client_id)) is not None:
            return Answer(value=endpoint_of(first), status=200)
    secret = new_secret()
    row = await store.insert(
        tx,
        scope,
        ids.new_id(),
        secrets=sealed.seal_secrets(runtime.keyring, [sealed.Secret(secret)]),
        client_id=wanted.client_id,
        url=wanted.url,
        description=_clean(wanted.description, "description"),
        event_types=event_types,
        inbox_ids=await _inboxes(tx, scope, wanted.inbox_ids),
        headers=sealed.seal_headers(runtime.keyring, wanted.headers),
        header_names=list(wanted.headers),
        enabled=wanted.enabled,
    )
    made = endpoint_of(row)
    await audit.record(tx, scope.organization_id, actor, "webhook.created", made.id, after=made)
    return _shown_once(row, secret=secret, status=201)


async def row_of(tx: Tx, scope: Scope, webhook_id: UUID, *, lock: bool = False) -> Any:
    row = await store.find(tx, scope, webhook_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def update(
    tx: Tx, scope: Scope, actor: Actor, webhook_id: UUID, wanted: UpdateWebhook, *, runtime: Runtime
) -> WebhookEndpoint:
    """Enabling again begins the count of failures again; what fell due meanwhile can be replayed."""
    row = await row_of(tx, scope, webhook_id, lock=True)
    changed: dict[str, Any] = dict(row)
    if wanted.url is not UNSET:
        check_url(wanted.url, policy_for(runtime))
        changed["url"] = wanted.url
    if wanted.description is not UNSET:
        changed["description"] = _clean(wanted.description, "description")
    if wanted.event_types is not UNSET:
        changed["event_types"] = check_event_types(wanted.event_types or [])
    if wanted.inbox_ids is not UNSET:
        changed["inbox_ids"] = await _inboxes(tx, scope, wanted.inbox_ids or [])
    if wanted.headers is not UNSET:
        headers = wanted.headers or {}
        sealed.check_own_headers(headers)
        changed["headers"] = sealed.seal_headers(runtime.keyring, headers)
        changed["header_names"] = list(headers)
    if not isinstance(wanted.enabled, UnsetType):
        changed["enabled"] = wanted.enabled
    after = endpoint_of(await store.update(tx, scope, webhook_id, changed))
    await audit.record(
        tx, scope.organization_id, actor, "webhook.updated", after.id, before=endpoint_of(row), after=after
    )
    return after


async def rotate_secret(
    tx: Tx, scope: Scope, actor: Actor, webhook_id: UUID, *, runtime: Runtime
) -> Answer[WebhookEndpoint]:
    """A new secret; the one before signs on beside it for 24 hours, so that receivers can change in their own time."""
    row = await row_of(tx, scope, webhook_id, lock=True)
    now = runtime.now()
    secrets = sealed.rotate(sealed.open_secrets(runtime.keyring, row["secrets"], now), now)
    row = await store.set_secrets(tx, scope, webhook_id, sealed.seal_secrets(runtime.keyring, secrets))
    await audit.record(
        tx,
        scope.organization_id,
        actor,
        "webhook.secret_rotated",
        ids.encode("whk", webhook_id),
        after=endpoint_of(row),
    )
    ends = rfc3339(now + sealed.OVERLAP) if len(secrets) > 1 else UNSET
    return _shown_once(row, secret=secrets[0].secret, status=200, previous_secret_expires_at=ends)


async def delete(tx: Tx, scope: Scope, actor: Actor, webhook_id: UUID) -> None:
    """Gone at once, and with it every delivery that still waited and the whole log of those that were made."""
    row = await store.delete(tx, scope, webhook_id)
    if row is None:
        raise NotFound
    gone = endpoint_of(row)
    await audit.record(tx, scope.organization_id, actor, "webhook.deleted", gone.id, before=gone)


async def disable(tx: Tx, scope: Scope, webhook_id: UUID, reason: str) -> bool:
    """By the server itself, for `failures` or because the receiver is `gone`. False when it was disabled already."""
    row = await store.disable(tx, scope.organization_id, webhook_id, reason)
    if row is None:
        return False
    after = endpoint_of(row)
    data = {"webhook_id": after.id, "url": after.url, "reason": reason}
    await append(tx, scope, NewEvent(type="webhook.disabled", data=data))
    await audit.record(tx, scope.organization_id, SYSTEM, "webhook.disabled", after.id, after=after)
    return True


async def warn(tx: Tx, scope: Scope, webhook_id: UUID) -> bool:
    """Half-way to being disabled: noted in the audit log, once until it succeeds again."""
    row = await store.mark_warned(tx, scope.organization_id, webhook_id)
    if row is None:
        return False
    after = endpoint_of(row)
    await audit.record(tx, scope.organization_id, SYSTEM, "webhook.failing", after.id, after=after)
    return True


def check_event_types(given: list[str], field: str = "event_types") -> list[str]:
    """Each of the catalogue, each once. Invalid (422) names the one that is not."""
    for number, one in enumerate(given):
        if one not in EVENT_TYPES:
            raise invalid_field(f"{field}[{number}]", f"{one!r} is not a type of event")
    return list(dict.fromkeys(given))


async def _inboxes(tx: Tx, scope: Scope, given: list[str]) -> list[UUID]:
    decoded = [ids.decode_or_none("inb", one) for one in given]
    wanted = [one for one in decoded if one is not None]
    known = await store.known_inboxes(tx, scope, wanted) if wanted else set[UUID]()
    for number, one in enumerate(decoded):
        if one not in known:
            raise invalid_field(f"inbox_ids[{number}]", "there is no such inbox in this environment")
    return list(dict.fromkeys(wanted))


def _clean(text: str | None, field: str) -> str | None:
    if text is not None and "\x00" in text:
        raise invalid_field(field, "must not hold NUL")
    return text


def _shown_once(
    row: Any, *, secret: str, status: int, previous_secret_expires_at: str | UnsetType = UNSET
) -> Answer[WebhookEndpoint]:
    """With the secret for this answer, and with null in its place for every replay of it."""
    value, stored = endpoint_of(row), endpoint_of(row)
    for one, shown in ((value, secret), (stored, None)):
        one.secret = shown
        one.previous_secret_expires_at = previous_secret_expires_at
    return Answer(value=value, status=status, stored=stored)
