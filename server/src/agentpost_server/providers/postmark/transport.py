"""The MailTransport of Postmark's API: a batch of one message, or of one for each who must not see the others."""

import ssl
from typing import Final

import msgspec

from agentpost_server.mail.address import canonical
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.providers.before_sending import refusal
from agentpost_server.providers.composed import ComposedMail, Shown, request_from, shown_to
from agentpost_server.providers.http_api import HttpApi, HttpTiming
from agentpost_server.providers.postmark.answers import outcomes_of, provider_id_of, read
from agentpost_server.providers.postmark.shape import messages_of

# 50 recipients over To, Cc and Bcc, "10 MB for our Email API" (API overview); its pattern of a mailbox is ASCII
# (support article 1180).
LIMITS: Final = TransportLimits(
    max_recipients=50,
    max_octets=10_000_000,
    signs_dkim=True,
    own_return_path=False,
    writes_recipients=True,
)
# A batch takes 50 MB; a mail with a large file for many blind recipients is a file for each of them.
_BATCH_OCTETS: Final = 50_000_000


class PostmarkTransport:
    """Sends by a server token, in one message stream."""

    def __init__(
        self,
        endpoint: str,
        server_token: str,
        *,
        stream: str = "outbound",
        timing: HttpTiming | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._stream = stream
        self._api = HttpApi(
            endpoint,
            setting="postmark_endpoint",
            secrets=(server_token,),
            headers={"X-Postmark-Server-Token": server_token, "Content-Type": "application/json"},
            timing=timing,
            ssl_context=ssl_context,
        )

    @property
    def name(self) -> str:
        return "postmark"

    @property
    def limits(self) -> TransportLimits:
        return LIMITS

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        if (refused := refusal(envelope, raw, LIMITS)) is not None:
            return all_recipients(envelope, refused)
        messages: list[Shown] = []

        def encode(mail: ComposedMail) -> bytes:
            messages.extend(shown_to(mail, envelope.recipients))
            return msgspec.json.encode(messages_of(mail, messages, tag=envelope.tag, stream=self._stream))

        request = await request_from(raw, encode)
        if isinstance(request, Outcome):
            return all_recipients(envelope, request)
        if len(request) > _BATCH_OCTETS:
            detail = f"{len(messages)} separate messages are {len(request)} octets; Postmark takes {_BATCH_OCTETS}."
            return all_recipients(envelope, Outcome(status="refused", enhanced_code="5.3.4", detail=detail))
        answer = await self._api.post("/email/batch", content=request)
        said = answer if isinstance(answer, Outcome) else read(answer, len(messages))
        if isinstance(said, Outcome):
            return all_recipients(envelope, said)
        found: dict[str, Outcome] = {}
        for shown, one in zip(messages, said, strict=True):
            found.update({canonical(email): outcome for email, outcome in outcomes_of(shown, one).items()})
        outcomes = {email: found[canonical(email)] for email in envelope.recipients}
        return Receipt(outcomes=outcomes, provider_id=provider_id_of(said))

    async def close(self) -> None:
        await self._api.close()
