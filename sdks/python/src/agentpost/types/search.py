# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.messages import Message


@dataclass(slots=True, kw_only=True)
class Highlights(Model):
    """HTML: the text escaped, the found words in `<mark>`."""

    subject: str
    text: str


@dataclass(slots=True, kw_only=True)
class SearchResult(Model):
    _nested: ClassVar[dict[str, str]] = {"message": "Message", "highlights": "Highlights"}

    message: Message
    highlights: Highlights
