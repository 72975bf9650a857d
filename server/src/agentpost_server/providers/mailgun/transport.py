"""The MailTransport of Mailgun's API: the composed mail goes as it is, `to` is its envelope (POST …/messages.mime)."""

import base64
import re
import ssl
from typing import Final

import msgspec

from agentpost_server.mail.addresses import read_addresses
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import HeaderSection, read_section
from agentpost_server.ports.transport import (
    TAG_NAME,
    Outcome,
    OutgoingEnvelope,
    Receipt,
    TransportLimits,
    all_recipients,
)
from agentpost_server.providers.before_sending import refusal
from agentpost_server.providers.http_api import Answer, HttpApi, HttpTiming, outcome_of

# "The maximum message size Mailgun supports is 25MB", "Too many recipients; max is 1000" (user manual, error codes);
# addresses are checked by RFC 5321 and 5322, which know ASCII.
LIMITS: Final = TransportLimits(max_recipients=1000, max_octets=25_000_000, signs_dkim=True, own_return_path=False)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,250}>")
_HEADER_OCTETS: Final = 1 << 20


class _Said(msgspec.Struct):
    id: str = ""
    message: str = ""


class MailgunTransport:
    """Sends by a sending key, for `domain` or, where it is empty, for the domain of the author."""

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        domain: str = "",
        timing: HttpTiming | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._domain = domain
        basic = base64.b64encode(f"api:{api_key}".encode()).decode("ascii")
        self._api = HttpApi(
            endpoint,
            setting="mailgun_endpoint",
            secrets=(api_key, basic),
            headers={"Authorization": f"Basic {basic}"},
            timing=timing,
            ssl_context=ssl_context,
        )

    @property
    def name(self) -> str:
        return "mailgun"

    @property
    def limits(self) -> TransportLimits:
        return LIMITS

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        if (refused := refusal(envelope, raw, LIMITS)) is not None:
            return all_recipients(envelope, refused)
        header, _ = read_section(raw, 0, min(len(raw), _HEADER_OCTETS), Findings())
        domain = self._domain or _author_domain(header)
        if not _DOMAIN.fullmatch(domain):
            return all_recipients(envelope, Outcome(status="refused", detail="The mail names no domain to send for."))
        options = {"o:tracking": "no", "o:tracking-clicks": "no", "o:tracking-opens": "no"}
        if envelope.tag:
            options[f"v:{TAG_NAME}"] = envelope.tag
        answer = await self._api.post(
            f"/v3/{domain}/messages.mime",
            data={"to": ",".join(envelope.recipients), **options},
            files={"message": ("message.mime", raw, "message/rfc822")},
        )
        if isinstance(answer, Outcome):
            return all_recipients(envelope, answer)
        return self._receipt(envelope, answer, header.first("message-id"))

    async def close(self) -> None:
        await self._api.close()

    def _receipt(self, envelope: OutgoingEnvelope, answer: Answer, own_id: str | None) -> Receipt:
        try:
            said = msgspec.json.decode(answer.body, type=_Said)
        except (msgspec.DecodeError, RecursionError):
            said = _Said()
        says = self._api.shown(said.message)
        if not 200 <= answer.status <= 299:
            # No 5xx is documented as not having taken the mail.
            return all_recipients(envelope, outcome_of(answer, says=says))
        found = _MESSAGE_ID.fullmatch(said.id.strip())
        wire = found[0] if found else None
        return Receipt(
            outcomes=dict.fromkeys(envelope.recipients, Outcome(status="accepted", detail=says or "Mailgun took it.")),
            # As Mailgun's events name it: without brackets.
            provider_id=wire[1:-1] if wire else None,
            wire_message_id=wire if wire != own_id else None,
        )


def _author_domain(header: HeaderSection) -> str:
    authors, _ = read_addresses(header.all("from"), Findings())
    return authors[0].email.rpartition("@")[2] if authors else ""
