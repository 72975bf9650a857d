"""Keyset pages with opaque, signed cursors: page 1 and page 10,000 cost the same.

A cursor holds the last row's key and a MAC over it, the list's name and the tenant: one of another list or another
tenant is as bad as a made-up one (400 `invalid_page_token`).
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from agentpost_server.core.errors import BadRequest
from agentpost_server.core.secrets import Keyring

T = TypeVar("T")
_MAC = 16


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """`{"data": […], "next_page_token": "…" or null}`."""

    data: list[T]
    next_page_token: str | None


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a list was asked for. `after` is the key of the row before this page, or None for the first."""

    limit: int
    ascending: bool
    after: tuple[Any, ...] | None


def read_cursor(keyring: Keyring, name: str, organization_id: UUID, token: str | None) -> tuple[Any, ...] | None:
    if token is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        mac, payload = sealed[:_MAC], sealed[_MAC:]
        if len(token) <= 512 and keyring.verify("cursor", _bound(name, organization_id, payload), mac):
            return tuple(msgspec.msgpack.decode(payload, type=list[Any]))
    except (ValueError, msgspec.DecodeError):
        pass
    raise BadRequest(
        "This page_token was not given out by this list.",
        code="invalid_page_token",
        fix="Take next_page_token from the answer before, or leave page_token out to begin.",
    )


def write_cursor(keyring: Keyring, name: str, organization_id: UUID, key: Sequence[Any]) -> str:
    payload = msgspec.msgpack.encode(list(key))
    mac = keyring.sign("cursor", _bound(name, organization_id, payload), size=_MAC)
    return base64.urlsafe_b64encode(mac + payload).decode().rstrip("=")


def page_of(
    rows: list[Any],
    limit: int,
    key_of: Callable[[Any], Sequence[Any]],
    shape: Callable[[Any], T],
    seal: Callable[[Sequence[Any]], str],
) -> Page[T]:
    """Cut `limit + 1` rows to a page: the extra row only says that there is a next one."""
    token = seal(key_of(rows[limit - 1])) if len(rows) > limit else None
    return Page(data=[shape(row) for row in rows[:limit]], next_page_token=token)


def _bound(name: str, organization_id: UUID, payload: bytes) -> bytes:
    return name.encode() + b"\0" + organization_id.bytes + payload
