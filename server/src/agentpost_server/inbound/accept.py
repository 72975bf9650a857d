"""Accepting mail: after `accept` returns it survives a power cut, whoever brought it and whatever its bytes are.

Concurrent arrivals share a commit. The same bytes of the same sender for the same inbox within the duplicate window
are one mail: clients resend when our answer was lost.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import Unavailable
from agentpost_server.db import Database
from agentpost_server.inbound import store
from agentpost_server.inbound.batching import Batcher
from agentpost_server.inbound.smtp import Route
from agentpost_server.inbound.smtp.data import scan_header
from agentpost_server.inbound.store import InboundRow, Seen
from agentpost_server.mail.authentication import Authentication
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime

INLINE_OCTETS: Final = 256 * 1024
"""Content up to this lies in PostgreSQL, so that one flush makes row and bytes durable."""
TOPIC: Final = "mail-in"

_BATCH: Final = 50
_BATCH_OCTETS: Final = 4 << 20
# Without a Message-ID two equal mails are more likely two mails than one sent twice.
_WINDOW_WITHOUT_ID_SECONDS: Final = 600


class AcceptMail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail and its envelope. `mail_from` is "" for the null sender; `size` and `sha256` are of `content`.

    `source` is `smtp`, `local`, `ses`…; `due_at` in the future delays what follows, not the acceptance.
    `authentication` is known where the door has checked, or its provider has; else ingest asks. `provider_id`: the
    provider's own name of this mail; the same again for the same inbox is one mail, whatever its bytes are.
    `dated`: its place among its inbox's mail is that of `received_at`, which a test environment's clock told.
    """

    routes: tuple[Route, ...]
    mail_from: str
    content: bytes | Path
    size: int
    sha256: bytes
    has_message_id: bool
    source: str
    received_at: datetime
    client_ip: str | None = None
    helo: str | None = None
    protocol: str | None = None
    tls: bool = False
    flags: tuple[str, ...] = ()
    due_at: datetime | None = None
    authentication: Authentication | None = None
    provider_id: str | None = None
    dated: bool = False


class AcceptedMail(msgspec.Struct, frozen=True, kw_only=True):
    """One id for each inbox, which will be its message's; `seen` are the entries in the duplicate window."""

    inbound_ids: tuple[UUID, ...]
    seen: tuple[Seen, ...]


def mail_of_bytes(content: bytes, *, routes: tuple[Route, ...], **envelope: object) -> AcceptMail:
    """An AcceptMail of bytes in memory (CRLF line ends); `envelope` are its other fields."""
    _, has_message_id = scan_header(content[:INLINE_OCTETS])
    measured = {"size": len(content), "sha256": hashlib.sha256(content).digest(), "has_message_id": has_message_id}
    return AcceptMail(routes=routes, content=content, **measured, **envelope)  # pyright: ignore[reportArgumentType]


async def accept(runtime: Runtime, mail: AcceptMail) -> AcceptedMail:
    """Durable when this returns, one row an inbox; safe to repeat when it raises (Unavailable, OSError)."""
    rows = _rows(mail, runtime.settings.duplicate_hours * 3600)
    if rows[0].content is None:
        await asyncio.gather(*(runtime.blobs.put(_key(row), mail.content, media_type="message/rfc822") for row in rows))
    batcher = _batcher(runtime.database)
    kept = await asyncio.gather(*(batcher.put((runtime, row)) for row in rows), return_exceptions=True)
    for row, answer in zip(rows, kept, strict=True):
        # A lost connection leaves open whether the row stands: then its bytes must stay.
        if row.content is None and answer != row.id and not isinstance(answer, Unavailable | asyncio.CancelledError):
            with contextlib.suppress(OSError):
                await runtime.blobs.delete(_key(row))
    inbound_ids: list[UUID] = []
    for answer in kept:
        if isinstance(answer, BaseException):
            raise answer
        inbound_ids.append(answer)
    seen = [
        Seen(row.organization_id, row.inbox_id, row.fingerprint, kept)
        for row, kept in zip(rows, inbound_ids, strict=True)
    ]
    return AcceptedMail(inbound_ids=tuple(inbound_ids), seen=tuple(seen))


