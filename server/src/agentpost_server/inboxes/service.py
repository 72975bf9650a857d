"""Verbs on inboxes."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, Forbidden, NotFound, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.domains import upwards
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.inboxes import names, store
from agentpost_server.inboxes.model import CreateInbox, Inbox, Metadata, UpdateInbox, inbox_of
from agentpost_server.mail.address import AddressError, parse_domain
from agentpost_server.web.idempotency import Answer

_TRIES = 8


class InboxRow(NamedTuple):
    """What other slices need of an inbox."""

    id: UUID
    email: str
    domain: str
    display_name: str | None
    send_paused: bool
    pause_reason: str | None


async def create(tx: Tx, scope: Scope, actor: Actor, wanted: CreateInbox, *, shared_domain: str) -> Answer[Inbox]:
    """201 with the new inbox; 200 with the first one when `client_id` repeats."""
    if scope.inbox_ids:
        raise Forbidden("This key may use certain inboxes only.", fix="Use a key without inbox_ids to create one.")
    if wanted.client_id is not None:
        await store.lock_client_id(tx, scope, wanted.client_id)
        if (first := await store.find_by_client_id(tx, scope, wanted.client_id)) is not None:
            return Answer(value=inbox_of(first), status=200)
    _check_metadata(wanted.metadata)
    domain = _domain(wanted.domain or shared_domain)
    row = (
        await _insert_shared(tx, scope, wanted, domain)
        if domain == shared_domain
        else await _insert_own(tx, scope, wanted, domain)
    )
    made = inbox_of(row)
    await append(
        tx, scope, NewEvent(type="inbox.created", inbox_id=row["id"], data={"inbox_id": made.id, "email": made.email})
    )
    await audit.record(tx, scope.organization_id, actor, "inbox.created", made.id, after=made)
    return Answer(value=made, status=201)


async def create_exact(tx: Tx, scope: Scope, address: str, display_name: str) -> bool:
    """An inbox at exactly this address, on the shared domain too: the operator's own postmaster. False when taken."""
    local_part, _, domain = address.lower().rpartition("@")
    wanted = CreateInbox(display_name=display_name)
    return await _insert(tx, scope, wanted, local_part, local_part, domain) is not None


async def find(tx: Tx, scope: Scope, inbox_id: UUID, *, lock: bool = False) -> InboxRow:
    """Raises NotFound for what this tenant, environment or key does not have."""
    row = await row_of(tx, scope, inbox_id, lock=lock)
    return InboxRow(
        row["id"], row["email"], row["domain"], row["display_name"], row["send_paused"], row["pause_reason"]
    )


