"""A stand-in for SendGrid's `POST /v3/mail/send`, made from its public API reference: it checks a request's shape and
credentials, refuses what the reference says is refused, and composes what recipients would see. It is not SendGrid.
"""

import base64
import binascii
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any, Final

import msgspec

from agentpost_server.ports.transport import TAG_NAME
from providers.transports.http_stand_in import HttpStandIn, Reply, Request
from providers.transports.letters import Handed

KEY: Final = "SG.secret-key.of-the-tests"
_RESERVED: Final = frozenset(
    "x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to cc"
    " bcc".split()
)
_KNOWN: Final = frozenset(
    "personalizations from subject content headers tracking_settings reply_to_list attachments custom_args".split()
)


class Wrong(Exception):
    """A field, and what is wrong with it."""


class SendGridStandIn(HttpStandIn):
    verified_domain = "example.com"

    async def answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            return _errors(404, None, "Not Found")
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _errors(401, None, "The provided authorization grant is invalid, expired, or revoked")
        if request.headers.get("content-type") != "application/json":
            return _errors(415, None, "Content-Type should be application/json.")
        if len(request.body) > 31_000_000:
            return _errors(413, None, "Payload Too Large")
        try:
            said = msgspec.json.decode(request.body)
            if said["from"]["email"].rpartition("@")[2] != self.verified_domain:
                return _errors(403, "from", "The from address does not match a verified Sender Identity.")
            self.handed += _taken(said)
        except Wrong as error:
            return _errors(400, str(error.args[0]), str(error.args[1]))
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            return _errors(400, None, f"Bad Request {error}")
        return Reply(202, headers={"X-Message-Id": f"sg{len(self.requests)}abc"})


def _errors(status: int, field: str | None, message: str) -> Reply:
    return Reply.json(status, {"errors": [{"message": message, "field": field, "help": None}]})


def _taken(said: dict[str, Any]) -> list[Handed]:
    _demand(set(said) <= _KNOWN, "body", f"Invalid field {set(said) - _KNOWN}")
    _demand(bool(said.get("subject")), "subject", "The subject is required.")
    _demand(1 <= len(said["personalizations"]) <= 1000, "personalizations", "between 1 and 1000")
    arguments = said.get("custom_args", {})
    _demand(all(isinstance(one, str) for one in arguments.values()), "custom_args", "must be strings")
    _demand(sum(map(len, arguments.values())) < 10_000, "custom_args", "less than 10000 bytes")
    kinds = [one["type"] for one in said["content"]]
    _demand(kinds in (["text/plain"], ["text/html"], ["text/plain", "text/html"]), "content", "order or type")
    _demand(all(one["value"] for one in said["content"]), "content", "at least one character")
    for name, value in said["headers"].items():
        _demand(name.lower() not in _RESERVED, f"headers.{name}", "The header is reserved.")
        _demand(isinstance(value, str) and value.isascii() and value.isprintable(), f"headers.{name}", "Invalid.")
    _demand(not said["tracking_settings"]["open_tracking"]["enable"], "tracking", "the tests want none")
    return [_one(said, one, arguments.get(TAG_NAME)) for one in said["personalizations"]]


def _one(said: dict[str, Any], personalization: dict[str, Any], tag: str | None) -> Handed:
    _demand(set(personalization) <= {"to", "cc", "bcc"} and bool(personalization["to"]), "to", "to is required")
    everyone = [one["email"] for people in personalization.values() for one in people]
    for email in everyone:
        _demand(email.isascii() and parseaddr(email)[1] == email and "@" in email, "to.email", "not a valid address")
    _demand(len({one.lower() for one in everyone}) == len(everyone) <= 1000, "to", "must be unique, at most 1000")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(said["from"])
    for field in ("to", "cc"):
        if people := personalization.get(field):
            for one in people:
                name = one.get("name", "")
                quoted = name.startswith('"') and name.endswith('"')
                _demand(quoted or not {",", ";"} & set(name), f"{field}.name", "cannot include ; or ,")
            mail[field.capitalize()] = [_address(one) for one in people]
    if said.get("reply_to_list"):
        mail["Reply-To"] = [_address(one) for one in said["reply_to_list"]]
    mail["Subject"] = said["subject"]
    for name, value in said["headers"].items():
        mail[name] = value
    _fill(mail, said)
    return Handed(everyone, mail.as_bytes(), tag)


def _fill(mail: EmailMessage, said: dict[str, Any]) -> None:
    for number, one in enumerate(said["content"]):
        add = mail.add_alternative if number else mail.set_content
        add(one["value"], subtype=one["type"].partition("/")[2])
    for one in said.get("attachments", []):
        _demand(set(one) <= {"content", "type", "filename", "disposition", "content_id"}, "attachments", "field")
        _demand(bool(one["filename"]) and one["filename"].isprintable(), "attachments.filename", "filename")
        _demand(";" not in one["type"] and one["type"].isprintable(), "attachments.type", "type")
        try:
            content = base64.b64decode(one["content"], validate=True)
        except binascii.Error as error:
            raise Wrong("attachments.content", "not base64") from error
        main, _, sub = one["type"].partition("/")
        cid = f"<{one['content_id']}>" if "content_id" in one else None
        mail.add_attachment(
            content, maintype=main, subtype=sub, filename=one["filename"], disposition=one["disposition"], cid=cid
        )


def _address(one: dict[str, str]) -> Address:
    name = one.get("name", "")
    if name.startswith('"') and name.endswith('"'):
        name = name[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return Address(name, addr_spec=one["email"])


def _demand(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise Wrong(field, message)
