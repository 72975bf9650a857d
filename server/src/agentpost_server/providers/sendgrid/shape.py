"""A composed mail as the JSON of `POST /v3/mail/send` (SendGrid API reference, Mail Send). Pure."""

import base64
from typing import Any, Final

from agentpost_server.mail.compose.headers import quoted
from agentpost_server.mail.model import Address
from agentpost_server.mail.parsed import ParsedAttachment
from agentpost_server.ports.transport import TAG_NAME, OutgoingEnvelope
from agentpost_server.providers.composed import CannotCarry, ComposedMail, Shown, shown_to

# The reference's list of headers that must not be given, less those that have fields of their own.
_RESERVED: Final = frozenset(("x-sg-id", "x-sg-eid", "received", "dkim-signature"))
_NO_TRACKING: Final = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}

Json = dict[str, Any]


def request_of(mail: ComposedMail, envelope: OutgoingEnvelope) -> Json:
    """Raises CannotCarry."""
    if not mail.subject.strip():
        raise CannotCarry("SendGrid's API takes no mail without a subject.")
    request: Json = {
        "personalizations": [_personalization(shown) for shown in shown_to(mail, envelope.recipients)],
        "from": _person(mail.from_address),
        "subject": mail.subject,
        "content": _content(mail),
        "headers": _headers(mail),
        "tracking_settings": _NO_TRACKING,
    }
    if mail.reply_to:
        request["reply_to_list"] = [_person(one) for one in mail.reply_to]
    if mail.attachments:
        request["attachments"] = [_attachment(one) for one in mail.attachments]
    if envelope.tag:
        request["custom_args"] = {TAG_NAME: envelope.tag}
    return request


def _personalization(shown: Shown) -> Json:
    lists = {
        "to": [_recipient(one) for one in shown.to],
        "cc": [_recipient(one) for one in shown.cc],
        "bcc": [{"email": email} for email in shown.bcc],
    }
    return {name: people for name, people in lists.items() if people}


def _person(address: Address) -> Json:
    return {"email": address.email, "name": address.name} if address.name else {"email": address.email}


def _recipient(address: Address) -> Json:
    """Within personalizations a name with a comma or semicolon is split there, unless it comes in quotes."""
    name = address.name or ""
    return {"email": address.email, "name": quoted(name)} if {",", ";"} & set(name) else _person(address)


def _content(mail: ComposedMail) -> list[Json]:
    """Text before HTML, as demanded; a value must have a character."""
    bodies = (("text/plain", mail.text_body), ("text/html", mail.html_body))
    return [{"type": kind, "value": body or "\n"} for kind, body in bodies if body is not None]


def _headers(mail: ComposedMail) -> dict[str, str]:
    headers: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in mail.headers:
        if name.lower() in _RESERVED:
            raise CannotCarry(f"SendGrid's API takes no header {name}.")
        if name.lower() in seen:
            raise CannotCarry(f"SendGrid's API takes each header once, and the mail has {name} twice.")
        seen.add(name.lower())
        headers[name] = value
    return headers


def _attachment(file: ParsedAttachment) -> Json:
    said: Json = {
        "content": base64.b64encode(file.content).decode("ascii"),
        "type": file.declared_mime_type or file.mime_type,
        "filename": file.filename,
        "disposition": file.disposition,
    }
    if file.content_id:
        said["content_id"] = file.content_id
    return said
