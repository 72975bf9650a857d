"""One mail over one connection: MAIL, RCPT…, DATA, content, dot (RFC 5321 3.3), noting how far it surely got.

refused or broken before the dot is written    surely not accepted: `deferred` or `refused`
dot written, no reply read                     nobody can know: `unknown`
reply to the dot                               2yz `accepted`, 4yz `deferred`, 5yz `refused`
"""

import re
from typing import Final

import msgspec
from aiosmtplib import SMTPResponse, SMTPServerDisconnected

from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt
from agentpost_server.providers.smtp.connection import Connection
from agentpost_server.providers.smtp.relay import SmtpRelay
from agentpost_server.providers.smtp.replies import ids_of, is_positive, one_line, outcome_of

SERVICE_CLOSING: Final = 421
# What would end the path or the command line early.
_UNSAFE_PATH: Final = re.compile(r"[\x00-\x20\x7f-\x9f<>\u2028\u2029\ud800-\udfff]")


class StaleConnection(Exception):
    """A reused line proved dead before the peer had answered anything about this mail."""


class Progress(msgspec.Struct):
    """How far a mail got: what is known of each recipient, and whether the final dot may have left.

    `recipients_asked`: MAIL was taken, so what was said after it is about this mail and its receivers."""

    outcomes: dict[str, Outcome] = {}
    recipients_asked: bool = False
    dot_written: bool = False
    provider_id: str | None = None
    wire_message_id: str | None = None

    def settle(self, recipients: list[str] | tuple[str, ...], outcome: Outcome) -> None:
        for recipient in recipients:
            self.outcomes.setdefault(recipient, outcome)

    def broken(self, envelope: OutgoingEnvelope, reason: str) -> None:
        """The line is gone: everybody not yet settled is `deferred`, or `unknown` once the dot was written."""
        status = "unknown" if self.dot_written else "deferred"
        self.settle(envelope.recipients, Outcome(status=status, detail=one_line(reason)))

    def receipt(self) -> Receipt:
        return Receipt(outcomes=self.outcomes, provider_id=self.provider_id, wire_message_id=self.wire_message_id)


async def transact(
    connection: Connection, relay: SmtpRelay, envelope: OutgoingEnvelope, raw: bytes, progress: Progress
) -> None:
    """Send the mail to everybody the peer takes. Raises LINE_ERRORS, and StaleConnection to be tried anew."""
    willing = _within_offer(connection, envelope, raw, progress)
    if not willing:
        return
    reply = await _mail_from(connection, envelope, raw)
    if not is_positive(reply.code):
        progress.settle(willing, outcome_of(reply.code, reply.message))
        return
    progress.recipients_asked = True
    taken: list[str] = []
    for recipient in willing:
        reply = await connection.command(b"RCPT", b"TO:<" + recipient.encode() + b">")
        if is_positive(reply.code):
            taken.append(recipient)
        else:
            progress.settle([recipient], outcome_of(reply.code, reply.message))
        if reply.code == SERVICE_CLOSING:
            progress.settle(willing, outcome_of(reply.code, reply.message))
            return
    if taken:
        await _data(connection, relay, taken, raw, progress)


async def _mail_from(connection: Connection, envelope: OutgoingEnvelope, raw: bytes) -> SMTPResponse:
    words = [b"MAIL", b"FROM:<" + envelope.mail_from.encode() + b">"]
    if connection.offers("size"):
        words.append(b"SIZE=%d" % len(raw))
    if connection.offers("8bitmime") and not raw.isascii():
        words.append(b"BODY=8BITMIME")
    if connection.offers("smtputf8") and _is_wide(envelope):
        words.append(b"SMTPUTF8")
    reused = connection.mails > 0
    connection.mails += 1
    connection.needs_reset = True
    try:
        reply = await connection.command(*words)
    except SMTPServerDisconnected as lost:
        if reused:
            raise StaleConnection from lost
        raise
    if reused and reply.code == SERVICE_CLOSING:
        raise StaleConnection
    return reply


