"""The house as the receiver sees it: who is known here, and who takes a finished message. The caller implements it.

The receiver knows the protocol and nothing of tenants; the mailroom knows tenants and nothing of sockets.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

import msgspec

MailContent = bytes | Path
"""CRLF line ends only, no NUL: bytes up to `memory_octets`, else a closed temporary file. The file may be linked or
moved while `accept` runs; whatever is left of it is removed when `accept` returns or raises."""

TransmissionType = Literal["SMTP", "ESMTP", "ESMTPS", "UTF8SMTP", "UTF8SMTPS"]
"""The word behind `with` in Received (RFC 3848, RFC 6531)."""


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction so far. `mail_from` is "" for the null sender; `declared_octets` is that of SIZE, or None."""

    client_ip: str
    helo: str
    tls: bool
    mail_from: str
    smtputf8: bool
    declared_octets: int | None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox that an address leads to. Opaque to the receiver."""

    organization_id: UUID
    environment_id: UUID
    inbox_id: UUID
    address: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a recipient is not taken: `code` is `"550 5.1.1"` or a 4xx, `text` one printable sentence."""

    code: str
    text: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One finished message and its envelope.

    `routes` has no repeats, in RCPT order. `sha256` and `size` (octets) are of `content` as given here.
    `received_count` and `has_message_id` come from the header block, as far as it lies in the first `memory_octets`.
    `bare_newlines` and `nul_removed` tell that content was changed: a signature over it is void.
    """

    mail_from: str
    routes: tuple[Route, ...]
    helo: str
    client_ip: str
    tls: bool
    transmission_type: TransmissionType
    smtputf8: bool
    body8bit: bool
    content: MailContent
    size: int
    sha256: bytes
    received_count: int
    has_message_id: bool
    bare_newlines: bool
    nul_removed: bool
    received_at: datetime


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery: `reference` goes into the 250, the ids come back with `reply_was_read`."""

    reference: str
    inbound_ids: tuple[UUID, ...] = ()


class Mailroom(Protocol):
    """Two questions and one notice. Called from the event loop, for many connections at once."""

    async def route(self, address: str, *, session: SessionInfo) -> Route | Refusal:
        """At RCPT. The address is syntactically valid and as the client wrote it: case and tags are the mailroom's.

        A bare `<postmaster>` (RFC 5321 4.5.1) arrives as `postmaster@` our host name. A Problem becomes its SMTP code,
        OSError and whatever else 451 4.3.0.
        """
        ...

    async def accept(self, delivery: Delivery) -> Accepted:
        """At the end of data; returns only after a durable commit. Raises as `route` does.

        Runs to its end even when the client has gone, unless a shutdown's grace runs out.
        """
        ...

    def reply_was_read(self, accepted: Accepted) -> None:
        """A command came that was read from the socket after the 250 was written: the client knows its mail arrived."""
        ...
