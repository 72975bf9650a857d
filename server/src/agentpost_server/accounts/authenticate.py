"""From a bearer key to a Caller. What was looked up is believed for one second, on every process: so long does a
revoked key live, and so rarely does a busy one cost a query.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.accounts import store
from agentpost_server.accounts.keys import read as read_key
from agentpost_server.accounts.model import ApiKey, KnownEnvironment, api_key_of
from agentpost_server.accounts.scopes import SEES_HELD, allows
from agentpost_server.core import ids
from agentpost_server.core.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from agentpost_server.core.scope import Actor, Scope, key_actor
from agentpost_server.db import Database

_BELIEVED_SECONDS = 1.0
_MOST_CACHED = 20_000


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling and what they may do. `environments` are those that the key may use."""

    organization_id: UUID
    key_id: UUID
    secret_hash: bytes
    key: ApiKey
    scopes: frozenset[str]
    environments: tuple[KnownEnvironment, ...]
    inbox_ids: tuple[UUID, ...]
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> Actor:
        return key_actor(self.key_id, self.key.name)

    @property
    def kind(self) -> str:
        return self.key.kind

    def may_enter(self, environment_id: UUID, kind: str) -> bool:
        """Whether the key reaches an environment, one that `environments` does not know yet included."""
        limited = self.key.environment_ids
        return kind == self.kind and (not limited or ids.encode("env", environment_id) in limited)

    def demand(self, scope: str) -> None:
        """Forbidden (403 `missing_scope`) unless the key has the scope."""
        if not allows(self.scopes, scope, inbox_limited=bool(self.inbox_ids)):
            raise Forbidden(
                f"This key does not have {scope}.",
                code="missing_scope",
                fix=f"Create a key with {scope}, and use that one.",
            )

    def enter(self, environment: str | None) -> Scope:
        """The Scope of the environment that the header names (id or slug), or of the key's only or default one."""
        chosen = self._named(environment) if environment else self._implied()
        sees_held = allows(self.scopes, SEES_HELD, inbox_limited=bool(self.inbox_ids))
        return Scope(self.organization_id, chosen.id, self.inbox_ids, sees_held)

    def restrictions(self) -> bytes:
        """What a replayed answer depends on besides the request: two keys with equal reach may share an
        Idempotency-Key."""
        return msgspec.json.encode(
            [self.kind, sorted(self.scopes), sorted(self.key.environment_ids), sorted(self.key.inbox_ids)]
        )

    def _named(self, environment: str) -> KnownEnvironment:
        wanted = ids.decode_or_none("env", environment)
        for one in self.environments:
            if one.id == wanted or one.slug == environment:
                return one
        raise NotFound("There is no such environment for this key.", fix="Check the AgentPost-Environment header.")

    def _implied(self) -> KnownEnvironment:
        if len(self.environments) == 1:
            return self.environments[0]
        for one in self.environments:
            if one.is_default:
                return one
        raise BadRequest(
            "This key may use several environments and none is the default.",
            code="environment_required",
            fix="Name one in the AgentPost-Environment header: an id or a slug.",
        )


class Authenticator:
    """Finds the Caller of a key and remembers it for a second."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self.used: set[tuple[UUID, UUID]] = set()

    async def caller(self, authorization: str | None) -> Caller:
        """The Caller of an `Authorization: Bearer …` header. Raises Unauthenticated."""
        kind, _, text = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not text.strip():
            raise _unauthenticated(
                "unauthenticated", "This path needs an API key.", "Send Authorization: Bearer ap_sk_…"
            )
        return await self.caller_of_key(text.strip())

    async def caller_of_key(self, text: str) -> Caller:
        key = read_key(text)
        if key is None:
            raise _invalid_key()
        return await self.caller_of_hash(key.organization_id, key.secret_hash)

    async def caller_of_hash(self, organization_id: UUID, secret_hash: bytes) -> Caller:
        """The Caller of a key that was authenticated before, as it may act now: for connections that stay open."""
        caller = self._remembered(secret_hash) or await self._look_up(organization_id, secret_hash)
        self._refuse_ended(caller)
        self.used.add((caller.organization_id, caller.key_id))
        return caller

    async def caller_anew(self, caller: Caller) -> Caller:
        """The same key as the database has it now: it may know an environment that was made within the last second."""
        return await self._look_up(caller.organization_id, caller.secret_hash)

    def _remembered(self, secret_hash: bytes) -> Caller | None:
        known = self._known.get(secret_hash)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def _look_up(self, organization_id: UUID, secret_hash: bytes) -> Caller:
        asked_at = time.monotonic()
        async with self._database.transaction(organization_id) as tx:
            row, environments = await store.identify(tx, organization_id, secret_hash)
        if row is None:
            raise _invalid_key()
        caller = _caller_of(row, environments)
        # From when the question was asked: a key revoked while it was under way must not live longer.
        self._known[secret_hash] = (asked_at + _BELIEVED_SECONDS, caller)
        self._known.move_to_end(secret_hash)
        if len(self._known) > _MOST_CACHED:
            self._known.popitem(last=False)
        return caller

    def _refuse_ended(self, caller: Caller) -> None:
        moment = self._now()
        if caller.revoked_at is not None and caller.revoked_at <= moment:
            raise _unauthenticated("key_revoked", "This key was revoked.", "Use another key, or create a new one.")
        if caller.expires_at is not None and caller.expires_at <= moment:
            raise _unauthenticated("key_expired", "This key has expired.", "Create a new one.")

    async def flush_used(self) -> None:
        """Write `last_used_at` of keys used since the last flush: at most once a minute each."""
        used, self.used = self.used, set()
        by_organization: dict[UUID, list[UUID]] = {}
        for organization_id, key_id in used:
            by_organization.setdefault(organization_id, []).append(key_id)
        for organization_id, key_ids in by_organization.items():
            async with self._database.transaction(organization_id) as tx:
                await store.touch_keys(tx, organization_id, key_ids)


def _caller_of(row: Any, environments: list[Any]) -> Caller:
    limited = set(row["environment_ids"])
    usable = [
        KnownEnvironment(one["env_id"], one["slug"], one["env_kind"], one["is_default"])
        for one in environments
        if one["env_kind"] == row["kind"] and (not limited or one["env_id"] in limited)
    ]
    return Caller(
        organization_id=row["organization_id"],
        key_id=row["id"],
        secret_hash=row["secret_hash"],
        key=api_key_of(row),
        scopes=frozenset(row["scopes"]),
        environments=tuple(usable),
        inbox_ids=tuple(row["inbox_ids"]),
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _invalid_key() -> Unauthenticated:
    return _unauthenticated("invalid_key", "This is not a key of this server.", "Check the key for missing characters.")


def _unauthenticated(code: str, detail: str, fix: str) -> Unauthenticated:
    return Unauthenticated(detail, code=code, fix=fix, headers={"WWW-Authenticate": 'Bearer realm="AgentPost"'})
