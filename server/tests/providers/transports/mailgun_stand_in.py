"""A stand-in for Mailgun's `POST /v3/{domain}/messages.mime`, made from its public API reference: it checks the form,
the key and the domain, and refuses in Mailgun's words. It is not Mailgun.
"""

import base64
import email
import email.policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from agentpost_server.ports.transport import TAG_NAME
from providers.transports.http_stand_in import HttpStandIn, Reply, Request
from providers.transports.letters import Handed

KEY: Final = "key-of-the-tests"
_BASIC: Final = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
_OPTIONS: Final = {f"o:tracking{more}": {"yes", "no", "htmlonly"} for more in ("", "-clicks", "-opens")}


class Wrong(Exception):
    """Mailgun's sentence."""


class MailgunStandIn(HttpStandIn):
    domains = ("example.com", "mg.example.com")

    async def answer(self, request: Request) -> Reply:
        parts = request.path.split("/")
        if request.method != "POST" or parts[:2] + parts[3:] != ["", "v3", "messages.mime"]:
            return Reply(404, b"404 page not found")
        if request.headers.get("authorization") != _BASIC:
            return Reply(401, b"Forbidden")
        if parts[2] not in self.domains:
            return Reply.json(404, {"message": f"Domain not found: {parts[2]}"})
        try:
            handed = _taken(request)
        except Wrong as error:
            return Reply.json(400, {"message": str(error)})
        if len(handed.wire) > 25_000_000:
            return Reply.json(413, {"message": "Request Entity Too Large"})
        self.handed.append(handed)
        return Reply.json(200, {"id": str(handed.mail["Message-ID"]), "message": "Queued. Thank you."})


def _taken(request: Request) -> Handed:
    fields, message = _form(request)
    _demand("to" in fields, "to parameter is missing")
    _demand(message is not None, "'message' parameter is not a file")
    options = {name: value for name, value in fields.items() if name != "to"}
    _demand(sum(len(n) + len(v) for n, v in options.items()) <= 16_384, "Send options are limited to 16 kB total")
    for name, value in options.items():
        known = name.startswith("v:") or value in _OPTIONS.get(name, set())
        _demand(known, f"{name} is not an option")
    recipients = [one.strip() for one in fields["to"].split(",")]
    _demand(len(recipients) <= 1000, "Too many recipients; max is 1000")
    for one in recipients:
        _demand(one.isascii() and parseaddr(one)[1] == one and "@" in one, "'to' parameter is not a valid address")
    assert message is not None
    return Handed(recipients, message, fields.get(f"v:{TAG_NAME}"))


def _form(request: Request) -> tuple[dict[str, str], bytes | None]:
    """The fields of multipart/form-data, and the file `message`."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + request.body, policy=email.policy.HTTP.clone(max_line_length=None))
    assert isinstance(form, EmailMessage)
    fields: dict[str, str] = {}
    message = None
    boundary = f"--{form.get_boundary()}".encode()
    for piece in request.body.split(boundary)[1:-1]:
        section, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        disposition = email.message_from_bytes(section + b"\r\n\r\n", policy=email.policy.HTTP)["Content-Disposition"]
        name = disposition.params["name"]
        if name == "message":
            message = content if "filename" in disposition.params else None
        else:
            fields[name] = content.decode()
    return fields, message


def _demand(holds: bool, sentence: str) -> None:
    if not holds:
        raise Wrong(sentence)
