"""A composed mail taken apart again, for providers whose API takes fields and no MIME.

They write To and Cc themselves out of whom they deliver to, set a Date of their own, and choose the encodings. All else
is handed over field by field; what could not be read back in full is refused rather than sent with something missing.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from agentpost_server.mail.address import canonical
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.mail.model import Address
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ParsedAttachment
from agentpost_server.ports.transport import Outcome

_LARGE_OCTETS: Final = 64 * 1024
_FIELDS_OF_THEIR_OWN: Final = frozenset(("from", "to", "cc", "bcc", "reply-to", "subject", "date", "mime-version"))


class CannotCarry(Exception):
    """The provider's API has no place for something in this mail; the sentence says for what."""


class ComposedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's parts. `headers` are the other fields in order, unfolded, encoded words as they were composed."""

    from_address: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    text_body: str | None
    html_body: str | None
    attachments: tuple[ParsedAttachment, ...]
    headers: tuple[tuple[str, str], ...]


class Shown(msgspec.Struct, frozen=True):
    """One message to be: whom its readers see in To and Cc, and who gets it unseen."""

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[str, ...] = ()

    def emails(self) -> tuple[str, ...]:
        return (*(one.email for one in self.to), *(one.email for one in self.cc), *self.bcc)


async def request_from(raw: bytes, encode: Callable[[ComposedMail], bytes]) -> bytes | Outcome:
    """The body of a request, or why there is none; off the event loop where the mail is large."""
    try:
        if len(raw) < _LARGE_OCTETS:
            return encode(read_composed(raw))
        return await asyncio.to_thread(lambda: encode(read_composed(raw)))
    except CannotCarry as error:
        return Outcome(status="refused", enhanced_code="5.6.0", detail=str(error)[:500])


def read_composed(raw: bytes) -> ComposedMail:
    """Raises CannotCarry."""
    mail = parse(raw)
    if mail.parse_status != "ok" or mail.from_address is None:
        detail = f"The mail cannot be taken apart without loss ({', '.join(mail.defects) or 'no author'})."
        raise CannotCarry(f"{detail} A transport that takes whole mails, such as smtp, can send it.")
    section, _ = read_section(raw, 0, len(raw), Findings())
    return ComposedMail(
        from_address=mail.from_address,
        to=mail.to,
        cc=mail.cc,
        reply_to=mail.reply_to,
        subject=mail.subject,
        text_body=mail.text_body,
        html_body=mail.html_body,
        attachments=mail.attachments,
        headers=tuple(
            (name, value)
            for name, value in section.fields
            if name.lower() not in _FIELDS_OF_THEIR_OWN and not name.lower().startswith("content-")
        ),
    )


def shown_to(mail: ComposedMail, recipients: Sequence[str]) -> list[Shown]:
    """The messages that reach exactly the recipients. All share one when some of them stand in To or Cc; else each
    blind recipient gets one alone, as these APIs want a To and nobody else's address may stand in it."""
    left = {canonical(email): email for email in recipients}
    to, cc = _visible(mail.to, left), _visible(mail.cc, left)
    if to or cc:
        return [Shown(to or cc, cc if to else (), tuple(left.values()))]
    return [Shown((Address(email=email),)) for email in left.values()]


def _visible(addresses: tuple[Address, ...], left: dict[str, str]) -> tuple[Address, ...]:
    """Those of `left`, each once, taken out of it; spelt as in the envelope."""
    found: list[Address] = []
    for address in addresses:
        email = left.pop(canonical(address.email), None)
        if email is not None:
            found.append(Address(email=email, name=address.name))
    return tuple(found)
