"""The events of drafts (SPEC 22)."""

from typing import Any, Literal

import msgspec

from agentpost_server.core import ids
from agentpost_server.drafts.model import failure_of
from agentpost_server.events.append import NewEvent


def told(what: Literal["created", "updated", "deleted"], row: Any) -> NewEvent:
    """`updated` tells of failed ones too: its `status` and `failure` say so."""
    data = names(row)
    if what != "deleted":
        failure = failure_of(row["failure"])
        data |= {"status": row["status"], "failure": msgspec.to_builtins(failure)}
    return NewEvent(type=f"draft.{what}", inbox_id=row["inbox_id"], data=data)


def sent(row: Any, message_id: Any) -> NewEvent:
    data = {**names(row), "message_id": ids.encode("msg", message_id)}
    return NewEvent(type="draft.sent", inbox_id=row["inbox_id"], data=data)


def names(row: Any) -> dict[str, Any]:
    return {
        "draft_id": ids.encode("drf", row["id"]),
        "inbox_id": ids.encode("inb", row["inbox_id"]),
        "revision": row["revision"],
    }