def _rows(mail: AcceptMail, window_seconds: int) -> list[InboundRow]:
    """One an inbox: two addresses of one inbox are one mail, and no inbox learns of another's address."""
    by_inbox: dict[tuple[UUID, UUID], list[Route]] = {}
    for route in mail.routes:
        by_inbox.setdefault((route.organization_id, route.inbox_id), []).append(route)
    named = mail.provider_id
    told_by = f"{mail.source}\0{named}".encode() if named else mail.mail_from.encode() + b"\0" + mail.sha256
    fingerprint = hashlib.sha256(told_by).digest()
    authentication = msgspec.json.encode(mail.authentication) if mail.authentication else None
    inline = mail.content if isinstance(mail.content, bytes) and len(mail.content) <= INLINE_OCTETS else None
    return [
        InboundRow(
            organization_id=organization_id,
            id=ids.id_at(int(mail.received_at.timestamp() * 1000)) if mail.dated else ids.new_id(),
            environment_id=routes[0].environment_id,
            inbox_id=inbox_id,
            mail_from=mail.mail_from,
            rcpt_to=tuple(dict.fromkeys(route.address for route in routes)),
            source=mail.source,
            client_ip=mail.client_ip,
            helo=mail.helo,
            protocol=mail.protocol,
            tls=mail.tls,
            size=mail.size,
            flags=mail.flags,
            received_at=mail.received_at,
            due_at=mail.due_at,
            content=inline,
            sha256=mail.sha256,
            fingerprint=fingerprint,
            window_seconds=window_seconds if mail.has_message_id or named else _WINDOW_WITHOUT_ID_SECONDS,
            authentication=authentication,
        )
        for (organization_id, inbox_id), routes in by_inbox.items()
    ]


def _key(row: InboundRow) -> str:
    return blob_key(row.organization_id, row.id, row.received_at)


_Item = tuple[Runtime, InboundRow]
_batchers: WeakKeyDictionary[Database, Batcher[_Item, UUID]] = WeakKeyDictionary()
_bells: list[Callable[[], None]] = []


def listen(act: Callable[[], None]) -> Callable[[], None]:
    """Call `act()` after every commit of accepted mail in this process; answers how to stop."""
    _bells.append(act)
    return lambda: _bells.remove(act)


def _batcher(database: Database) -> Batcher[_Item, UUID]:
    """One for all that accept into a database from this process: SMTP and the local network share their commits."""
    found = _batchers.get(database)
    if found is None:
        found = _batchers[database] = Batcher(
            _write, most=_BATCH, at_once=2, weigh=lambda item: len(item[1].content or b""), max_weight=_BATCH_OCTETS
        )
    return found


async def _write(items: Sequence[_Item]) -> Sequence[UUID | BaseException]:
    """The batch in one commit; when PostgreSQL refuses it, each mail alone, so that only the bad one fails."""
    runtime = items[0][0]
    rows = [row for _, row in items]
    kept: Sequence[UUID | BaseException]
    try:
        kept = await store.accept(runtime.database, rows)
    except Unavailable:
        # Whether the commit stands is unknown: the senders come again, and the window tells.
        raise
    except Exception:
        if len(rows) == 1:
            raise
        kept = [answer for one in items for answer in await _write_alone(one)]
    runtime.bus.publish(TOPIC)
    for act in _bells:
        act()
    return kept


async def _write_alone(item: _Item) -> Sequence[UUID | BaseException]:
    try:
        return await store.accept(item[0].database, [item[1]])
    except Exception as error:  # noqa: BLE001 - handed to the one caller whose mail it is
        return [error]
