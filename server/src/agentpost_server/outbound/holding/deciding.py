"""Who may decide, whether it is still to be decided, and what a decision leaves behind. One lock on the message's row
is the compare-and-set: whoever gets it second finds that it was decided."""

from datetime import datetime
from typing import Any

import msgspec

from agentpost_server.accounts import Caller
from agentpost_server.core.errors import Conflict, Forbidden, NotFound
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.messages.model import Hold
from agentpost_server.outbound.store import holds as store

_actors = msgspec.json.Decoder(list[Actor])
WAITS = "pending_approval"
WITHHELD = "held"


class Decider(msgspec.Struct, frozen=True, kw_only=True):
    """`made_by` and `made_at`: of a key. Someone who answers a mail has neither."""

    actor: Actor
    made_by: Actor | None = None
    made_at: str = ""


def decider_of(caller: Caller) -> Decider:
    return Decider(actor=caller.actor, made_by=caller.key.created_by, made_at=caller.key.created_at)


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What `hold` shows from then on."""

    decided_by: Actor
    decided_at: str
    note: str | None = None


def decided(actor: Actor, moment: datetime, note: str | None = None) -> Decided:
    return Decided(decided_by=actor, decided_at=rfc3339(moment), note=note)


async def find(tx: Tx, tenant: Scope, message_id: Any) -> Any:
    """The message with its hold. NotFound, or Conflict for what never waited."""
    row = await store.find(tx, tenant, message_id)
    if row is None:
        raise NotFound
    if row["hold"] is None:
        raise Conflict(
            f"The message is {row['status']} and was never held.",
            fix="Decide about messages in pending_approval or held.",
        )
    return row


def refuse_decided(row: Any) -> None:
    hold = hold_of(row)
    if hold.decided_at is None and row["status"] in (WAITS, WITHHELD):
        return
    by = (hold.decided_by.name or hold.decided_by.id or hold.decided_by.type) if hold.decided_by else "its policy"
    raise Conflict(
        f"It was {word_of(row['status'])} already, by {by}.",
        code="already_decided",
        fix="Nothing is to be done: read the message.",
    )


def refuse_revision(row: Any, revision: int) -> None:
    latest = row["revision"] or 1
    if revision != latest:
        raise Conflict(
            f"Its revision is {latest}, not {revision}.",
            code="revision_conflict",
            fix="Read the message again, and decide about what it says now.",
        )


def refuse_author(row: Any, decider: Decider) -> None:
    """The keys that wrote it, and those that one of them has made since, unless every policy that holds it allows that.
    Of a draft: every key that wrote a revision of it, for what a later one kept nobody can tell from its own words."""
    if row["author"] is None or row["author_may_approve"]:
        return
    authors = [msgspec.json.decode(row["author"], type=Actor), *_actors.decode(row["other_authors"])]
    wrote = {one.id for one in authors if one.id is not None}
    made_by = decider.made_by.id if decider.made_by is not None else None
    is_own_tool = made_by in wrote and decider.made_at >= rfc3339(row["begun_at"] or row["created_at"])
    if decider.actor.id in wrote or is_own_tool:
        raise Forbidden(
            "Who wrote it cannot approve it.",
            fix="Have another key with drafts:approve approve it, or a person by the link in the mail.",
        )


def refuse_late(row: Any, moment: datetime) -> None:
    """Its time is over: nothing can be done any more but what its policy does."""
    if row["expires_at"] is not None and row["expires_at"] <= moment and row["on_expiry"] == "reject":
        raise Conflict(
            "Nobody decided in time.", code="already_decided", fix="Write it again, and approve it before it expires."
        )


def hold_of(row: Any) -> Hold:
    return msgspec.json.decode(row["hold"], type=Hold)


def word_of(status: str) -> str:
    """What was decided, by what became of the message."""
    return {"rejected": "rejected", "cancelled": "cancelled", "held": "rejected"}.get(status, "approved")