async def _data(connection: Connection, relay: SmtpRelay, taken: list[str], raw: bytes, progress: Progress) -> None:
    reply = await connection.command(b"DATA")
    if reply.code != 354:
        progress.settle(taken, _not_accepted(reply))
        if is_positive(reply.code):
            connection.abort()  # out of step: the next reply would be taken for another's
        return
    reply = await _content(connection, relay, dot_stuffed(raw), progress)
    if not progress.dot_written:
        progress.settle(taken, _not_accepted(reply))
        connection.abort()
        return
    if not (is_positive(reply.code) or 400 <= reply.code <= 599):
        connection.abort()
        progress.settle(taken, Outcome(status="unknown", detail=f"Unexpected reply {reply.code} after the content"))
        return
    if reply.code == SERVICE_CLOSING:
        connection.abort()
    connection.needs_reset = False
    progress.provider_id, progress.wire_message_id = ids_of(relay.host, reply.message)
    progress.settle(taken, outcome_of(reply.code, reply.message))


async def _content(connection: Connection, relay: SmtpRelay, content: bytes, progress: Progress) -> SMTPResponse:
    """Write the content, then, when all of it has left, the dot; return the reply, which may come before the dot."""
    reply = await connection.expect_reply()
    try:
        if await connection.write(content, reply):
            progress.dot_written = True
            connection.write_now(b".\r\n")
        return await connection.wait_for(reply, relay.reply_seconds)
    finally:
        if not reply.done():
            reply.cancel()
        elif not reply.cancelled():
            reply.exception()


def dot_stuffed(raw: bytes) -> bytes:
    """RFC 5321 4.5.2: a dot that starts a line is doubled; the content ends in CRLF."""
    if b"\r\n." in raw:
        raw = raw.replace(b"\r\n.", b"\r\n..")
    if raw.startswith(b"."):
        raw = b"." + raw
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def refusal(envelope: OutgoingEnvelope, raw: bytes, max_octets: int) -> Outcome | None:
    """Why this may not go on any wire, or None. Lone CR or LF would let content pose as commands at some servers."""
    if any(_UNSAFE_PATH.search(path) for path in (envelope.mail_from, *envelope.recipients)):
        return Outcome(
            status="refused", enhanced_code="5.1.3", detail="An address has characters no SMTP path may hold"
        )
    if len(raw) > max_octets:
        detail = f"The mail has {len(raw)} octets; at most {max_octets} are sent"
        return Outcome(status="refused", enhanced_code="5.3.4", detail=detail)
    pairs = raw.count(b"\r\n")
    if raw.count(b"\r") != pairs or raw.count(b"\n") != pairs or b"\0" in raw:
        return Outcome(status="refused", enhanced_code="5.6.0", detail="The mail holds a lone CR or LF, or a NUL")
    return None


def _within_offer(connection: Connection, envelope: OutgoingEnvelope, raw: bytes, progress: Progress) -> list[str]:
    """The recipients this peer can serve at all; the others are settled as refused, with the reason."""
    recipients = list(dict.fromkeys(envelope.recipients))
    limit = connection.size_limit
    if limit is not None and len(raw) > limit:
        detail = f"The mail has {len(raw)} octets; the server takes at most {limit}"
        progress.settle(recipients, Outcome(status="refused", enhanced_code="5.3.4", detail=detail))
    elif not connection.offers("smtputf8"):
        everyone = envelope.smtputf8 or not envelope.mail_from.isascii()
        wide = recipients if everyone else [r for r in recipients if not r.isascii()]
        detail = "The mail needs SMTPUTF8, which the server does not offer"
        progress.settle(wide, Outcome(status="refused", enhanced_code="5.6.7", detail=detail))
    if not connection.offers("8bitmime") and not raw.isascii():
        detail = "The mail holds 8-bit octets and the server does not offer 8BITMIME"
        progress.settle(recipients, Outcome(status="refused", enhanced_code="5.6.3", detail=detail))
    return [r for r in recipients if r not in progress.outcomes]


def _is_wide(envelope: OutgoingEnvelope) -> bool:
    return envelope.smtputf8 or not all(a.isascii() for a in (envelope.mail_from, *envelope.recipients))


def _not_accepted(reply: SMTPResponse) -> Outcome:
    """A reply before the dot. A positive one makes no sense there; whatever it means, no mail was handed over."""
    if is_positive(reply.code):
        return Outcome(status="deferred", detail=f"Out of step: the server replied {reply.code} before the content")
    return outcome_of(reply.code, reply.message)
