"""What is written in a draft: how it is stored, how a change of it is merged, and the send that it becomes. Pure."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.mail.model import Address
from agentpost_server.outbound.model import AttachmentIn, Send

# How each part is named in answers, which is what `changed` speaks of.
_NAMES: Final = {
    "to": "to_addresses",
    "cc": "cc_addresses",
    "bcc": "bcc_addresses",
    "reply_to": "reply_to_addresses",
    "files": "attachments_meta",
}


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose bytes the draft has. `mime_type` is what they look like, `declared` what its source said. `url` or
    `attachment_id` is where they came from: policies ask when the draft is sent."""

    id: UUID
    filename: str
    mime_type: str
    declared: str | None
    size: int
    inline: bool
    content_id: str | None
    flags: tuple[str, ...] = ()
    url: str | None = None
    attachment_id: str | None = None

    @property
    def key(self) -> str:
        return ids.encode("att", self.id)


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a revision keeps. Bodies and `send_at` have columns of their own."""

    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text_body: str | None = None
    html_body: str | None = None
    files: tuple[StoredFile, ...] = ()
    headers: dict[str, str] = {}
    labels: tuple[str, ...] = ()
    send_at: datetime | None = None
    in_reply_to: str | None = None
    thread_id: UUID | None = None
    based_on: tuple[UUID, ...] = ()
    unattended: bool = False
    list_unsubscribe: bool = False
    track_opens: bool = False

    @classmethod
    def read(cls, row: Any) -> "Content":
        rest = msgspec.json.decode(row["content"], type=cls)
        return msgspec.structs.replace(
            rest, text_body=row["text_body"], html_body=row["html_body"], send_at=row["send_at"]
        )

    def rest(self) -> str:
        """What has no column of its own, as JSON."""
        bare = msgspec.structs.replace(self, text_body=None, html_body=None, send_at=None)
        return msgspec.json.encode(bare).decode()

    def changed_from(self, before: "Content") -> list[str]:
        """The fields in which it differs, by the names that answers have for them."""
        return [
            _NAMES.get(name, name) for name in self.__struct_fields__ if getattr(self, name) != getattr(before, name)
        ]

    def described(self) -> list[AttachmentIn]:
        """Its files as a request would name them."""
        return [
            AttachmentIn(
                key=one.key,
                url=one.url,
                attachment_id=one.attachment_id,
                filename=one.filename,
                mime_type=one.declared,
                content_id=one.content_id,
            )
            for one in self.files
        ]

    def as_send(self) -> Send:
        """What is submitted: now, whatever `send_at` says. Its files go beside it."""
        return Send(
            to=list(self.to),
            cc=list(self.cc),
            bcc=list(self.bcc),
            reply_to=list(self.reply_to),
            subject=self.subject,
            text_body=self.text_body,
            html_body=self.html_body,
            headers=self.headers,
            labels=list(self.labels),
            in_reply_to=self.in_reply_to,
            based_on=[ids.encode("msg", one) for one in self.based_on],
            unattended=self.unattended,
            list_unsubscribe=self.list_unsubscribe,
            track_opens=self.track_opens,
        )
