"""One path for Mailgun's routes and webhooks; the Content-Type tells which.

Its signature covers a timestamp and a token and not the body: so a token is good once, and what an event says moves
only what bears a name of our own. A retry of a call that we could not finish may come with the token it had, as long as
the body is the same.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec

from agentpost_server.core.errors import BadRequest
from agentpost_server.inbound import store_intake as store
from agentpost_server.inbound.calls import Form, forbidden, read_form, read_json, refuse_larger
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver, name_of, off_loop
from agentpost_server.inbound.rebuilt import File, rebuild
from agentpost_server.mail.authentication import UNCHECKED
from agentpost_server.outbound import telling
from agentpost_server.outbound.decode import mailgun as decode

# Tokens are kept longer than this: what is older than it could be a replay that was forgotten.
_OLDEST_SECONDS: Final = 24 * 3600
_AHEAD_SECONDS: Final = 600
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{16,128}")


class Signature(msgspec.Struct, frozen=True):
    timestamp: str | int
    token: str
    signature: str


async def take_mail(intake: Intake, body: bytes, headers: Mapping[str, str]) -> None:
    """Durable when this returns."""
    form = await off_loop(len(body), lambda: read_form(body, headers.get("content-type", "")))
    signature = Signature(form.text("timestamp"), form.text("token"), form.text("signature"))
    token = await _take_token(intake, signature, body)
    given = form.fields.get("body-mime")
    raw = given if given is not None else await off_loop(len(body), lambda: _rebuilt(form))
    refuse_larger(raw, intake.runtime.settings.max_receive_octets)
    recipients = tuple(one.strip() for one in form.text("recipient").split(",") if one.strip())
    if not recipients:
        raise BadRequest("The field recipient is missing.", fix="Send what Mailgun sent, unchanged.")
    await deliver(
        intake,
        ProviderMail(
            source="mailgun",
            provider_id=await off_loop(len(raw), lambda: name_of(raw, form.fields.get("recipient", b""))),
            mail_from=form.text("sender"),
            recipients=recipients,
            raw=raw,
            received_at=intake.runtime.now(),
            authentication=None if given is not None else UNCHECKED,
            flags=() if given is not None else ("rebuilt",),
        ),
    )
    await store.use_token(intake.runtime.database, "mailgun", token)


async def take_events(intake: Intake, body: bytes) -> None:
    """Acts on one event."""
    payload = await off_loop(len(body), lambda: read_json(body))
    told = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
    try:
        signature = msgspec.convert(told.get("signature"), Signature)
        token = await _take_token(intake, signature, body)
        reports = decode.told(told)
    except ValueError as error:
        raise BadRequest("This is no signed event of Mailgun.", fix="Send what Mailgun sent, unchanged.") from error
    await telling.apply(intake.runtime, reports)
    await store.use_token(intake.runtime.database, "mailgun", token)


async def _take_token(intake: Intake, given: Signature, body: bytes) -> bytes:
    """Raises Forbidden unless Mailgun signed it lately, and its token is new."""
    key, timestamp = intake.runtime.settings.mailgun_signing_key, str(given.timestamp)
    expected = hmac.new(key.encode(), f"{timestamp}{given.token}".encode("utf-8", "replace"), hashlib.sha256)
    if not hmac.compare_digest(expected.hexdigest().encode(), given.signature.encode("utf-8", "replace")):
        raise forbidden("The signature is not Mailgun's.")
    # Only what is signed is looked at: the two are joined, so each must have its own form.
    if not timestamp.isdigit() or len(timestamp) != 10 or _TOKEN.fullmatch(given.token) is None:
        raise forbidden("The signature is not Mailgun's.")
    age = intake.runtime.now().timestamp() - int(timestamp)
    if not -_AHEAD_SECONDS <= age <= _OLDEST_SECONDS:
        raise forbidden("The signature is too old.")
    token = hashlib.sha256(given.token.encode()).digest()
    digest = await off_loop(len(body), lambda: hashlib.sha256(body).digest())
    if not await store.take_token(intake.runtime.database, "mailgun", token, digest):
        raise forbidden("The token was used before.")
    return token


def _rebuilt(form: Form) -> bytes:
    """From the parsed form: where the route's URL does not end with "mime"."""
    try:
        told = msgspec.json.decode(form.fields.get("message-headers", b"[]"), type=list[tuple[str, str]])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest("message-headers is no JSON list.", fix="Send what Mailgun sent, unchanged.") from error
    files = [
        File(filename=one.filename, media_type=one.media_type, content=one.content)
        for one in form.files
        if one.name.startswith("attachment")
    ]
    return rebuild(told, text=form.text("body-plain"), html=form.text("body-html"), files=files)
