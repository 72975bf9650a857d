"""From a letter to its octets: our Message-ID, our signed trace header, and a size that the transport carries."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import TooLarge
from agentpost_server.mail import trace_header
from agentpost_server.mail.compose import OutgoingMail, compose, new_message_id
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.mail.model import Address
from agentpost_server.outbound import opens
from agentpost_server.outbound.check import Checked
from agentpost_server.outbound.files import File
from agentpost_server.outbound.letter import Letter
from agentpost_server.runtime import Runtime

IN_TABLE_OCTETS: Final = 262_144


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is called, here and on the wire: fixed when it is stored, composed or not."""

    message_id: UUID
    message_id_header: str


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """The message's own id and its bytes. `headers` are the bytes' own, as people see them."""

    message_id: UUID
    message_id_header: str
    from_address: Address
    raw: bytes
    sha256: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def is_large(self) -> bool:
        return len(self.raw) > IN_TABLE_OCTETS


def new_names(sender: Any, moment: datetime) -> Names:
    """The same millisecond in the id and in created_at: both name the month of a large blob's key."""
    return Names(
        message_id=ids.id_at(int(moment.timestamp() * 1000)), message_id_header=new_message_id(sender["domain"])
    )


def plain_octets(letter: Letter, files: Sequence[File], limit: int) -> int:
    """What the parts weigh before they are encoded. Raises TooLarge (413 `message_too_large`)."""
    plain = len(letter.text_body or "") + len(letter.html_body or "") + sum(len(one.content) for one in files)
    if plain > limit:
        raise _too_large(limit, plain, None)
    return plain


async def compose_mail(
    runtime: Runtime,
    sender: Any,
    checked: Checked,
    letter: Letter,
    files: Sequence[File],
    moment: datetime,
    limit: int,
    names: Names | None = None,
) -> Composed:
    """Raises TooLarge (413 `message_too_large`), before composing when the parts alone are too much."""
    plain = plain_octets(letter, files, limit)
    names = names or new_names(sender, moment)
    mail = _mail(runtime, sender, checked, letter, files, moment, names)
    composed = (
        _composed(mail, names.message_id)
        if plain <= IN_TABLE_OCTETS
        else await asyncio.to_thread(_composed, mail, names.message_id)
    )
    if len(composed.raw) > limit:
        raise _too_large(limit, plain, len(composed.raw))
    return composed


def _mail(
    runtime: Runtime,
    sender: Any,
    checked: Checked,
    letter: Letter,
    files: Sequence[File],
    moment: datetime,
    names: Names,
) -> OutgoingMail:
    trace = trace_header.sign(runtime.keyring, names.message_id, sender["id"])
    own_id = names.message_id_header
    return OutgoingMail(
        from_address=Address(email=sender["email"], name=sender["display_name"] or None),
        to=checked.to,
        cc=checked.cc,
        reply_to=checked.reply_to,
        subject=letter.subject,
        message_id=own_id,
        date=moment,
        in_reply_to=letter.in_reply_to,
        # Its own id too: where a provider replaces the Message-ID, answers still cite one that we know (SPEC 7).
        references=(*letter.references, own_id),
        text_body=letter.text_body,
        html_body=_html(runtime, sender, checked, letter, names.message_id),
        attachments=tuple(one.outgoing() for one in files),
        headers=(*checked.headers, (trace_header.TRACE_HEADER, trace)),
        auto_submitted=letter.auto_submitted,
    )


def _html(runtime: Runtime, sender: Any, checked: Checked, letter: Letter, message_id: UUID) -> str | None:
    """The picture that tells of an open goes out with the mail and is no part of the stored message."""
    if letter.html_body is None or not checked.track_opens:
        return letter.html_body
    token = opens.write(runtime.keyring, sender["organization_id"], message_id)
    return opens.watched(letter.html_body, f"{runtime.public_url}/o/{token}")


def _composed(mail: OutgoingMail, message_id: UUID) -> Composed:
    raw = compose(mail)
    section, _ = read_section(raw, 0, len(raw), Findings())
    return Composed(
        message_id=message_id,
        message_id_header=mail.message_id,
        from_address=mail.from_address,
        raw=raw,
        sha256=hashlib.sha256(raw).digest(),
        headers=section.decoded(Findings()),
    )


def _too_large(limit: int, plain: int, encoded: int | None) -> TooLarge:
    said = f"Its parts have {plain} octets" + (f", encoded for mail {encoded}." if encoded is not None else ".")
    return TooLarge(
        f"The message is too large. {said} At most {limit} may be sent.",
        code="message_too_large",
        fix="Send fewer or smaller attachments, or links to them.",
    )
