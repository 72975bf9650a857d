"""The second look at a send: at what was composed, and at its files, which nobody could see before they were fetched.
Pure; not for the event loop where there is much of it."""

from collections.abc import Iterable, Sequence

import msgspec

from agentpost_server.policies import canaries
from agentpost_server.policies.caps import Over
from agentpost_server.policies.facts import Check, Decision, Hold, Refusal, Text, failed

_TAINT_FIX = "Leave the file out, or have a person look at it."


class FileSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A file with its bytes; `digest` is its SHA-256 in hex."""

    filename: str
    content: bytes
    digest: str


def needs_examining(decision: Decision) -> bool:
    later = decision.later
    return bool(later.canaries or later.digests or later.octets)


def examine(decision: Decision, texts: Iterable[Text], files: Sequence[FileSeen]) -> Decision:
    """The decision with what the second look adds to it."""
    for check, hold, refusal in (
        _canaries(decision, texts, files),
        _digests(decision, files),
        _octets(decision, files),
    ):
        if check is not None:
            decision = _with(decision, check, hold, refusal)
    return decision


_Outcome = tuple[Check | None, Hold | None, Refusal | None]


def _canaries(decision: Decision, texts: Iterable[Text], files: Sequence[FileSeen]) -> _Outcome:
    packed = (
        text
        for n, one in enumerate(files)
        for text in canaries.texts_of_file(f"attachments[{n}]", one.filename, one.content)
    )
    check = canaries.look_through(decision.later.canaries, [*texts, *packed])
    return check, None, canaries.refusal(check) if check is not None else None


def _digests(decision: Decision, files: Sequence[FileSeen]) -> _Outcome:
    """A file that mail from outside brought, under whatever name and by whatever way it came back."""
    way, policy_id = decision.later.taint
    brought = next((one for one in files if one.digest in decision.later.digests), None)
    if brought is None or way == "off":
        return None, None, None
    message = f"It is based on mail from outside, which brought the file {brought.filename}."
    check = failed("taint", message, _TAINT_FIX, policy_id=policy_id)
    if way == "hold":
        return check, Hold(reason="flow", policy_id=policy_id), None
    return check, None, Refusal(code="policy_rejected", detail=message, fix=_TAINT_FIX)


def _octets(decision: Decision, files: Sequence[FileSeen]) -> _Outcome:
    octets = sum(len(one.content) for one in files)
    passed = [one for one in decision.later.octets if octets > one[1]]
    if not passed:
        return None, None, None
    policy_id, limit, over = min(passed, key=lambda one: (one[2] != "reject", one[1]))
    reached = Over(
        policy_id=policy_id,
        counter="attachment_bytes",
        used=octets,
        limit=limit,
        over="hold" if over == "hold" else "reject",
        retry_after=None,
    )
    refusal = reached.refusal
    check = failed("caps", refusal.detail, refusal.fix, policy_id=policy_id)
    if over == "hold":
        return check, Hold(reason="flow", policy_id=policy_id), None
    return check, None, refusal


def _with(decision: Decision, check: Check, hold: Hold | None, refusal: Refusal | None) -> Decision:
    holds = (*decision.holds, hold) if hold is not None else decision.holds
    refusal = decision.refusal or refusal
    checks = tuple(one for one in decision.checks if not (one.passed and one.name == check.name))
    return msgspec.structs.replace(
        decision,
        outcome="reject" if refusal else "hold" if holds else "send",
        checks=(*checks, check),
        holds=holds,
        refusal=refusal,
    )
