"""One path for both of SendGrid's webhooks; the Content-Type tells which. The token in the path is demanded of both,
the signature of events always, of mail where SendGrid was told to sign that too.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agentpost_server.core.errors import BadRequest
from agentpost_server.inbound.calls import Form, forbidden, read_form, read_json, refuse_larger
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver, name_of, off_loop
from agentpost_server.inbound.rebuilt import File, rebuild
from agentpost_server.mail.authentication import UNCHECKED
from agentpost_server.mail.charsets import decode
from agentpost_server.outbound import telling
from agentpost_server.outbound.decode.sendgrid import told
from agentpost_server.runtime import Runtime

_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
# It tries for a day, and may sign once.
_OLDEST_SECONDS: Final = 26 * 3600
_AHEAD_SECONDS: Final = 600


class Envelope(msgspec.Struct, frozen=True):
    """SMTP's, as SendGrid saw it."""

    to: tuple[str, ...]
    from_: str = msgspec.field(name="from", default="")


async def take_mail(intake: Intake, body: bytes, headers: Mapping[str, str]) -> None:
    """Durable when this returns."""
    if _SIGNATURE in headers and intake.runtime.settings.sendgrid_webhook_key:
        await off_loop(len(body), lambda: check_signature(intake.runtime, body, headers))
    form = await off_loop(len(body), lambda: read_form(body, headers.get("content-type", "")))
    try:
        envelope = msgspec.json.decode(form.fields.get("envelope", b""), type=Envelope)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest("The field envelope is not SendGrid's.", fix="Send what SendGrid sent, unchanged.") from error
    given = form.fields.get("email")
    raw = given if given is not None else await off_loop(len(body), lambda: _rebuilt(form))
    refuse_larger(raw, intake.runtime.settings.max_receive_octets)
    await deliver(
        intake,
        ProviderMail(
            source="sendgrid",
            provider_id=await off_loop(len(raw), lambda: name_of(raw, msgspec.json.encode(envelope))),
            mail_from=envelope.from_,
            recipients=envelope.to,
            raw=raw,
            received_at=intake.runtime.now(),
            authentication=None if given is not None else UNCHECKED,
            flags=() if given is not None else ("rebuilt",),
        ),
    )


async def take_events(intake: Intake, body: bytes, headers: Mapping[str, str]) -> None:
    """Acts on the signed events of one call."""
    await off_loop(len(body), lambda: check_signature(intake.runtime, body, headers))
    try:
        reports = await off_loop(len(body), lambda: told(read_json(body)))
    except ValueError as error:
        raise BadRequest(str(error), fix="Send what SendGrid sent, unchanged.") from error
    await telling.apply(intake.runtime, reports)


def check_signature(runtime: Runtime, body: bytes, headers: Mapping[str, str]) -> None:
    """ECDSA over timestamp and body, by one of the comma-separated public keys. Raises Forbidden."""
    timestamp, keys = headers.get(_TIMESTAMP, ""), runtime.settings.sendgrid_webhook_key.split(",")
    try:
        signature = base64.b64decode(headers.get(_SIGNATURE, ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise forbidden("The signature is not SendGrid's.") from error
    if not timestamp.isdigit() or len(timestamp) > 12:
        raise forbidden("The signature has no timestamp.")
    if not -_AHEAD_SECONDS <= runtime.now().timestamp() - int(timestamp) <= _OLDEST_SECONDS:
        raise forbidden("The signature is too old.")
    if not any(_signed_by(key.strip(), signature, timestamp.encode() + body) for key in keys):
        raise forbidden("The signature is not SendGrid's.")


def _signed_by(key: str, signature: bytes, signed: bytes) -> bool:
    try:
        public = serialization.load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _rebuilt(form: Form) -> bytes:
    """From the parsed form: where the hook is not set to post the raw mail."""
    charsets = _charsets(form)
    head, text, html = (
        decode(form.fields.get(name, b""), charsets.get(name))[0] for name in ("headers", "text", "html")
    )
    lines = head.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ").split("\n")
    headers = [(name, value.strip()) for name, colon, value in (one.partition(":") for one in lines) if colon]
    files = [
        File(filename=one.filename, media_type=one.media_type, content=one.content)
        for one in form.files
        if one.name.startswith("attachment")
    ]
    return rebuild(headers, text=text, html=html, files=files)


def _charsets(form: Form) -> dict[str, str]:
    """By field: SendGrid posts the words in the charset that they came in."""
    try:
        return msgspec.json.decode(form.fields.get("charsets", b"{}"), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
