"""The MailTransport of SES: SendEmail with raw content, our tag on it, no retries of the SDK's."""

import asyncio
import re
from typing import Any, Final

from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.ports.transport import (
    TAG_NAME,
    Outcome,
    OutgoingEnvelope,
    Receipt,
    TransportLimits,
    all_recipients,
)
from agentpost_server.providers.aws import AwsAccount, AwsClient
from agentpost_server.providers.before_sending import refusal
from agentpost_server.providers.ses.answers import outcome_of

# "50 recipients per message", "40 MB per message (after base64 encoding)" (Service quotas in Amazon SES): the API takes
# the whole mail in base64, so that 30 MB of it surely pass. SES has no SMTPUTF8 (API reference, Destination).
LIMITS: Final = TransportLimits(max_recipients=50, max_octets=30_000_000, signs_dkim=True, own_return_path=False)
_MOST_CALLS: Final = 20
_HEADER_OCTETS: Final = 1 << 20
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


class SesTransport:
    """Sends from one region of one account. Raises SettingsError where the SDK is not installed."""

    def __init__(
        self,
        account: AwsAccount,
        *,
        configuration_set: str = "",
        answer_seconds: float = 60,
        total_seconds: float = 150,
    ) -> None:
        self._region = account.region
        self._configuration_set = configuration_set
        self._total_seconds = total_seconds
        self._client = AwsClient(account, "sesv2", retries=0, read_seconds=answer_seconds)
        self._places = asyncio.Semaphore(_MOST_CALLS)
        self._closed = False

    @property
    def name(self) -> str:
        return "ses"

    @property
    def limits(self) -> TransportLimits:
        return LIMITS

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        if (refused := refusal(envelope, raw, LIMITS)) is not None:
            return all_recipients(envelope, refused)
        answer = await self._call(_request(envelope, raw, self._configuration_set))
        if isinstance(answer, Outcome):
            return all_recipients(envelope, answer)
        provider_id = str(answer.get("MessageId", ""))
        if not _MESSAGE_ID.fullmatch(provider_id):
            return all_recipients(envelope, Outcome(status="accepted", detail="SES took it and named no id."))
        accepted = Outcome(status="accepted", detail=f"SES took it as {provider_id}.")
        return Receipt(
            outcomes=dict.fromkeys(envelope.recipients, accepted),
            provider_id=provider_id,
            wire_message_id=f"<{provider_id}@{_wire_domain(self._region)}>",
        )

    async def close(self) -> None:
        """Idempotent. A call after it is `deferred`."""
        self._closed = True
        await self._client.close()

    async def _call(self, request: dict[str, Any]) -> dict[str, Any] | Outcome:
        called = False
        try:
            async with asyncio.timeout(self._total_seconds), self._places:
                if self._closed:
                    raise ConnectionError("The transport is closed")
                called = True
                return await self._client.call("send_email", **request)
        except Exception as error:  # noqa: BLE001 - the SDK raises what it likes; a send never does
            if not called:
                detail = f"SES was not called: {str(error) or 'too many calls wait'}."
                return Outcome(status="deferred", transport_fault=True, detail=detail)
            return outcome_of(error)


def _request(envelope: OutgoingEnvelope, raw: bytes, configuration_set: str) -> dict[str, Any]:
    header, _ = read_section(raw, 0, min(len(raw), _HEADER_OCTETS), Findings())
    request: dict[str, Any] = {
        "Content": {"Raw": {"Data": raw}},
        # In a list of nobody's To or Cc: for raw mail these only say where it goes, and so none of them can be shown.
        "Destination": {"BccAddresses": list(envelope.recipients)},
    }
    # Whole, name and all: SES writes what stands here over the From of the mail.
    if author := header.first("from"):
        request["FromEmailAddress"] = author
    if envelope.tag:
        request["EmailTags"] = [{"Name": TAG_NAME, "Value": envelope.tag}]
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def _wire_domain(region: str) -> str:
    """SES writes a Message-ID of its own; the first region's names no region."""
    return "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