async def row_of(tx: Tx, scope: Scope, inbox_id: UUID, *, lock: bool = False) -> Any:
    row = await store.find(tx, scope, inbox_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def update(tx: Tx, scope: Scope, actor: Actor, inbox_id: UUID, wanted: UpdateInbox) -> Inbox:
    row = await row_of(tx, scope, inbox_id, lock=True)
    display_name = (
        row["display_name"] if wanted.display_name is UNSET else names.check_display_name(wanted.display_name)
    )
    metadata = row["metadata"]
    if wanted.metadata is not UNSET:
        _check_metadata(wanted.metadata or {})
        metadata = msgspec.json.encode(wanted.metadata or {}).decode()
    words = names.words_of(row["email"], display_name)
    after = inbox_of(await store.update(tx, scope, inbox_id, display_name=display_name, metadata=metadata, words=words))
    await audit.record(tx, scope.organization_id, actor, "inbox.updated", after.id, before=inbox_of(row), after=after)
    return after


class Rates(NamedTuple):
    """In percent: what an inbox is paused for, or null where somebody paused it by hand."""

    bounce_rate: float | None = None
    complaint_rate: float | None = None


async def pause(
    tx: Tx, scope: Scope, actor: Actor, inbox_id: UUID, reason: str = "manual", rates: Rates | None = None
) -> Inbox:
    """No mail leaves from it until it is resumed; it goes on receiving. Pausing twice keeps the first reason."""
    row = await row_of(tx, scope, inbox_id, lock=True)
    return inbox_of(row) if row["send_paused"] else await _set_paused(tx, scope, actor, inbox_id, reason, rates)


async def resume(tx: Tx, scope: Scope, actor: Actor, inbox_id: UUID) -> Inbox:
    row = await row_of(tx, scope, inbox_id, lock=True)
    return await _set_paused(tx, scope, actor, inbox_id, None) if row["send_paused"] else inbox_of(row)


async def delete(tx: Tx, scope: Scope, actor: Actor, inbox_id: UUID) -> None:
    """Conflict (409) while mail of it is on its way out: no orphan sends."""
    row = await row_of(tx, scope, inbox_id, lock=True)
    if await store.has_mail_in_flight(tx, scope, inbox_id):
        raise Conflict(
            "Mail of this inbox is on its way out.", fix="Wait until it is sent, or cancel it; then delete again."
        )
    await store.mark_deleted(tx, scope, inbox_id)
    gone = inbox_of(row)
    await append(
        tx, scope, NewEvent(type="inbox.deleted", inbox_id=inbox_id, data={"inbox_id": gone.id, "email": gone.email})
    )
    await audit.record(tx, scope.organization_id, actor, "inbox.deleted", gone.id, before=gone)


async def _set_paused(
    tx: Tx, scope: Scope, actor: Actor, inbox_id: UUID, reason: str | None, rates: Rates | None = None
) -> Inbox:
    row = await store.set_paused(tx, scope, inbox_id, paused=reason is not None, reason=reason)
    after = inbox_of(row)
    verb = "paused" if reason else "resumed"
    data = {"inbox_id": after.id, "email": after.email, "reason": reason or "manual", **(rates or Rates())._asdict()}
    await append(tx, scope, NewEvent(type=f"inbox.{verb}", inbox_id=inbox_id, data=data))
    await audit.record(tx, scope.organization_id, actor, f"inbox.{verb}", after.id, after=after)
    return after


async def _insert_shared(tx: Tx, scope: Scope, wanted: CreateInbox, domain: str) -> Any:
    """`{username}-{6 random}@<shared domain>`: nobody owns a plain name on a domain that everyone shares."""
    base = names.check_username(wanted.username)[:57].rstrip(".-_") if wanted.username else None
    for _ in range(_TRIES):
        name = f"{base or names.generated()}-{names.suffix()}"
        if (row := await _insert(tx, scope, wanted, name, base or name, domain)) is not None:
            return row
    raise Conflict("No free name was found.", fix="Try again, or choose another username.")


async def _insert_own(tx: Tx, scope: Scope, wanted: CreateInbox, domain: str) -> Any:
    if not await store.stands(tx, scope, upwards(domain)):
        raise Forbidden(
            f"{domain} is not a verified domain of this environment.",
            code="domain_not_verified",
            fix="Add the domain, publish its records and wait until it is verified; for a subdomain, enable subdomains"
            " of the domain above it; or leave domain out.",
        )
    if wanted.username:
        name = names.check_username(wanted.username)
        for _ in range(2):
            if (row := await _insert(tx, scope, wanted, name, name, domain)) is not None:
                return row
            await store.free_address(tx, f"{name}@{domain}")
        raise invalid_field("username", f"{name}@{domain} is taken", code="taken")
    for _ in range(_TRIES):
        name = names.generated()
        if (row := await _insert(tx, scope, wanted, name, name, domain)) is not None:
            return row
    raise Conflict("No free name was found.", fix="Try again, or choose a username.")


async def _insert(tx: Tx, scope: Scope, wanted: CreateInbox, local_part: str, username: str, domain: str) -> Any:
    email = f"{local_part}@{domain}"
    display_name = names.check_display_name(wanted.display_name)
    return await store.insert(
        tx,
        scope,
        ids.new_id(),
        email=email,
        words=names.words_of(email, display_name),
        username=username,
        domain=domain,
        display_name=display_name,
        client_id=wanted.client_id,
        metadata=msgspec.json.encode(wanted.metadata).decode(),
    )


def _domain(given: str) -> str:
    """As domains are stored: lower-case A-labels. What is no name is nobody's domain."""
    try:
        return parse_domain(given.strip().rstrip("."))
    except AddressError:
        return given.lower()


def _check_metadata(metadata: Metadata) -> None:
    for key, value in metadata.items():
        if not 1 <= len(key) <= 64:
            raise invalid_field("metadata", "keys have 1 to 64 characters")
        if isinstance(value, str) and len(value) > 1000:
            raise invalid_field(f"metadata.{key}", "strings have at most 1,000 characters")
        if "\x00" in key or (isinstance(value, str) and "\x00" in value):
            raise invalid_field(f"metadata.{key}", "must not hold NUL")
