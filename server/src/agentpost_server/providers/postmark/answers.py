"""What Postmark's answers say of each recipient: an HTTP status of the whole, an `ErrorCode` of every message. Pure."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.composed import Shown
from agentpost_server.providers.http_api import Answer, outcome_of
from agentpost_server.providers.smtp.replies import one_line

_INACTIVE: Final = 406
# About the token, the sender signature, the account, the stream or the pace (API error codes); the mail may be fine.
_OUR_FAULT: Final = frozenset((10, 100, 400, 401, 405, 412, 413, 429, 1226, 1235))
_ADDRESS: Final = r"[^\s,;@]{1,64}@[^\s,;@]{1,255}"
_NAMED: Final = re.compile(rf"inactive addresses:\s*({_ADDRESS}(?:,\s*{_ADDRESS})*)")


class Said(msgspec.Struct):
    """The answer about one message. `error_code` is missing where Postmark took it and is only late."""

    error_code: int = msgspec.field(name="ErrorCode", default=0)
    message: str = msgspec.field(name="Message", default="")
    message_id: str | None = msgspec.field(name="MessageID", default=None)


def read(answer: Answer, count: int) -> list[Said] | Outcome:
    """What was said of each of the `count` messages, or of all of them together."""
    try:
        if answer.status == 200:
            said = msgspec.json.decode(answer.body, type=list[Said])
            if len(said) == count:
                return said
            return Outcome(status="unknown", detail="Postmark's answer is not about as many messages as it was given.")
        whole = msgspec.json.decode(answer.body, type=Said)
    except (msgspec.DecodeError, RecursionError):
        if 200 <= answer.status <= 299:
            return Outcome(status="unknown", detail="Postmark's answer could not be read.")
        return outcome_of(answer, says="", not_now=(503,))
    if answer.status == 422 and whole.error_code:
        return [whole] * count
    # 503: "Planned service outages by Postmark will return this HTTP response".
    return outcome_of(answer, says=one_line(whole.message), not_now=(503,))


def outcomes_of(shown: Shown, said: Said) -> dict[str, Outcome]:
    """The outcome of every recipient of one message."""
    emails = shown.emails()
    detail = one_line(said.message) or "Postmark took it."
    if said.error_code:
        detail = one_line(f"Postmark's error {said.error_code}: {said.message}")
    inactive = {email for email in emails if email.lower() in _inactive(said.message)}
    if said.error_code == _INACTIVE:
        inactive = inactive or set(emails)
        # What becomes of the others is documented nowhere.
        other = Outcome(status="unknown", detail=detail)
    elif said.error_code:
        other = _refused(said.error_code, detail)
    else:
        other = Outcome(status="accepted", detail=detail)
    suppressed = Outcome(status="suppressed", detail=detail)
    return {email: suppressed if email in inactive else other for email in emails}


def provider_id_of(said: Sequence[Said]) -> str | None:
    """The first message's id: `MessageID` in Postmark's webhooks."""
    return next((one_line(one.message_id)[:200] for one in said if one.message_id and not one.error_code), None)


def _refused(code: int, detail: str) -> Outcome:
    if code in _OUR_FAULT:
        return Outcome(status="deferred", transport_fault=True, detail=detail)
    return Outcome(status="refused", detail=detail)


def _inactive(message: str) -> set[str]:
    """The addresses that the sentence names, in lower case as there; a full stop may end the list."""
    found = _NAMED.search(message[:20_000])
    return {one.strip().rstrip(".").lower() for one in found[1].split(",")} if found else set()
