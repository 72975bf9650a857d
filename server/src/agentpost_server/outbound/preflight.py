"""Everything that a send would meet, told and not raised: by the same code that a send goes through, which writes
nothing here. What is wrong with the request itself is refused as a send would be."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.errors import NotFound, Problem, TooLarge
from agentpost_server.core.scope import Actor, Scope
from agentpost_server.db import Tx
from agentpost_server.loops import Limits, LoopStopped, Sending, check_automatic, foresee, lines_of
from agentpost_server.mail.address import canonical
from agentpost_server.outbound.allowed import refuse_all_suppressed, refuse_paused, refuse_unverified, transports_for
from agentpost_server.outbound.carriers import most_octets
from agentpost_server.outbound.check import Checked, check, check_recipients, cited, timed
from agentpost_server.outbound.compose import compose_mail
from agentpost_server.outbound.facts import examined, facts_of
from agentpost_server.outbound.files import File
from agentpost_server.outbound.gather import gather
from agentpost_server.outbound.letter import Letter, Original, is_response, write_letter
from agentpost_server.outbound.model import Preflight, PreflightRecipient, Send
from agentpost_server.outbound.store import holds, suppressions
from agentpost_server.outbound.store import submit as store
from agentpost_server.outbound.submit import asked_of, find_original, off_loop, refuse_unknown_basis, weight_of
from agentpost_server.policies import UNGOVERNED, Check, Decision, Found, SendFacts, find, needs_examining, weigh
from agentpost_server.runtime import Runtime

_LOOPS = "This conversation goes back and forth by itself, as between two machines: the send would wait for a person."
_LOOP_FIX = "Have a person read the thread, and approve the message or reject it."


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """What the fuse of the conversation would do. `is_full`: one of its messages waits for a person already, and what
    comes behind that is refused."""

    check: Check
    is_full: bool = False


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What the database said, and the checks that it answers."""

    sender: Any
    original: Original | None
    cited_id: str | None
    checked: Checked
    suppressed: dict[str, str]
    checks: tuple[Check, ...]
    facts: SendFacts | None
    found: Found | None
    loop: Loop | None


async def preflight(runtime: Runtime, tenant: Scope, author: Actor, inbox_id: UUID, wanted: Send) -> Preflight:
    moment = runtime.now()
    async with runtime.database.transaction(tenant.organization_id) as tx:
        looked = await _look(tx, tenant, author, inbox_id, wanted, check(wanted, moment), moment)
    decision = UNGOVERNED
    if looked.facts is not None and looked.found is not None:
        weight = weight_of(wanted, None) + looked.found.weight
        decision = await off_loop(weight, weigh, looked.facts, looked.found)
    letter = await off_loop(
        weight_of(wanted, looked.original), write_letter, "send", wanted, looked.original, looked.cited_id
    )
    files, size = await _weighed(runtime, tenant, looked, wanted, letter, moment)
    if needs_examining(decision):
        decision = await off_loop(sum(len(one.content) for one in files), examined, decision, letter, files)
    return _told(looked, decision, size)


async def _look(
    tx: Tx, tenant: Scope, author: Actor, inbox_id: UUID, wanted: Send, checked: Checked, moment: datetime
) -> Looked:
    reference = cited(wanted.in_reply_to)
    original = await find_original(tx, tenant, "send", reference, inbox_id) if reference is not None else None
    sender = await store.find_sender(tx, tenant, inbox_id)
    if sender is None:
        raise NotFound
    checked, there = timed(checked, wanted.send_at, moment, sender)
    check_recipients(checked)
    await refuse_unknown_basis(tx, tenant, checked)
    emails = [canonical(one.email) for one in checked.recipients]
    suppressed = await suppressions.reasons(tx, tenant, emails)
    facts = found = None
    if sender["is_governed"]:
        facts = facts_of("send", wanted, checked, sender, original, wanted.attachments, author, moment)
        found = await find(tx, tenant, facts)
    checks = [
        _check("paused", "Nothing is paused.", lambda: refuse_paused(sender)),
        _check("domain", "Its domain may send.", lambda: refuse_unverified(sender)),
        _check("suppressions", _of_suppressed(suppressed), lambda: refuse_all_suppressed(emails, suppressed)),
    ]
    if wanted.unattended and original is not None and is_response("send", checked, original):
        checks.append(await _automatic(tx, tenant, original))
    return Looked(
        sender=sender,
        original=original,
        cited_id=reference if isinstance(reference, str) and original is None else None,
        checked=checked,
        suppressed=suppressed,
        checks=tuple(checks),
        facts=facts,
        found=found,
        loop=await _loop(tx, tenant, inbox_id, original, checked, wanted.subject, found, there),
    )


