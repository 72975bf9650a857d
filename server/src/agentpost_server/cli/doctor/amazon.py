"""SES, SQS and the bucket of arriving mail, by calls that change nothing and cost nothing."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from agentpost_server.cli.doctor.http_get import note_clock
from agentpost_server.cli.doctor.installation import Installation, is_local
from agentpost_server.cli.doctor.model import Finding, failed, not_checked, ok, warning
from agentpost_server.providers.aws import AwsAccount, AwsClient, AwsRefused, account_of
from agentpost_server.providers.aws_sqs import region_of_queue
from agentpost_server.providers.s3_mail import open_mail_objects

SECONDS_WITH_SDK: Final = 10.0
"""Reading Amazon's SDK from disk takes seconds of its own, before its first call."""
_READ_SECONDS: Final = 3.0
_FORBIDDEN: Final = ("AccessDenied", "AccessDeniedException")


async def ses(one: Installation) -> list[Finding]:
    async with _client(account_of(one.settings), "sesv2") as client:
        try:
            began = time.time()
            account = await client.call("get_account")
        except AwsRefused as error:
            return [_refused("ses", error, "ses:GetAccount"), _feedback(one)]
        note_clock(one.clocks, "Amazon", account.get("ResponseMetadata", {}).get("HTTPHeaders", {}), began)
        return [_account(one, account), _feedback(one), await _set(one, client), *await _identity(one, client)]


def _account(one: Installation, account: dict[str, Any]) -> Finding:
    quota = account.get("SendQuota", {})
    sent, most = quota.get("SentLast24Hours", 0), quota.get("Max24HourSend", 0)
    found = f"SES in {one.settings.ses_region} lets us in: {sent:.0f} of {most:.0f} mails in 24 hours are used."
    if not account.get("SendingEnabled") or account.get("EnforcementStatus") == "SHUTDOWN":
        return failed("ses", "SES has stopped this account's sending.", "See the SES console: Amazon says there why.")
    if account.get("EnforcementStatus") == "PROBATION":
        return warning("ses", "SES has put this account under review.", "See the SES console, and lower the bounces.")
    if not account.get("ProductionAccessEnabled"):
        fix = "Ask for production access in the SES console."
        return warning("ses", f"{found} It is in the sandbox: it sends to verified addresses only.", fix)
    if most > 0 and sent >= most * 0.9:
        return warning("ses", found, "Ask for a higher sending quota in the SES console.")
    return ok("ses", found)


def _feedback(one: Installation) -> Finding:
    settings, name = one.settings, "ses-feedback"
    if not settings.ses_queue_url and not settings.ses_inbound_token:
        found = "Neither AGENTPOST_SES_QUEUE_URL nor AGENTPOST_SES_INBOUND_TOKEN is set: bounces do not come home."
        return warning(name, found, "Let an SNS topic notify an SQS queue, and set AGENTPOST_SES_QUEUE_URL.")
    if not settings.ses_topics.strip():
        found = "AGENTPOST_SES_TOPICS is empty: nothing that SNS tells is believed."
        return failed(name, found, "Set it to the ARNs of your SNS topics.")
    return ok(name, f"SES tells by {'a queue' if settings.ses_queue_url else 'HTTP'}.")


async def _set(one: Installation, client: AwsClient) -> Finding:
    name, wanted = "ses-configuration-set", one.settings.ses_configuration_set
    if not wanted:
        found = "AGENTPOST_SES_CONFIGURATION_SET is empty: SES tells of bounces only where an identity says so."
        return warning(name, found, "Make a configuration set with an event destination, and set it.")
    try:
        await client.call("get_configuration_set", ConfigurationSetName=wanted)
    except AwsRefused as error:
        if error.code == "NotFoundException":
            found = f"SES knows no configuration set {wanted}: every send is refused."
            return failed(name, found, "Make it, or correct AGENTPOST_SES_CONFIGURATION_SET.")
        return _refused(name, error, "ses:GetConfigurationSet")
    return ok(name, f"{wanted} is there.")


async def _identity(one: Installation, client: AwsClient) -> list[Finding]:
    """Whether SES sends for the shared domain; tenants' own domains are made known to it by the server."""
    name, domain = "ses-shared-domain", one.shared_domain
    if is_local(domain):
        return []
    try:
        identity = await client.call("get_email_identity", EmailIdentity=domain)
    except AwsRefused as error:
        if error.code == "NotFoundException":
            found = f"SES does not know {domain}: it refuses mail from inboxes there."
            return [warning(name, found, "Add it as an identity in SES, if those inboxes are to send by SES.")]
        return [_refused(name, error, "ses:GetEmailIdentity")]
    if not identity.get("VerifiedForSendingStatus"):
        fix = "Publish the records that SES shows for the identity."
        return [warning(name, f"SES does not send for {domain} yet: the identity is not verified.", fix)]
    return [ok(name, f"SES sends for {domain}.")]


async def queue(one: Installation) -> list[Finding]:
    url = one.settings.ses_queue_url
    async with _client(account_of(one.settings, region=region_of_queue(url)), "sqs") as client:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        try:
            answer = await client.call("get_queue_attributes", QueueUrl=url, AttributeNames=names)
        except AwsRefused as error:
            if "NonExistentQueue" in error.code or error.code == "QueueDoesNotExist":
                return [failed("ses-queue", f"There is no queue {url}.", "Correct AGENTPOST_SES_QUEUE_URL.")]
            return [_refused("ses-queue", error, "sqs:GetQueueAttributes")]
    waiting = answer.get("Attributes", {}).get(names[0], "?")
    return [ok("ses-queue", f"It answers; about {waiting} notifications wait in it.")]


async def bucket(one: Installation) -> list[Finding]:
    """One page of its listing: the server lists it too, to find mail whose notification was lost."""
    place = one.settings.ses_inbound_bucket
    try:
        number = 0
        async for page in open_mail_objects(one.settings).pages():
            number = len(page)
            break
    except OSError as error:
        fix = "See that the bucket is there, and that the credentials may list it (s3:ListBucket) and read from it."
        return [failed("ses-bucket", f"{place}: {error}", fix)]
    return [ok("ses-bucket", f"{place} can be listed; {number} objects on its first page.")]


def _refused(name: str, error: AwsRefused, permission: str) -> Finding:
    if error.code in _FORBIDDEN or (error.status == 403 and "Denied" in error.code):
        found = f"Amazon knows the credentials, and they may not ask ({error.code})."
        return not_checked(name, found, f"Allow them {permission}, if this is to be checked.")
    fix = "Correct the credentials and the region; a clock that is minutes off is refused too."
    return failed(name, f"Amazon refuses: {error}", fix)


@asynccontextmanager
async def _client(account: AwsAccount, service: str) -> AsyncGenerator[AwsClient]:
    client = AwsClient(account, service, retries=0, read_seconds=_READ_SECONDS)
    try:
        yield client
    finally:
        await client.close()
