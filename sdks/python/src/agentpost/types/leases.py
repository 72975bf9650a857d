# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from agentpost._core.model import Model

if TYPE_CHECKING:
    from agentpost.types.messages import Message


@dataclass(slots=True, kw_only=True)
class Claim(Model):
    """What a claim got: nothing when nothing is to be had now."""

    _nested: ClassVar[dict[str, str]] = {"data": "Lease"}

    data: list[Lease]


@dataclass(slots=True, kw_only=True)
class Lease(Model):
    """`leased_until` of a released one is when its message may be claimed again."""

    _nested: ClassVar[dict[str, str]] = {"message": "Message"}

    lease_id: str
    message: Message
    attempt: int
    leased_until: str
    status: Literal["acked", "expired", "leased", "released"]
