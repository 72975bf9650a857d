"""The mail itself: the lines that we put on top, then the bytes as they came (SPEC 7)."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.mail.trace import render_trace, shown_raw
from agentpost_server.messages import store_files, stored
from agentpost_server.messages.model import Envelope
from agentpost_server.runtime import Runtime

_SECTION_ENDS: Final = (b"\n\r\n", b"\n\n")


class _Trace(msgspec.Struct, kw_only=True):
    """What ingest keeps for the Received line beside the envelope that the API shows."""

    protocol: str | None = None
    hostname: str | None = None


class _TracedEnvelope(Envelope, kw_only=True, rename={"trace": "_trace"}):
    trace: _Trace = msgspec.field(default_factory=_Trace)


async def open_raw(runtime: Runtime, tenant: Scope, message_id: UUID, *, original: bool) -> AsyncIterator[bytes]:
    """The message in pieces; those of at most 256 KiB in one. Raises NotFound."""
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await store_files.raw(tx, tenant, message_id)
    if row is None or row["stored_at"] is None:
        raise NotFound
    pieces = await stored.pieces(runtime, tenant.organization_id, message_id, row["content"], row["stored_at"])
    if original or row["direction"] == "outbound" or row["envelope"] is None:
        return pieces
    return _shown(pieces, _trace(runtime, row), runtime.smtp_hostname)


async def _shown(pieces: AsyncIterator[bytes], trace: bytes, authserv_id: str) -> AsyncIterator[bytes]:
    """Only the header section is rewritten, so the pieces are gathered until it has ended."""
    head = b""
    async for piece in pieces:
        seen = max(len(head) - 2, 0)
        head += piece
        if any(head.find(end, seen) >= 0 for end in _SECTION_ENDS):
            break
    yield shown_raw(trace, head, authserv_id)
    async for piece in pieces:
        yield piece


def _trace(runtime: Runtime, row: Any) -> bytes:
    envelope = msgspec.json.decode(row["envelope"], type=_TracedEnvelope)
    received_at: datetime = row["received_at"]
    authentication: dict[str, str | None] | None = (
        None if row["authentication"] is None else msgspec.json.decode(row["authentication"], type=dict[str, Any])
    )
    return render_trace(
        mail_from=envelope.mail_from,
        rcpt_to=envelope.rcpt_to[0] if len(envelope.rcpt_to) == 1 else None,
        helo=envelope.helo,
        client_ip=envelope.client_ip,
        hostname=envelope.trace.hostname or runtime.smtp_hostname,
        protocol=envelope.trace.protocol or ("ESMTPS" if envelope.tls else "ESMTP"),
        queue_id=ids.encode("msg", row["id"]),
        received_at=received_at,
        authserv_id=runtime.smtp_hostname,
        authentication=authentication,
    )
