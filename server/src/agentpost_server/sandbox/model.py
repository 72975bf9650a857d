"""Shapes of the sandbox's door."""

from typing import Any

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.times import rfc3339
from agentpost_server.mail.model import Address


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
