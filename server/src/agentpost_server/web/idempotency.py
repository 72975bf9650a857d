"""Idempotency-Key: the first answer is stored in the transaction of its effect, so a replay never tells of something
that did not happen, and an effect never happens without its answer.

A transaction-scoped advisory lock says at once that the first request is still running (409); it ends with the
connection, so a crashed server leaves nothing to wait for.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import msgspec
from litestar import Response
from litestar.enums import MediaType

from agentpost_server.core.errors import BadRequest, Conflict, Invalid
from agentpost_server.db import Tx
from agentpost_server.web.store import Stored, find_answer, keep_answer, lock_key

T = TypeVar("T")
P = TypeVar("P")


class Answer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a verb gives back when its status is not the route's own. `stored` is what a replay may show instead of
    `value`: the same without a secret."""

    value: T
    status: int
    stored: Any = None


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A request's right to change something once. Handlers get it injected and call it with the verb."""

    transaction: Callable[[UUID], Any]
    organization_id: UUID
    key: str | None
    fingerprint: bytes

    async def __call__(self, act: Callable[[Tx], Awaitable[T | Answer[T]]], *, status: int = 200) -> Response[T]:
        """Run `act` in one transaction and answer with what it returned (200, `status`, or its Answer's own)."""
        async with self.transaction(self.organization_id) as tx:
            if self.key is not None and (first := await self._first(tx)) is not None:
                return _replay(first)
            value = await act(tx)
            answer = _answer_of(value, status)
            body = _encode(answer.value)
            if self.key is not None:
                await self._keep(tx, answer.status, body if answer.stored is None else _encode(answer.stored))
        return _response(body, answer.status, {})

    async def replay(self) -> Response[Any] | None:
        """The stored answer, asked before costly preparation; None when there is none yet."""
        if self.key is None:
            return None
        async with self.transaction(self.organization_id) as tx:
            first = await self._look_up(tx)
        return None if first is None else _replay(first)

    async def _first(self, tx: Tx) -> Stored | None:
        if not await lock_key(tx, self.organization_id, self.key or ""):
            raise Conflict(
                "The first request with this Idempotency-Key is still running.",
                code="idempotency_in_progress",
                fix="Wait for it, then send the same request again.",
                retry_after=1,
            )
        return await self._look_up(tx)

    async def _look_up(self, tx: Tx) -> Stored | None:
        stored = await find_answer(tx, self.organization_id, self.key or "")
        if stored is not None and stored.fingerprint != self.fingerprint:
            raise Invalid(
                "This Idempotency-Key was used for another request.",
                code="idempotency_key_reused",
                fix="Use a new key for a new request; repeat the first one unchanged to get its answer.",
            )
        return stored

    async def _keep(self, tx: Tx, status: int, body: bytes) -> None:
        await keep_answer(tx, self.organization_id, self.key or "", Stored(self.fingerprint, status, body))


def _answer_of(value: Any, status: int) -> Answer[Any]:
    if isinstance(value, Answer):
        return cast("Answer[Any]", value)
    return Answer(value=value, status=status)


def check_key(value: str | None) -> str | None:
    """1–256 printable ASCII characters, or no header at all."""
    if value is None or (1 <= len(value) <= 256 and all(" " <= c <= "~" for c in value)):
        return value
    raise BadRequest(
        "Idempotency-Key must be 1 to 256 printable ASCII characters.",
        code="invalid_idempotency_key",
        fix="Send a UUID, for example.",
    )


def fingerprint(method: str, path: str, environment_id: UUID | None, body: bytes, restrictions: bytes) -> bytes:
    """What makes two requests the same: never the key that sent them, but what it may touch."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), environment_id.bytes if environment_id else b"", restrictions, body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _encode(value: Any) -> bytes:
    return b"" if value is None else msgspec.json.encode(value)


def _replay(first: Stored) -> Response[Any]:
    return _response(first.body, first.status, {"Idempotent-Replayed": "true"})


def _response(body: bytes, status: int, headers: dict[str, str]) -> Response[Any]:
    return Response(content=body, status_code=status, media_type=MediaType.JSON, headers=headers)
