"""Domains as SES knows them (API v2): an identity with Easy DKIM, whose keys SES makes, publishes behind three CNAMEs
and changes by itself, and a MAIL FROM subdomain, so that SPF is aligned too.

An identity that is verified already stays as it is, whoever made it: who adds a domain here has proven nothing of it
yet. None is ever deleted: it costs nothing, and another part of the account may send by it.
"""

import asyncio
from typing import Any, Final

from agentpost_server.ports.domain_provider import Alias, ProviderError, ProviderRecords
from agentpost_server.providers.aws import AwsAccount, AwsClient, AwsRefused

_ANSWER_SECONDS: Final = 15
_HOSTED_ZONE: Final = "dkim.amazonses.com"


class SesIdentities:
    """A DomainProvider over one region of one account."""

    def __init__(self, account: AwsAccount) -> None:
        self._region = account.region
        self._client = AwsClient(account, "sesv2", read_seconds=10)

    async def records(self, domain: str) -> ProviderRecords:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                identity = await self._identity(domain)
                mail_from = await self._mail_from(domain, identity)
        except TimeoutError as error:
            raise ProviderError("SES did not answer in time") from error
        except AwsRefused as error:
            raise ProviderError(f"SES refused: {error}") from error
        except OSError as error:
            raise ProviderError(str(error)) from error
        return _records(domain, identity, mail_from, self._region)

    async def close(self) -> None:
        await self._client.close()

    async def _identity(self, domain: str) -> dict[str, Any]:
        found = await self._get(domain)
        if found is not None:
            return found
        try:
            await self._client.call("create_email_identity", EmailIdentity=domain)
        except AwsRefused as error:
            if error.code != "AlreadyExistsException":
                raise
        return await self._get(domain) or {}

    async def _get(self, domain: str) -> dict[str, Any] | None:
        try:
            return await self._client.call("get_email_identity", EmailIdentity=domain)
        except AwsRefused as error:
            if error.code == "NotFoundException":
                return None
            raise

    async def _mail_from(self, domain: str, identity: dict[str, Any]) -> str:
        """The subdomain in the envelope; "" for SES's own. Until its MX record is there SES goes on with a name of its
        own."""
        present = identity.get("MailFromAttributes", {}).get("MailFromDomain")
        if present:
            return str(present).lower()
        if identity.get("VerifiedForSendingStatus"):
            return ""
        name = f"bounces.{domain}"
        await self._client.call(
            "put_email_identity_mail_from_attributes",
            EmailIdentity=domain,
            MailFromDomain=name,
            BehaviorOnMxFailure="USE_DEFAULT_VALUE",
        )
        return name


def _records(domain: str, identity: dict[str, Any], mail_from: str, region: str) -> ProviderRecords:
    dkim = identity.get("DkimAttributes", {})
    # With a key of the account's own (EXTERNAL) the token is that key's selector, and there is nothing to publish.
    tokens: list[str] = [] if dkim.get("SigningAttributesOrigin") == "EXTERNAL" else dkim.get("Tokens", [])
    zone = dkim.get("SigningHostedZone") or _HOSTED_ZONE
    return ProviderRecords(
        cnames=tuple(Alias(f"{token}._domainkey.{domain}", f"{token}.{zone}") for token in tokens),
        mail_from=mail_from,
        mail_from_mx=f"feedback-smtp.{region}.amazonses.com",
        mail_from_spf="include:amazonses.com",
        ready=bool(identity.get("VerifiedForSendingStatus")) and dkim.get("Status") == "SUCCESS",
    )
