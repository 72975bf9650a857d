"""The facts of a stored mail that answering it needs."""

from datetime import datetime
from typing import Literal

import msgspec

from agentpost_server.mail.model import Address


class OriginalMail(msgspec.Struct, frozen=True, kw_only=True):
    """The mail that is answered or forwarded. Ids carry their angle brackets.

    `wire_message_ids`: what a provider put in place of our Message-ID; the last is the one that recipients saw.
    """

    direction: Literal["inbound", "outbound"]
    from_address: Address | None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str | None = None
    wire_message_ids: tuple[str, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: datetime | None = None
    text_body: str | None = None
    html_body: str | None = None
