# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Attachment(Model):
    id: str
    message_id: str
    filename: str
    mime_type: str
    declared_mime_type: str | None
    size: int
    sha256: str
    disposition: Literal["attachment", "inline"]
    content_id: str | None
    flags: list[str]
    text_status: str
    download_url: str | None = None
    download_url_expires_at: str | None = None


@dataclass(slots=True, kw_only=True)
class AttachmentText(Model):
    """`page_count`: the file's own; null until it is read. `truncated`: the file's text goes on where reading ended,
    or the page shown goes on at `next_offset`. `failure`: why there is none.
    """

    _nested: ClassVar[dict[str, str]] = {"pages": "FilePage"}

    attachment_id: str
    text_status: Literal["failed", "none", "pending", "ready"]
    failure: Literal["cpu", "crash", "damaged", "deadline", "encrypted", "memory", "missing", "too_large"] | None
    pages: list[FilePage]
    page_count: int | None
    truncated: bool
    next_page: int | None
    next_offset: int | None


@dataclass(slots=True, kw_only=True)
class FilePage(Model):
    """A page of a PDF, a slide, a sheet; of other files a piece of at most 10,000 characters."""

    page: int
    text: str


@dataclass(slots=True, kw_only=True)
class UploadUrl(Model):
    """Where to PUT the bytes, and the key to send them with."""

    upload_url: str
    method: str
    headers: dict[str, str]
    key: str
    expires_at: str
