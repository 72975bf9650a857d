"""A stand-in for Postmark's `POST /email/batch`, made from its public developer reference: it checks shapes and the
token, refuses by its error codes, keeps a list of inactive addresses, and composes what recipients would see.
It is not Postmark.
"""

import base64
import binascii
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from typing import Any, Final

import msgspec

from agentpost_server.ports.transport import TAG_NAME
from providers.transports.http_stand_in import HttpStandIn, Reply, Request
from providers.transports.letters import Handed

TOKEN: Final = "11111111-token-of-the-tests"
_KNOWN: Final = frozenset(
    "From To Cc Bcc Subject TextBody HtmlBody ReplyTo Headers TrackOpens TrackLinks Metadata Attachments"
    " MessageStream".split()
)
_MAILBOX: Final = re.compile(r"[a-z0-9.!#$%&'`*+\-/=^_{}|~]+", re.IGNORECASE)


class Wrong(Exception):
    """An ErrorCode and its Message."""


class PostmarkStandIn(HttpStandIn):
    confirmed_domain = "example.com"

    def __init__(self) -> None:
        super().__init__()
        self.inactive: set[str] = set()

    async def answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/email/batch"):
            return Reply.json(404, {"ErrorCode": 404, "Message": "Not found"})
        if request.headers.get("x-postmark-server-token") != TOKEN:
            return Reply.json(401, {"ErrorCode": 10, "Message": "Request does not contain a valid Server token."})
        if len(request.body) > 50_000_000:
            return Reply(413)
        try:
            items = msgspec.json.decode(request.body, type=list[dict[str, Any]])
        except msgspec.DecodeError:
            return Reply.json(422, {"ErrorCode": 402, "Message": "Received invalid JSON input."})
        if len(items) > 500:
            return Reply.json(422, {"ErrorCode": 410, "Message": "Too many batch messages."})
        return Reply.json(200, [self._one(item) for item in items])

    def _one(self, item: dict[str, Any]) -> dict[str, Any]:
        try:
            message, handed = self._taken(item)
        except Wrong as error:
            return {"ErrorCode": error.args[0], "Message": error.args[1]}
        self.handed.append(handed)
        return {"To": item["To"], "MessageID": f"pm-{len(self.handed)}", "ErrorCode": 0, "Message": message}

    def _taken(self, item: dict[str, Any]) -> tuple[str, Handed]:
        _demand(set(item) <= _KNOWN, 403, f"Incompatible JSON: {set(item) - _KNOWN}")
        _demand(item["From"].rstrip(">").endswith(f"@{self.confirmed_domain}"), 400, "No Sender Signature for From.")
        _demand(item["MessageStream"] == "outbound", 1235, "The stream provided does not exist on this server.")
        _demand(bool(item.get("To")), 300, "Zero recipients specified")
        everyone = [one for field in ("To", "Cc", "Bcc") for _, one in getaddresses([item.get(field, "")]) if one]
        _demand(len(everyone) <= 50, 300, "Maximum of 50 recipients allowed per email message.")
        for one in everyone:
            _demand(bool(_MAILBOX.fullmatch(one.rpartition("@")[0])), 300, f"Error parsing 'To': Illegal '{one}'.")
        _demand(bool(item.get("TextBody") or item.get("HtmlBody")), 300, "Provide TextBody or HtmlBody or both.")
        metadata: dict[str, str] = item.get("Metadata", {})
        _demand(all(len(k) <= 20 and len(v) <= 80 for k, v in metadata.items()), 300, "Invalid metadata content.")
        _demand((item["TrackOpens"], item["TrackLinks"]) == (False, "None"), 300, "the tests want no tracking")
        dead = [one for one in everyone if one.lower() in self.inactive]
        named = f"inactive addresses: {', '.join(one.lower() for one in dead)}. Inactive recipients are ones that have"
        _demand(len(dead) < len(everyone), 406, f"You tried to send to recipient(s) marked as inactive. Found {named}")
        live = [one for one in everyone if one not in dead]
        message = f"Message OK, but will not deliver to these {named}" if dead else "OK"
        return message, Handed(live, _wire(item), metadata.get(TAG_NAME))


def _wire(item: dict[str, Any]) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for field, key in (("From", "From"), ("To", "To"), ("Cc", "Cc"), ("Reply-To", "ReplyTo")):
        if item.get(key):
            mail[field] = [Address(name, addr_spec=email) for name, email in getaddresses([item[key]])]
    mail["Subject"] = item["Subject"]
    headers = [(one["Name"], one["Value"]) for one in item["Headers"]]
    kept = ("X-PM-KeepID", "true") in headers
    for name, value in headers:
        _demand(name.isascii() and value.isascii() and value.isprintable(), 300, f"Invalid header {name}")
        if name.lower() != "message-id" or kept:
            mail[name] = value
    bodies = [(kind, item[key]) for kind, key in (("plain", "TextBody"), ("html", "HtmlBody")) if key in item]
    for number, (kind, body) in enumerate(bodies):
        (mail.add_alternative if number else mail.set_content)(body, subtype=kind)
    for one in item.get("Attachments", []):
        _demand(not one["Name"].endswith(".exe"), 411, "You tried to send a forbidden attachment type")
        _demand(one.get("ContentID", "cid:").startswith("cid:"), 300, "Invalid ContentID")
        try:
            content = base64.b64decode(one["Content"], validate=True)
        except binascii.Error as error:
            raise Wrong(300, "Invalid attachment content") from error
        main, _, sub = one["ContentType"].partition("/")
        cid = f"<{one['ContentID'][4:]}>" if "ContentID" in one else None
        where = "inline" if cid else "attachment"
        mail.add_attachment(content, maintype=main, subtype=sub, filename=one["Name"], disposition=where, cid=cid)
    return mail.as_bytes()


def _demand(holds: bool, code: int, message: str) -> None:
    if not holds:
        raise Wrong(code, message)
