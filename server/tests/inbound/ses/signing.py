"""SNS as a test needs it: an authority of the test's own, messages that it signs, and the payloads of SES in them."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-1:123456789012:agentpost-mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Issued(NamedTuple):
    """A certificate and what it signs with."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    name: str = "sns.amazonaws.com",
    *,
    issuer: Issued | None = None,
    authority: bool = False,
    days: tuple[float, float] = (-1, 30),
    private_key: Any = None,
) -> Issued:
    """A certificate of `name`, by `issuer` or by itself, valid from and to so many days from now."""
    own = private_key or key()
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer.certificate.subject if issuer else _name(name))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return Issued(built.sign((issuer or Issued(None, own)).key, hashes.SHA256()), own)  # pyright: ignore[reportArgumentType]


AUTHORITY = issue("The tests' authority", authority=True)
SNS = issue(issuer=AUTHORITY)


def sign(message: dict[str, Any], *, by: Issued = SNS) -> dict[str, Any]:
    """The message with its signature over the fields that SNS signs."""
    kind = message["Type"]
    names = ["Message", "MessageId"]
    names += ["Subject", "Timestamp"] if kind == "Notification" else ["SubscribeURL", "Timestamp", "Token"]
    names += ["TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    digest = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
    signature = by.key.sign(text.encode(), PKCS1v15(), digest)
    return {**message, "Signature": base64.b64encode(signature).decode()}


def notification(payload: Any, *, version: str = "2", at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """A signed Notification; `payload` is text, or becomes JSON."""
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return sign(
        {
            "Type": "Notification",
            "MessageId": secrets.token_hex(16),
            "TopicArn": TOPIC,
            "Message": payload if isinstance(payload, str) else json.dumps(payload),
            "Timestamp": moment,
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            **fields,
        }
    )


def confirmation(kind: str = "SubscriptionConfirmation", **fields: Any) -> dict[str, Any]:
    url = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
    return notification("You have chosen to subscribe.", Type=kind, Token="2336412f37", SubscribeURL=url, **fields)


def mail_id() -> str:
    return secrets.token_hex(20)


def receipt(
    *recipients: str,
    id_: str | None = None,
    content: str | None = None,
    encoding: str | None = None,
    bucket: str = "mail-in",
    key: str | None = None,
    source: str = "ann@example.com",
    verdicts: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What SES publishes of a received mail: with its content, or by its place in S3."""
    named = id_ or mail_id()
    action: dict[str, Any] = {"type": "SNS", "topicArn": TOPIC, "encoding": encoding or "UTF8"}
    if content is None:
        action = {
            "type": "S3",
            "topicArn": TOPIC,
            "bucketName": bucket,
            "objectKeyPrefix": "in/",
            "objectKey": key if key is not None else f"in/{named}",
        }
    told = {f"{name}Verdict": {"status": status} for name, status in (verdicts or {}).items()}
    payload: dict[str, Any] = {
        "notificationType": "Received",
        "receipt": {
            "timestamp": "2026-01-02T03:04:05.678Z",
            "processingTimeMillis": 222,
            "recipients": list(recipients),
            "action": action,
            **told,
        },
        "mail": {
            "timestamp": "2026-01-02T03:04:05.678Z",
            "source": source,
            "messageId": named,
            "destination": ["somebody-else@example.com"],
            "headersTruncated": False,
            "headers": [],
            "commonHeaders": {},
        },
    }
    return payload if content is None else {**payload, "content": content}


def stored(id_: str, recipient: str, raw: bytes, *, source: str = "ann@example.com") -> bytes:
    """The mail as SES puts it into a bucket: its own lines on top."""
    top = (
        f"Return-Path: <{source}>\r\nReceived: from mail.example.com (mail.example.com [192.0.2.1])\r\n"
        f" by inbound-smtp.eu-west-1.amazonaws.com with SMTP id {id_}\r\n for {recipient};\r\n"
        " Fri, 02 Jan 2026 03:04:05 +0000 (UTC)\r\nX-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n"
    )
    return top.encode() + raw
