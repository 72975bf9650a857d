"""One thing that became of one recipient: what calls and feedback hand to `states`."""

from typing import Final
from uuid import UUID

import msgspec

# Codes that mean a dead address; blocks, full boxes and routing faults do not (RFC 3463 3.2).
DEAD_ADDRESS: Final = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"))
Key = tuple[UUID, UUID]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one recipient. `email` is the recipient's as stored."""

    organization_id: UUID
    message_id: UUID
    email: str
    status: str
    transport: str | None = None
    attempt: int | None = None
    bounce_type: str | None = None
    dead_address: bool = False
    smtp_code: int | None = None
    enhanced_code: str | None = None
    detail: str | None = None
    feedback_type: str | None = None
    by_policy: bool = False
    """Of a rejected one: no transport was asked."""
    listed: str | None = None
    """Of a suppressed one: the reason for which our own list holds the address already."""

    @property
    def key(self) -> Key:
        return self.organization_id, self.message_id

    @property
    def suppresses(self) -> str | None:
        """The reason for which its address goes on the suppression list."""
        dead = self.dead_address or self.enhanced_code in DEAD_ADDRESS
        if self.status == "bounced" and self.bounce_type == "permanent" and dead:
            return "bounce"
        if self.listed is not None:
            return None
        return {"complained": "complaint", "suppressed": "provider"}.get(self.status)
