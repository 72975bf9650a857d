"""A file of a send, with its bytes: as it goes into the mail, and as it is stored beside the message."""

import hashlib
from typing import Final
from uuid import UUID

import msgspec

from agentpost_server.mail.compose import OutgoingAttachment
from agentpost_server.messages.new import NewAttachment

_IN_TABLE: Final = 262_144


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file with its bytes. `mime_type` is what its bytes say; `declared` what the caller said."""

    id: UUID
    filename: str
    mime_type: str
    declared: str | None
    flags: tuple[str, ...]
    content: bytes
    inline: bool
    content_id: str | None

    def outgoing(self) -> OutgoingAttachment:
        return OutgoingAttachment(
            filename=self.filename,
            # The receiver is told what the caller said: only we act on what the bytes look like.
            mime_type=self.declared or self.mime_type,
            content=self.content,
            inline=self.inline,
            content_id=self.content_id,
        )

    @property
    def is_large(self) -> bool:
        return len(self.content) > _IN_TABLE

    def stored(self) -> NewAttachment:
        return NewAttachment(
            id=self.id,
            filename=self.filename,
            mime_type=self.mime_type,
            declared_mime_type=self.declared,
            size=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
            disposition="inline" if self.inline else "attachment",
            content_id=self.content_id.strip("<>") if self.content_id else None,
            flags=self.flags,
            content=None if self.is_large else self.content,
        )
