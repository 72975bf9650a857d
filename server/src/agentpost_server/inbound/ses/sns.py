"""The envelope of SNS, and its signature (versions 1 and 2). Nothing in it is believed, and nothing that it names is
fetched but a certificate of SNS, before topic and signature are right.
"""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from msgspec import Meta

from agentpost_server.core.errors import BadRequest, Forbidden
from agentpost_server.inbound.ses.certificates import Certificates

NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIPTION: Final = "UnsubscribeConfirmation"
_REPLAY_WINDOW: Final = timedelta(hours=1)

Short = Annotated[str, Meta(max_length=2048)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What SNS wraps a message in. `token` comes with confirmations; `subscribe_url` is signed and never used."""

    type: Short = msgspec.field(name="Type")
    message_id: Short = msgspec.field(name="MessageId")
    topic: Short = msgspec.field(name="TopicArn")
    message: str = msgspec.field(name="Message")
    timestamp: Short = msgspec.field(name="Timestamp")
    signature_version: Short = msgspec.field(name="SignatureVersion")
    signature: Short = msgspec.field(name="Signature")
    certificate_url: Short = msgspec.field(name="SigningCertURL")
    subject: str | None = msgspec.field(name="Subject", default=None)
    token: Short = msgspec.field(name="Token", default="")
    subscribe_url: str = msgspec.field(name="SubscribeURL", default="")

    def signed_text(self) -> bytes:
        """The canonical text: names and values by line, in the order of the names, an absent subject left out."""
        pairs = [("Message", self.message), ("MessageId", self.message_id)]
        if self.type == NOTIFICATION:
            pairs += [("Subject", self.subject)] if self.subject is not None else []
            pairs += [("Timestamp", self.timestamp)]
        else:
            pairs += [("SubscribeURL", self.subscribe_url), ("Timestamp", self.timestamp), ("Token", self.token)]
        pairs += [("TopicArn", self.topic), ("Type", self.type)]
        return "".join(f"{name}\n{value}\n" for name, value in pairs).encode()


def read_envelope(body: bytes) -> Envelope:
    """Raises BadRequest for what is not JSON, Forbidden for JSON without SNS's envelope (raw message delivery)."""
    try:
        return msgspec.json.decode(body, type=Envelope)
    except msgspec.ValidationError as error:
        raise Forbidden(
            "This is not a signed message of SNS.", fix="Turn raw message delivery off for this subscription."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is not JSON.", fix="Subscribe this URL to an SNS topic.") from error


async def authenticate(envelope: Envelope, *, topics: frozenset[str], certificates: Certificates) -> None:
    """Raises Forbidden unless SNS signed it for a topic of ours, Unavailable when that could not be found out."""
    if envelope.topic not in topics:
        raise Forbidden(
            "TopicArn is not a topic that is believed here.", fix="Add the topic's ARN to AGENTPOST_SES_TOPICS."
        )
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}.get(envelope.signature_version)  # noqa: S303 - version 1 is that
    if digest is None or envelope.type not in (NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION):
        raise _forged()
    try:
        signature = base64.b64decode(envelope.signature, validate=True)
        signed = envelope.signed_text()
    except (binascii.Error, ValueError) as error:
        raise _forged() from error
    key = await certificates.key(envelope.certificate_url)
    try:
        key.verify(signature, signed, PKCS1v15(), digest)
    except InvalidSignature as error:
        raise _forged() from error


def refuse_replay(envelope: Envelope, moment: datetime) -> None:
    """Raises Forbidden for what is more than an hour away: by HTTP anyone may repeat what was overheard."""
    try:
        published = datetime.fromisoformat(envelope.timestamp)
        away = abs(moment - published)
    except (ValueError, TypeError) as error:
        raise _forged() from error
    if away > _REPLAY_WINDOW:
        raise Forbidden("This message is older than an hour.", fix="Nothing: it is in the queue or the bucket, too.")


def _forged() -> Forbidden:
    return Forbidden("The signature is not SNS's.", fix="Send what SNS sent, unchanged.")
