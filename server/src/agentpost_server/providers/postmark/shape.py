"""A composed mail as the JSON of `POST /email/batch` (Postmark developer reference, Email API). Pure."""

import base64
from collections.abc import Sequence
from typing import Any, Final

from agentpost_server.mail.compose.headers import quoted
from agentpost_server.mail.model import Address
from agentpost_server.mail.parsed import ParsedAttachment
from agentpost_server.ports.transport import TAG_NAME
from agentpost_server.providers.composed import CannotCarry, ComposedMail, Shown

# Postmark sets a Message-ID of its own unless this header is there.
_KEEP_MESSAGE_ID: Final = {"Name": "X-PM-KeepID", "Value": "true"}
_RESERVED: Final = frozenset(("received", "dkim-signature", "return-path", "sender"))

Json = dict[str, Any]


def messages_of(mail: ComposedMail, messages: Sequence[Shown], *, tag: str, stream: str) -> list[Json]:
    """One item for each message to be, alike but for whom they go to. Raises CannotCarry."""
    content = _content(mail)
    content["MessageStream"] = stream
    if tag:
        content["Metadata"] = {TAG_NAME: tag}
    return [{**_recipients(shown), **content} for shown in messages]


def _recipients(shown: Shown) -> Json:
    lists = {"To": _people(shown.to), "Cc": _people(shown.cc), "Bcc": ", ".join(shown.bcc)}
    return {name: people for name, people in lists.items() if people}


def _content(mail: ComposedMail) -> Json:
    said: Json = {
        "From": _person(mail.from_address),
        "Subject": mail.subject,
        "Headers": [*_headers(mail), _KEEP_MESSAGE_ID],
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    # One of the bodies must be there, and not be empty.
    if mail.text_body is not None:
        said["TextBody"] = mail.text_body or "\n"
    if mail.html_body is not None:
        said["HtmlBody"] = mail.html_body or "\n"
    if mail.reply_to:
        said["ReplyTo"] = _people(mail.reply_to)
    if mail.attachments:
        said["Attachments"] = [_attachment(one) for one in mail.attachments]
    return said


def _people(addresses: Sequence[Address]) -> str:
    return ", ".join(_person(one) for one in addresses)


def _person(address: Address) -> str:
    return f"{quoted(address.name)} <{address.email}>" if address.name else address.email


def _headers(mail: ComposedMail) -> list[Json]:
    for name, _ in mail.headers:
        if name.lower() in _RESERVED or name.lower().startswith("x-pm-"):
            raise CannotCarry(f"Postmark's API takes no header {name}.")
    return [{"Name": name, "Value": value} for name, value in mail.headers]


def _attachment(file: ParsedAttachment) -> Json:
    said: Json = {
        "Name": file.filename,
        "Content": base64.b64encode(file.content).decode("ascii"),
        "ContentType": file.declared_mime_type or file.mime_type,
    }
    if file.content_id and file.disposition == "inline":
        said["ContentID"] = f"cid:{file.content_id}"
    return said
