"""Mail that SES received for us: who it is for is what the receipt says, never what the mail says."""

import base64
import binascii
import re
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta

from agentpost_server.core.errors import BadRequest, Forbidden, Unavailable
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver
from agentpost_server.inbound.ses.verdicts import Verdict, authentication_of
from agentpost_server.ports.mail_objects import MailObjects, ObjectNotFound, ObjectTooLarge

_KEY: Final = re.compile(r"[A-Za-z0-9_=.!'()*-]+(?:/[A-Za-z0-9_=.!'()*-]+)*")
MAIL_ID: Final = re.compile(r"[A-Za-z0-9-]{16,128}")
log = structlog.get_logger("intake")

Text = Annotated[str, Meta(max_length=4096)]


class Action(msgspec.Struct, frozen=True, rename="camel"):
    type: Text = ""
    bucket_name: Text = ""
    object_key: Text = ""
    encoding: Text = ""


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    recipients: Annotated[tuple[Text, ...], Meta(max_length=500)]
    action: Action
    timestamp: Text = ""
    spf_verdict: Verdict = Verdict()
    dkim_verdict: Verdict = Verdict()
    dmarc_verdict: Verdict = Verdict()
    spam_verdict: Verdict = Verdict()
    virus_verdict: Verdict = Verdict()


class Mail(msgspec.Struct, frozen=True, rename="camel"):
    message_id: Text
    source: Text = ""


class Received(msgspec.Struct, frozen=True, rename="camel"):
    """The notification of a receipt; `content` is there when the mail itself is in it (≤ 150 KB)."""

    receipt: Receipt
    mail: Mail
    content: str | None = None


async def take(intake: Intake, payload: dict[str, Any]) -> None:
    """Durable when this returns. Raises BadRequest, Forbidden, and Unavailable or OSError to come again."""
    try:
        told = msgspec.convert(payload, Received)
    except msgspec.ValidationError as error:
        raise BadRequest(f"This is no receipt of SES: {error}.", fix="Send what SES sent, unchanged.") from error
    if MAIL_ID.fullmatch(told.mail.message_id) is None:
        raise BadRequest("mail.messageId is not an id of SES.", fix="Send what SES sent, unchanged.")
    location = None
    if told.content is not None:
        raw = _inline(told.content, told.receipt.action.encoding)
    elif told.receipt.action.type == "S3":
        location, raw = await _from_bucket(intake, told)
    else:
        # An alert of another action: the mail is not in it, and is nobody's to fetch.
        log.info("ses_alert", action=told.receipt.action.type[:40], id=told.mail.message_id)
        return
    await deliver(intake, _mail(intake, told, raw, location))


def _mail(intake: Intake, told: Received, raw: bytes | None, location: str | None) -> ProviderMail:
    receipt = told.receipt
    return ProviderMail(
        source="ses",
        provider_id=told.mail.message_id,
        mail_from=told.mail.source,
        recipients=receipt.recipients,
        raw=raw,
        location=location,
        received_at=received_at(receipt.timestamp, intake.runtime.now()),
        authentication=None
        if raw is None
        else authentication_of(receipt.spf_verdict, receipt.dkim_verdict, receipt.dmarc_verdict, raw),
        flags=("virus",) if receipt.virus_verdict.status == "FAIL" else (),
    )


def _inline(content: str, encoding: str) -> bytes:
    if encoding.upper() != "BASE64":
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("content is not base64, as its action says.", fix="Send what SES sent, unchanged.") from error


async def _from_bucket(intake: Intake, told: Received) -> tuple[str, bytes | None]:
    """Where the mail is, and its bytes, or None when they are more than we take."""
    objects, action = intake.runtime.mail_objects, told.receipt.action
    if objects is None or action.bucket_name != objects.bucket or not may_read(objects, action.object_key):
        raise Forbidden(
            "The mail is not in the bucket, or not below the prefix, that may be read.",
            fix="Set AGENTPOST_SES_INBOUND_BUCKET to the bucket and prefix of the receipt rule.",
        )
    if action.object_key.rpartition("/")[2] != told.mail.message_id:
        raise Forbidden("The object is not that of this mail.", fix="Send what SES sent, unchanged.")
    try:
        raw = await objects.read(action.object_key, most=intake.runtime.settings.max_receive_octets)
    except ObjectTooLarge:
        raw = None
    except ObjectNotFound as error:
        raise Unavailable("The mail is not in the bucket yet.", fix="Try again.", retry_after=30) from error
    return f"s3:{action.object_key}", raw


def may_read(objects: MailObjects, key: str) -> bool:
    """Whether a key lies below our prefix by every reading of it."""
    named = key.startswith(objects.prefix) and len(key) <= 1024 and _KEY.fullmatch(key) is not None
    return named and not {".", ".."} & set(key.split("/"))


def received_at(text: str, moment: datetime) -> datetime:
    """The time that SES names; now for what is none, or lies ahead."""
    try:
        return min(datetime.fromisoformat(text), moment)
    except (ValueError, TypeError):
        return moment
