"""The answer of `GET /threads/{id}/context` (SPEC 22), and what it is made of."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

Format = Literal["markdown", "json"]
Kind = Literal["new", "quoted", "hidden", "attachment"]
Reason = Literal["budget", "duplicate_quote", "hidden", "held", "file"]


class Span(msgspec.Struct, kw_only=True):
    """`content[start:end]` is of this origin. `sender` is who sent the message that holds it, whatever it quotes."""

    start: int
    end: int
    message_id: str
    attachment_id: str | None
    page: int | None
    kind: Kind
    sender: str
    direction: Literal["inbound", "outbound"]
    trust: str


class Omitted(msgspec.Struct, kw_only=True):
    """What does not stand in `content`, and why."""

    message_id: str
    reason: Reason


class Context(msgspec.Struct, kw_only=True):
    """`tokens` counts the whole `content`. `nonce` marks the fences of this answer and no other."""

    thread_id: str
    format: Format
    content: str
    tokens: int
    max_tokens: int
    tokenizer: str
    nonce: str
    truncated: bool
    next_offset: str | None
    spans: list[Span]
    omitted: list[Omitted]


class Mail(NamedTuple):
    """A message of the thread, as it is stored."""

    id: UUID
    direction: Literal["inbound", "outbound"]
    status: str
    trust: str
    sender: str
    subject: str
    sent_at: datetime
    html: str | None
    text: str | None
    pages: tuple["Page", ...] = ()
    whole_files: bool = True


class Page(NamedTuple):
    """Text of a file, page by page."""

    attachment_id: UUID
    number: int
    text: str


class Piece(NamedTuple):
    """Text of one kind; the pieces of a message, one behind the other, are what its offsets count."""

    kind: Kind
    text: str
    attachment_id: UUID | None = None
    page: int | None = None


class Block(NamedTuple):
    """What of a message stands in an answer. `continued`: its beginning stood in one before; `cut`: more follows."""

    mail: Mail
    pieces: tuple[Piece, ...]
    continued: bool
    cut: bool


class Place(NamedTuple):
    """Where a page begins: this message (or what is older, when it is gone), behind so many of its characters."""

    message_id: UUID
    characters: int