async def _automatic(tx: Tx, tenant: Scope, original: Original) -> Check:
    try:
        await check_automatic(tx, tenant, asked_of(original))
    except Problem as problem:
        return _failed("unattended", problem)
    return Check(name="unattended", passed=True, message="A program may answer this mail by itself.")


async def _loop(
    tx: Tx,
    tenant: Scope,
    inbox_id: UUID,
    original: Original | None,
    checked: Checked,
    subject: str,
    found: Found | None,
    moment: datetime,
) -> Loop | None:
    sending = Sending(
        inbox_id=inbox_id,
        thread_id=ids.new_id() if original is None else original.thread_id,
        peer=checked.recipients[0].email,
        subject=subject,
        at=moment,
        opens=original is None,
    )
    if not sending.may_answer:
        return None
    limits = Limits() if found is None else found.loop_limits
    try:
        await foresee(tx, tenant, sending, limits)
    except LoopStopped as stopped:
        lines = lines_of(stopped.sending)
        if await holds.is_looping(tx, tenant, inbox_id, lines, but=ids.new_id()):
            return Loop(check=_failed("loop", stopped), is_full=True)
        return Loop(check=Check(name="loop", passed=False, message=_LOOPS, fix=_LOOP_FIX))
    return Loop(check=Check(name="loop", passed=True, message="The conversation does not go back and forth by itself."))


async def _weighed(
    runtime: Runtime, tenant: Scope, looked: Looked, wanted: Send, letter: Letter, moment: datetime
) -> tuple[Sequence[File], Check]:
    """The files that lie here already, and whether all of it is too large. What stands at a `url` is not asked for."""
    here = [one for one in wanted.attachments if one.url is None]
    unread = len(wanted.attachments) - len(here)
    transports = transports_for(runtime, looked.sender, looked.checked)
    most = most_octets(transports, runtime.transports, runtime.settings.max_send_octets)
    files: Sequence[File] = ()
    try:
        files = await gather(runtime, tenant, looked.sender["id"], here)
        composed = await compose_mail(runtime, looked.sender, looked.checked, letter, list(files), moment, most)
    except TooLarge as problem:
        return files, _failed("size", problem)
    but = f"; {unread} of its files are fetched when it is sent" if unread else ""
    return files, Check(name="size", passed=True, message=f"It has {len(composed.raw)} of {most} octets{but}.")


def _told(looked: Looked, decision: Decision, size: Check) -> Preflight:
    own = (*looked.checks, size)
    # The fuse is asked of what would go: what a policy holds waits, whatever its conversation does.
    loop = looked.loop if decision.outcome == "send" else None
    refused = not all(one.passed for one in own) or decision.outcome == "reject" or (loop is not None and loop.is_full)
    waits = decision.outcome == "hold" or (loop is not None and not loop.check.passed)
    return Preflight(
        outcome="reject" if refused else "hold" if waits else "send",
        checks=(*own, *([looked.loop.check] if looked.loop is not None else []), *decision.checks),
        recipients=tuple(
            PreflightRecipient(email=one.email, outcome=_outcome(canonical(one.email), looked, decision))
            for one in looked.checked.recipients
        ),
    )


def _outcome(email: str, looked: Looked, decision: Decision) -> Any:
    if email in decision.blocked:
        return "blocked"
    return "suppressed" if email in looked.suppressed else "send"


def _of_suppressed(suppressed: dict[str, str]) -> str:
    if not suppressed:
        return "Nobody of its recipients is suppressed."
    return f"{', '.join(sorted(suppressed)[:5])} would be left out; the others would get it."


def _check(name: str, passed: str, act: Callable[[], None]) -> Check:
    try:
        act()
    except Problem as problem:
        return _failed(name, problem)
    return Check(name=name, passed=True, message=passed)


def _failed(name: str, problem: Problem) -> Check:
    return Check(name=name, passed=False, message=problem.detail, fix=problem.fix)
