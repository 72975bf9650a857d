"""The MailTransport of SendGrid's v3 API: one request a call, 202 when it was taken for everybody in it."""

import ssl
from typing import Final

import msgspec

from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.providers.before_sending import refusal
from agentpost_server.providers.composed import request_from
from agentpost_server.providers.http_api import HttpApi, HttpTiming, outcome_of
from agentpost_server.providers.sendgrid.shape import request_of

# "less than 30MB", "no more than 1000" (API reference, Mail Send limitations); addresses outside ASCII are not named.
LIMITS: Final = TransportLimits(
    max_recipients=1000,
    max_octets=30_000_000,
    signs_dkim=True,
    own_return_path=False,
    writes_recipients=True,
)


class _Error(msgspec.Struct):
    message: str | None = None
    field: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class SendGridTransport:
    """Sends by an API key. The provider's id is `X-Message-Id`, which begins every `sg_message_id` of its events."""

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        *,
        timing: HttpTiming | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._api = HttpApi(
            endpoint,
            setting="sendgrid_endpoint",
            secrets=(api_key,),
            headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"},
            timing=timing,
            ssl_context=ssl_context,
        )

    @property
    def name(self) -> str:
        return "sendgrid"

    @property
    def limits(self) -> TransportLimits:
        return LIMITS

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        if (refused := refusal(envelope, raw, LIMITS)) is not None:
            return all_recipients(envelope, refused)
        request = await request_from(raw, lambda mail: msgspec.json.encode(request_of(mail, envelope)))
        if isinstance(request, Outcome):
            return all_recipients(envelope, request)
        answer = await self._api.post("/v3/mail/send", content=request)
        if isinstance(answer, Outcome):
            return all_recipients(envelope, answer)
        if not 200 <= answer.status <= 299:
            says = self._api.shown(_said(answer.body))
            # 503: "The SendGrid v3 Web API is not available."
            return all_recipients(envelope, outcome_of(answer, says=says, not_now=(503,)))
        accepted = Outcome(status="accepted", detail=f"HTTP {answer.status}: SendGrid took it.")
        provider_id = self._api.shown(answer.headers.get("x-message-id", ""))[:200] or None
        return all_recipients(envelope, accepted, provider_id=provider_id)

    async def close(self) -> None:
        await self._api.close()


def _said(body: bytes) -> str:
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.DecodeError, RecursionError):
        return ""
    return " ".join(f"{one.field}: {one.message}" if one.field else str(one.message) for one in errors[:5])
