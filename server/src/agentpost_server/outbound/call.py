"""One provider call: the bytes, the envelope, and a receipt whatever happens. No transaction is open here."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core import ids
from agentpost_server.domains import Sender
from agentpost_server.mail.dkim_sign import sign
from agentpost_server.outbound import tags, unsubscribe
from agentpost_server.outbound.unsubscribe import Subscription
from agentpost_server.ports.blobs import BlobNotFound, blob_key
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, all_recipients
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed

log = structlog.get_logger("mail-out")
_OCTETS_OF_A_CARELESS_HEADER = 65_536
_OCTETS_HASHED_HERE = 262_144


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that was recorded as started, for `recipients` of those that its row names. `row` is the transmission
    as loaded; `tries` counts this one too; `sender` is what the From domain says."""

    claimed: Claimed
    attempt_id: UUID
    row: Any
    recipients: tuple[str, ...]
    tries: int
    sender: Sender


class Ended(msgspec.Struct, frozen=True):
    """A call and what is known of it now."""

    call: Call
    receipt: Receipt


async def make_call(runtime: Runtime, call: Call, seconds: float) -> Ended:
    """Send, within `seconds`. What raises or outlives them is `unknown`: the provider may have taken the mail."""
    row = call.row
    envelope = OutgoingEnvelope(
        mail_from=row["mail_from"],
        recipients=call.recipients,
        attempt_id=str(call.attempt_id),
        tag=tags.write(runtime.keyring, call.attempt_id),
        organization_id=str(row["organization_id"]),
        environment_id=str(row["environment_id"]),
    )
    if not call.sender.can_send:
        return Ended(call, all_recipients(envelope, _not_allowed(row)))
    transport = runtime.transports.get(row["transport"])
    if transport is None:
        return Ended(call, all_recipients(envelope, _not_here(runtime, row)))
    raw = await _prepared(runtime, call)
    if isinstance(raw, Outcome):
        return Ended(call, all_recipients(envelope, raw))
    envelope = msgspec.structs.replace(envelope, smtputf8=not _header(raw).isascii())
    try:
        async with asyncio.timeout(seconds):
            return Ended(call, await transport.send(envelope, raw))
    except Exception as error:
        log.exception("a transport broke its contract", transport=row["transport"])
        detail = f"The call did not end: {type(error).__name__}."
        return Ended(call, all_recipients(envelope, Outcome(status="unknown", detail=detail)))


def _not_allowed(row: Any) -> Outcome:
    """The domain was lost since the submit. It may come back, as after a fault of its DNS: so this is no end yet."""
    detail = f"The domain {row['from_domain']} may not send now: it is not verified for sending any more."
    return Outcome(status="deferred", detail=detail)


def _not_here(runtime: Runtime, row: Any) -> Outcome:
    """The setting went away after the submit: surely nothing was sent, and another transport may still be here."""
    detail = f"The transport {row['transport']} is not configured on this server."
    if any(name in runtime.transports for name in row["transports"]):
        return Outcome(status="deferred", transport_fault=True, detail=detail)
    return Outcome(status="refused", detail=detail)


async def _prepared(runtime: Runtime, call: Call) -> bytes | Outcome:
    """What goes out, or why it cannot go now. Raises nothing: the other calls of the batch are under way."""
    message = ids.encode("msg", call.row["message_id"])
    try:
        raw = await _bytes_of(runtime, call.row)
    except (OSError, BlobNotFound) as error:
        log.warning("a mail's bytes could not be read", message=message, error=repr(error))
        return Outcome(status="deferred", detail="Its bytes could not be read.")
    try:
        return await _signed(runtime, call, _own_fields(runtime, call) + raw)
    except Exception:
        log.exception("a mail could not be prepared", message=message)
        return Outcome(status="deferred", detail="It could not be signed or given its own header fields.")


def _own_fields(runtime: Runtime, call: Call) -> bytes:
    """What only this call's mail says: its recipient's way to unsubscribe."""
    if not call.row["list_unsubscribe"]:
        return b""
    who = Subscription(
        organization_id=call.row["organization_id"],
        environment_id=call.row["environment_id"],
        message_id=call.row["message_id"],
        email=call.recipients[0],
    )
    return unsubscribe.fields(runtime.keyring, runtime.public_url, who)


async def _signed(runtime: Runtime, call: Call, raw: bytes) -> bytes:
    """With our signature on top, by the key that stands in the DNS now. In a thread when there is much to hash."""
    if call.sender.signer is None:
        return raw
    act = partial(sign, raw, call.sender.signer, now=runtime.now())
    field = await asyncio.to_thread(act) if len(raw) > _OCTETS_HASHED_HERE else act()
    return field + raw


async def _bytes_of(runtime: Runtime, row: Any) -> bytes:
    if row["content"] is not None:
        return row["content"]
    if row["stored_at"] is None:
        raise BlobNotFound(str(row["message_id"]))
    return await runtime.blobs.get(blob_key(row["organization_id"], row["message_id"], row["stored_at"]))


def _header(raw: bytes) -> bytes:
    end = raw.find(b"\r\n\r\n", 0, _OCTETS_OF_A_CARELESS_HEADER)
    return raw[:end] if end >= 0 else raw[:_OCTETS_OF_A_CARELESS_HEADER]
