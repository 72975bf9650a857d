"""The fuse of a conversation. What reaches the limit still goes and trips it; what comes behind is refused, until
nobody has tried for a whole window.

It is asked in the transaction of the send, under the lock of the inbox that storing the message took: two workers
cannot both have the last slot.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import Forbidden
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.loops import store
from agentpost_server.loops.judge import is_beyond, judge
from agentpost_server.loops.model import Limits, Trip, Turn
from agentpost_server.mail.address import canonical
from agentpost_server.mail.reply import base_subject, is_answer_by_subject
from agentpost_server.messages.labels import mark_newest

DEFAULT: Final = Limits()
_LABEL: Final = "loop"


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is being sent. `peer`: whom it is written to first. `opens`: its thread came with it."""

    inbox_id: UUID
    thread_id: UUID
    peer: str
    subject: str
    at: datetime
    opens: bool = False

    @property
    def may_answer(self) -> bool:
        """Who writes out of the blue answers nobody: that costs no look."""
        return not self.opens or is_answer_by_subject(self.subject)


class LoopStopped(Forbidden):
    """Nothing is sent into this conversation now. `trip` is None where the fuse had tripped before."""

    default_code = "policy_rejected"

    def __init__(self, sending: Sending, trip: Trip | None, limits: Limits) -> None:
        super().__init__(
            "This conversation goes back and forth by itself, as between two machines: nothing more is sent into it.",
            fix="Have a person read the thread. Sending into it works again once nobody has tried for"
            f" {limits.window_seconds} seconds.",
        )
        self.sending = sending
        self.trip = trip
        self.limits = limits


async def ask(tx: Tx, tenant: Scope, sending: Sending, limits: Limits = DEFAULT) -> Trip | None:
    """Asked once the message is stored. None: all is well. A Trip: it may go, and `trip` is to be called with it.
    Raises LoopStopped: the caller rolls back and calls `note_refusal`."""
    return await _ask(tx, tenant, sending, limits, ())


async def foresee(tx: Tx, tenant: Scope, sending: Sending, limits: Limits = DEFAULT) -> None:
    """What `ask` would find once the message is stored. Raises LoopStopped."""
    await _ask(tx, tenant, sending, limits, (Turn(is_ours=True, at=sending.at),))


async def _ask(tx: Tx, tenant: Scope, sending: Sending, limits: Limits, unsaid: Sequence[Turn]) -> Trip | None:
    peer = canonical(sending.peer)
    since = sending.at - timedelta(seconds=limits.window_seconds)
    rows = await store.recent(tx, tenant, sending.inbox_id, sending.thread_id, peer, lines_of(sending), since)
    subject = base_subject(sending.subject)
    turns = [row for row in rows if _belongs(row, subject)]
    if any(row["is_tripped"] for row in rows):
        raise LoopStopped(_left_standing(sending, turns), None, limits)
    reached = judge([*(_turn(row) for row in turns), *unsaid], limits)
    if reached is not None and is_beyond(reached, limits):
        raise LoopStopped(_left_standing(sending, turns), reached, limits)
    return reached


async def trip(tx: Tx, tenant: Scope, sending: Sending, reached: Trip, limits: Limits = DEFAULT) -> None:
    """From now on nothing is sent into the conversation. Told once: `loop.detected`, and a label on its newest
    message."""
    if await _mark(tx, tenant, sending, limits):
        message_id = await mark_newest(tx, tenant, sending.thread_id, _LABEL)
        data = {
            "inbox_id": ids.encode("inb", sending.inbox_id),
            "thread_id": ids.encode("thr", sending.thread_id),
            "message_id": ids.encode_or_none("msg", message_id),
            "kind": reached.kind,
            "count": reached.count,
        }
        await append(tx, tenant, NewEvent(type="loop.detected", inbox_id=sending.inbox_id, data=data))


async def note_refusal(tx: Tx, tenant: Scope, stopped: LoopStopped) -> None:
    """Whoever tries again keeps it tripped; one refused beyond a limit trips it."""
    if stopped.trip is not None:
        await trip(tx, tenant, stopped.sending, stopped.trip, stopped.limits)
    else:
        await _mark(tx, tenant, stopped.sending, stopped.limits)


async def _mark(tx: Tx, tenant: Scope, sending: Sending, limits: Limits) -> bool:
    """True when it was not tripped before."""
    until = sending.at - timedelta(seconds=limits.window_seconds)
    return await store.mark(tx, tenant, sending.inbox_id, lines_of(sending), ids.new_id(), sending.at, until)


def _left_standing(sending: Sending, turns: Sequence[Any]) -> Sending:
    """A refusal takes the thread that came with the message away: what is told is of the one before."""
    before = [row["thread_id"] for row in turns if not row["is_here"]] if sending.opens else []
    return msgspec.structs.replace(sending, thread_id=before[-1]) if before else sending


def _belongs(row: Any, subject: str) -> bool:
    """Mail of the thread; and mail with the same correspondent about the same that names nothing, as when somebody
    between two machines takes the headers off."""
    if row["is_here"]:
        return True
    if base_subject(row["subject"]) != subject:
        return False
    return row["is_ours"] or (row["names_nothing"] and is_answer_by_subject(row["subject"]))


def _turn(row: Any) -> Turn:
    return Turn(is_ours=row["is_ours"], at=row["created_at"], is_echo=row["is_echo"])


def lines_of(sending: Sending) -> list[bytes]:
    """What stands for the conversation: its thread, and its subject with its correspondent."""
    about = f"{canonical(sending.peer)}\0{base_subject(sending.subject)}".encode()
    return [hashlib.sha256(one).digest()[:16] for one in (sending.thread_id.bytes, about)]
