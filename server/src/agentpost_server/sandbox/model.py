"""Shapes of the sandbox's door."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.mail.model import Address
from agentpost_server.outbound.model import AddressIn, AddressList, AttachmentIn, Base64, Body, Subject

Words = Annotated[str, Meta(max_length=100_000)]
Seconds = Annotated[int, Meta(ge=0, le=31_622_400)]
Doing = Literal["answer", "out_of_office", "attack", "complain", "bounce", "soft_bounce", "timeout", "silence"]


class CapturedSummary(msgspec.Struct, kw_only=True):
    """What a list of mail shows of a message."""

    inbox_id: str
    thread_id: str
    subject: str
    from_address: Address
    preview: str
    has_attachments: bool
    size: int


class Captured(msgspec.Struct, kw_only=True):
    """A message that was kept here instead of being sent. `GET /messages/{message_id}` has all of it."""

    id: str
    message_id: str
    recipients: list[str]
    captured_at: str
    message: CapturedSummary


def captured_of(row: Any) -> Captured:
    return Captured(
        id=ids.encode("obx", row["id"]),
        message_id=ids.encode("msg", row["message_id"]),
        recipients=row["recipients"],
        captured_at=rfc3339(row["captured_at"]),
        message=CapturedSummary(
            inbox_id=ids.encode("inb", row["inbox_id"]),
            thread_id=ids.encode("thr", row["thread_id"]),
            subject=row["subject"],
            from_address=msgspec.json.decode(row["from_address"], type=Address),
            preview=row["preview"],
            has_attachments=row["has_attachments"],
            size=row["size"],
        ),
    )


class Clock(msgspec.Struct, kw_only=True):
    """The time in an environment. `under_way`: mail and drafts that are due and not done; 0: all has come to rest."""

    environment_id: str
    now: str
    offset_seconds: int
    under_way: int


class AdvanceClock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One of the two."""

    advance_seconds: Annotated[int, Meta(ge=0, le=315_360_000)] | None = None
    to: Annotated[datetime, Meta(tz=True)] | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a correspondent does about one mail."""

    do: Doing
    after_seconds: Seconds = 0
    """How long it takes to write back, by the environment's clock."""
    defer: Annotated[int, Meta(ge=0, le=20)] = 0
    """Greylisting: so many tries are put off before this happens."""
    subject: Subject | None = None
    """None: `Re:` and the subject of the mail."""
    text_body: Words | None = None
    html_body: Words | None = None


class ChosenAuthentication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the checks of the mail's origin shall have said."""

    spf: Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"] = "none"
    dkim: Literal["pass", "fail", "none", "temperror", "permerror"] = "none"
    dmarc: Literal["pass", "fail", "none", "temperror", "permerror"] = "none"
    arc: Literal["pass", "fail", "none"] = "none"


Script = Annotated[list[Turn], Meta(max_length=100)]
Afterwards = Literal["repeat", "restart", "silence"]


class WritePersona(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A correspondent, or the one who has this address, written anew."""

    email: Annotated[str, Meta(max_length=320)]
    name: Annotated[str, Meta(max_length=256)] | None = None
    script: Script
    """What they do about the first mail of a conversation, the second, and so on."""
    afterwards: Afterwards = "silence"
    """What they do about those behind the last: the last again, the script from the start, or nothing."""
    authentication: ChosenAuthentication | None = None
    """Of what they write. None: everything passes."""


class Persona(msgspec.Struct, kw_only=True):
    """A correspondent of this environment, or one of the built-in people of `sandbox.test`."""

    email: str
    name: str | None
    built_in: bool
    script: list[Turn]
    afterwards: Afterwards
    authentication: ChosenAuthentication | None
    created_at: str | None
    updated_at: str | None


class Deliver(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A mail as if it came from outside: `raw` or `raw_base64`, or the fields that it is made from."""

    inbox_id: Annotated[str, Meta(max_length=64)]
    raw: Annotated[str, Meta(max_length=26_214_400)] | None = None
    """The mail itself as text. Line ends become CRLF."""
    raw_base64: Annotated[str, Meta(max_length=34_952_536), Base64] | None = None
    """The mail itself, byte for byte."""
    mail_from: Annotated[str, Meta(max_length=320)] | None = None
    """The envelope's sender, "" for none. None: who wrote it."""
    from_address: AddressIn | None = None
    """Who wrote it. Needed without `raw`."""
    to: AddressList = []
    """As its header shall say. Empty: the inbox."""
    cc: AddressList = []
    reply_to: AddressList = []
    subject: Subject = ""
    text_body: Body | None = None
    html_body: Body | None = None
    attachments: Annotated[list[AttachmentIn], Meta(max_length=50)] = []
    headers: Annotated[dict[str, str], Meta(max_length=50)] = {}
    in_reply_to: Annotated[str, Meta(max_length=998)] | None = None
    """A message of the inbox (`msg_…`) that it answers, or any `<message-id>`."""
    automatic: bool = False
    """True: it says that no person wrote it (`Auto-Submitted: auto-replied`)."""
    authentication: ChosenAuthentication | None = None
    """None: nobody checked it."""


class Delivered(msgspec.Struct, kw_only=True):
    """Where it will stand: `GET /messages/{message_id}` has it as soon as it is read."""

    message_id: str
    inbox_id: str
    received_at: str
