"""Verbs on domains."""

from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, UnsetType

from agentpost_server import audit
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound, RateLimited, invalid_field
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.domains import store, store_keys
from agentpost_server.domains.check import settle
from agentpost_server.domains.keys import NewKey
from agentpost_server.domains.look import Answers
from agentpost_server.domains.model import CreateDomain, Domain, UpdateDomain
from agentpost_server.domains.names import check_name
from agentpost_server.domains.records import dkim_name
from agentpost_server.domains.shape import domain_of
from agentpost_server.domains.way import keys_of, wanted_of
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Answer

_BETWEEN_ASKS_SECONDS: Final = 2
MOST_UNPROVEN: Final = 50
"""Naming a domain costs lookups, and at some providers a place in the operator's account, before anything is proven."""


async def create(
    tx: Tx, scope: Scope, actor: Actor, wanted: CreateDomain, *, key: NewKey, runtime: Runtime
) -> Answer[Domain]:
    """201 with the new domain and its records; 200 with the first one when `client_id` repeats."""
    name = check_domain(runtime, wanted.domain)
    if wanted.client_id is not None:
        await store.lock_client_id(tx, scope, wanted.client_id)
        if (first := await store.find_by_client_id(tx, scope, wanted.client_id)) is not None:
            return Answer(value=domain_of(runtime, first), status=200)
    if await store.count_unproven(tx, scope.organization_id) >= MOST_UNPROVEN:
        raise Conflict(
            f"{MOST_UNPROVEN} domains of this organization have never been verified.",
            fix="Publish their records, or delete those that are not needed: DELETE /domains/{id}.",
        )
    domain_id = ids.new_id()
    if not await store.insert(tx, scope, domain_id, domain=name, client_id=wanted.client_id):
        raise Conflict(f"{name} is a domain of this environment already.", fix="Use it: GET /domains lists it.")
    await _add_key(tx, scope, domain_id, key)
    made = domain_of(runtime, await row_of(tx, scope, domain_id))
    await audit.record(tx, scope.organization_id, actor, "domain.created", made.id, after=made)
    return Answer(value=made, status=201)


def check_domain(runtime: Runtime, given: str) -> str:
    own = frozenset({runtime.settings.shared_domain.lower(), runtime.smtp_hostname.lower()})
    return check_name(given, own=own)


async def row_of(tx: Tx, scope: Scope, domain_id: UUID, *, lock: bool = False) -> Any:
    row = await store.find(tx, scope, domain_id, lock=lock)
    if row is None:
        raise NotFound
    return row


async def update(
    tx: Tx, scope: Scope, actor: Actor, domain_id: UUID, wanted: UpdateDomain, *, runtime: Runtime
) -> Domain:
    """Another transport may ask for other records: what the domain may do is judged at once, by what was seen last."""
    row = await row_of(tx, scope, domain_id, lock=True)
    changed = dict(row)
    if wanted.catch_all_inbox_id is not UNSET:
        changed["catch_all_inbox_id"] = await _catch_all(tx, scope, wanted.catch_all_inbox_id)
    if not isinstance(wanted.subdomains_enabled, UnsetType):
        changed["subdomains_enabled"] = wanted.subdomains_enabled
    if row["subdomains_enabled"] and not changed["subdomains_enabled"]:
        await _refuse_inbox(tx, scope, row["domain"], below=True)
    if wanted.transport is not UNSET:
        changed["transport"] = _transport(runtime, wanted.transport)
    await store.update(tx, scope, domain_id, changed)
    if changed["transport"] != row["transport"]:
        await settle(runtime, tx, scope.organization_id, domain_id, Answers({}))
        await store.search_anew(tx, scope, domain_id, due_at=runtime.now())
    after = domain_of(runtime, await row_of(tx, scope, domain_id))
    await audit.record(
        tx, scope.organization_id, actor, "domain.updated", after.id, before=domain_of(runtime, row), after=after
    )
    return after


async def rotate_dkim(tx: Tx, scope: Scope, actor: Actor, domain_id: UUID, *, key: NewKey, runtime: Runtime) -> Domain:
    """A new key is asked for beside the present one. Conflict (409) while one waits to be published already."""
    row = await row_of(tx, scope, domain_id, lock=True)
    waiting = [one for one in keys_of(row) if one.active_at is None]
    if waiting:
        name = dkim_name(waiting[0].selector, row["domain"])
        raise Conflict(f"{name} is not published yet.", fix="Publish that record and verify; then rotate again.")
    if not any(record.selector for record in wanted_of(runtime, row)):
        raise Conflict(
            "The provider of this domain's transport signs its mail, and changes its keys itself.",
            fix="There is nothing to do.",
        )
    await _add_key(tx, scope, domain_id, key)
    await store.search_anew(tx, scope, domain_id, due_at=runtime.now())
    after = domain_of(runtime, await row_of(tx, scope, domain_id))
    await audit.record(tx, scope.organization_id, actor, "domain.dkim_rotated", after.id, after=after)
    return after


async def ask_to_verify(tx: Tx, scope: Scope, domain_id: UUID, *, runtime: Runtime) -> None:
    """The search begins anew. RateLimited (429) when it was asked for a moment ago."""
    await row_of(tx, scope, domain_id)
    if not await store.note_asked(tx, scope, domain_id, least_seconds=_BETWEEN_ASKS_SECONDS):
        raise RateLimited(
            "This domain was looked at a moment ago.",
            fix="Wait as long as Retry-After says; the server also looks by itself.",
            retry_after=_BETWEEN_ASKS_SECONDS,
        )
    await store.search_anew(tx, scope, domain_id, due_at=runtime.now())


async def delete(tx: Tx, scope: Scope, actor: Actor, domain_id: UUID, *, runtime: Runtime) -> None:
    """Conflict (409) while inboxes stand on it (H-70). None of those goes while mail of it is on its way out, so that
    no domain does."""
    row = await row_of(tx, scope, domain_id, lock=True)
    await _refuse_inbox(tx, scope, row["domain"])
    await store.release(tx, row["domain"], domain_id)
    await store.delete(tx, scope, domain_id)
    gone = domain_of(runtime, row)
    await audit.record(tx, scope.organization_id, actor, "domain.deleted", gone.id, before=gone)


async def _refuse_inbox(tx: Tx, scope: Scope, domain: str, *, below: bool = False) -> None:
    if (email := await store.an_inbox_on(tx, scope, domain, below=below)) is not None:
        what = "a subdomain of this domain" if below else "this domain"
        raise Conflict(f"{email} stands on {what}.", fix=f"Delete the inboxes on {what} first.")


async def _add_key(tx: Tx, scope: Scope, domain_id: UUID, key: NewKey) -> None:
    await store_keys.insert(
        tx,
        scope.organization_id,
        domain_id,
        selector=key.selector,
        public_key=key.public_key,
        private_key=key.private_key,
    )


async def _catch_all(tx: Tx, scope: Scope, given: str | None | UnsetType) -> UUID | None:
    if not given:
        return None
    inbox_id = ids.decode_or_none("inb", given)
    if inbox_id is None or not await store.has_inbox(tx, scope, inbox_id):
        raise invalid_field("catch_all_inbox_id", "there is no such inbox in this environment")
    return inbox_id


def _transport(runtime: Runtime, given: str | None | UnsetType) -> str | None:
    if not given:
        return None
    if given not in runtime.transports:
        offered = ", ".join(sorted(runtime.transports))
        raise invalid_field("transport", f"this server has no such transport; it has {offered}")
    return given
