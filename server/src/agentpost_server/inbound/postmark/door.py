"""One path for all of Postmark's webhooks. It signs nothing: the path holds a secret, and Basic holds another."""

import base64
import binascii
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from agentpost_server.core.errors import BadRequest
from agentpost_server.inbound.calls import read_json, refuse_larger, refused, same
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver, off_loop
from agentpost_server.inbound.rebuilt import File, rebuild
from agentpost_server.mail.authentication import UNCHECKED
from agentpost_server.outbound import telling
from agentpost_server.outbound.decode import postmark as decode


class Header(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    value: str = ""


class Attachment(msgspec.Struct, frozen=True):
    name: str = msgspec.field(name="Name", default="")
    content: str = msgspec.field(name="Content", default="")
    media_type: str = msgspec.field(name="ContentType", default="")
    content_id: str = msgspec.field(name="ContentID", default="")


class Inbound(msgspec.Struct, frozen=True):
    """One mail for one recipient. `raw` is there when the server includes raw content in its JSON."""

    message_id: Annotated[str, Meta(pattern=r"^[!-~]{1,200}$")] = msgspec.field(name="MessageID")
    recipient: str = msgspec.field(name="OriginalRecipient")
    raw: str | None = msgspec.field(name="RawEmail", default=None)
    sender: str = msgspec.field(name="From", default="")
    to: str = msgspec.field(name="To", default="")
    cc: str = msgspec.field(name="Cc", default="")
    subject: str = msgspec.field(name="Subject", default="")
    date: str = msgspec.field(name="Date", default="")
    text: str = msgspec.field(name="TextBody", default="")
    html: str = msgspec.field(name="HtmlBody", default="")
    headers: tuple[Header, ...] = msgspec.field(name="Headers", default=())
    attachments: tuple[Attachment, ...] = msgspec.field(name="Attachments", default=())


def check_password(authorization: str, expected: str) -> None:
    """Basic `user:password` (RFC 7617), compared in constant time. Raises Unauthenticated."""
    kind, _, text = authorization.partition(" ")
    try:
        given = base64.b64decode(text.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        given = ""
    if not same(given, expected) or kind.lower() != "basic":
        raise refused("User or password is wrong.", headers={"WWW-Authenticate": 'Basic realm="AgentPost"'})


async def take(intake: Intake, body: bytes) -> None:
    """Mail or an event: only events have a RecordType. Durable when this returns."""
    payload = await off_loop(len(body), lambda: read_json(body))
    if not isinstance(payload, dict):
        raise BadRequest("The body is no JSON object.", fix="Send what Postmark sent, unchanged.")
    told = cast("dict[str, Any]", payload)
    if "RecordType" not in told:
        await _take_mail(intake, told, len(body))
        return
    try:
        reports = decode.told(told)
    except ValueError as error:
        raise BadRequest(str(error), fix="Send what Postmark sent, unchanged.") from error
    await telling.apply(intake.runtime, reports)


async def _take_mail(intake: Intake, payload: dict[str, Any], octets: int) -> None:
    try:
        one = msgspec.convert(payload, Inbound)
        raw = await off_loop(octets, lambda: _raw(one))
    except (msgspec.ValidationError, binascii.Error) as error:
        raise BadRequest(f"This is no mail of Postmark: {error}.", fix="Send what Postmark sent, unchanged.") from error
    refuse_larger(raw, intake.runtime.settings.max_receive_octets)
    paths = [header.value for header in one.headers if header.name.lower() == "return-path"]
    await deliver(
        intake,
        ProviderMail(
            source="postmark",
            provider_id=one.message_id,
            mail_from=paths[0] if paths else "",
            recipients=(one.recipient,),
            raw=raw,
            received_at=intake.runtime.now(),
            authentication=None if one.raw is not None else UNCHECKED,
            flags=() if one.raw is not None else ("rebuilt",),
        ),
    )


def _raw(one: Inbound) -> bytes:
    if one.raw is not None:
        return one.raw.encode("utf-8", "replace")
    told = [(header.name, header.value) for header in one.headers]
    named = {name.lower() for name, _ in told}
    # What Postmark took out of the header to give it by itself.
    apart = [("From", one.sender), ("To", one.to), ("Cc", one.cc), ("Subject", one.subject), ("Date", one.date)]
    headers = [(name, value) for name, value in apart if value and name.lower() not in named] + told
    files = [
        File(
            filename=file.name,
            media_type=file.media_type.partition(";")[0].strip(),
            content=base64.b64decode(file.content),
            content_id=file.content_id,
        )
        for file in one.attachments
    ]
    return rebuild(headers, text=one.text, html=one.html, files=files)
