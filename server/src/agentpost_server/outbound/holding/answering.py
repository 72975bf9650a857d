"""What an approver's link shows and does. The mail's address is who has decided: the link was sent to nobody else."""

from collections.abc import Mapping
from typing import Any

import msgspec

from agentpost_server.core.errors import Conflict, NotFound
from agentpost_server.core.scope import Actor
from agentpost_server.core.times import rfc3339
from agentpost_server.db import Tx
from agentpost_server.messages.model import Message
from agentpost_server.outbound.holding import decide as deciding_verbs
from agentpost_server.outbound.holding import deciding, ending, link, page
from agentpost_server.outbound.holding.deciding import Decider
from agentpost_server.outbound.holding.link import Asked
from agentpost_server.outbound.holding.model import Approve, Content
from agentpost_server.outbound.holding.page import Shown
from agentpost_server.outbound.holding.release import Act
from agentpost_server.outbound.store import holds as store
from agentpost_server.runtime import Runtime

_NOTE = 2000
_REASONS = {
    "approval": "A policy says that a person looks at it first.",
    "loop": "The conversation goes back and forth by itself, as between two machines.",
    "flow": "A rule about whom this inbox may write to holds it.",
    "screening": "It answers mail that looks suspicious.",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    page: str


class _Reason(msgspec.Struct):
    reason: str
    why: str | None = None


async def show(runtime: Runtime, asked: Asked) -> Answer:
    """NotFound when the message is gone, or the address is asked no more."""
    row = await _find(runtime, asked)
    if (over := _over(runtime, row)) is not None:
        return over
    moment = runtime.now()
    shown = Shown(
        sender=row["email"],
        content=msgspec.json.decode(row["content"], type=Content),
        reasons=_reasons(row),
        expires_at=rfc3339(row["expires_at"]),
        on_expiry=row["on_expiry"],
        revision=row["revision"],
        nonce=link.write_form(runtime.keyring, asked, row["revision"], moment),
    )
    return Answer(status=200, page=page.ask(shown))


async def decide(runtime: Runtime, asked: Asked, form: Mapping[str, str]) -> Answer:
    """Raises the Problem that keeps the mail where it is."""
    row = await _find(runtime, asked)
    if (over := _over(runtime, row)) is not None:
        return over
    revision = int(form["revision"]) if form.get("revision", "").isascii() and form.get("revision", "").isdigit() else 0
    revision = min(revision, 2**31 - 1)
    nonce, decision = form.get("nonce", ""), form.get("decision")
    if not link.is_form(runtime.keyring, asked, revision, nonce, runtime.now()) or decision not in _VERBS:
        sentence = "Open the link of the mail again, and decide there: this page was too old, or was not asked for."
        return Answer(status=403, page=page.tell("Nothing was decided", sentence))
    try:
        message = await _VERBS[decision](runtime, asked, revision, form.get("note", "")[:_NOTE].strip() or None)
    except Conflict as late:
        row = await _find(runtime, asked)
        over = _over(runtime, row)
        if over is None:
            raise late
        return over
    return Answer(status=200, page=page.tell(*_done(message)))


async def _approve(runtime: Runtime, asked: Asked, revision: int, _note: str | None) -> Message:
    given = Approve(revision=revision)
    return await deciding_verbs.approve_by(
        runtime, asked.scope, Decider(actor=_actor(asked)), asked.message_id, given, _commit(runtime, asked)
    )


async def _reject(runtime: Runtime, asked: Asked, revision: int, note: str | None) -> Message:
    async def act(tx: Tx) -> Message:
        deciding.refuse_revision(await deciding.find(tx, asked.scope, asked.message_id), revision)
        end = ending.rejection(_actor(asked), note)
        return await ending.reject(tx, asked.scope, asked.message_id, end, runtime.now())

    return await _commit(runtime, asked)(act)


_VERBS = {"approve": _approve, "reject": _reject}


def _commit(runtime: Runtime, asked: Asked) -> Any:
    async def commit(act: Act) -> Message:
        async with runtime.database.transaction(asked.organization_id) as tx:
            return await act(tx)

    return commit


def _actor(asked: Asked) -> Actor:
    return Actor(type="user", name=asked.email)


async def _find(runtime: Runtime, asked: Asked) -> Any:
    async with runtime.database.transaction(asked.organization_id) as tx:
        row = await store.find_to_show(tx, asked.scope, asked.message_id)
    if row is None or asked.email not in row["approvers"]:
        raise NotFound
    return row


def _over(runtime: Runtime, row: Any) -> Answer | None:
    """410: there is nothing to decide."""
    if row["status"] == deciding.WAITS:
        if row["expires_at"] > runtime.now():
            return None
        return Answer(status=410, page=page.tell("Its time is over", "Nobody decided about this mail in time."))
    hold = deciding.hold_of(row)
    word = deciding.word_of(row["status"])
    actor = hold.decided_by
    by = (actor.name or actor.id) if actor is not None and actor.type != "system" else "its policy, as nobody decided"
    note = f" The note: {hold.note}" if hold.note else ""
    told = page.tell("It was decided already", f"This mail was {word} by {by}, at {hold.decided_at}.{note}")
    return Answer(status=410, page=told)


def _reasons(row: Any) -> tuple[str, ...]:
    found = msgspec.json.decode(row["reasons"], type=list[_Reason])
    return tuple(dict.fromkeys(one.why or _REASONS.get(one.reason, "A person must look at it first.") for one in found))


def _done(message: Message) -> tuple[str, str]:
    if message.status == "rejected":
        return "It is not sent", "You rejected this mail. You can close this page."
    if message.status == "scheduled":
        return "It is approved", f"It goes out at {message.send_at}. You can close this page."
    return "It is approved", "It is on its way. You can close this page."
