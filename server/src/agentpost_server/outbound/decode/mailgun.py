"""Mailgun: what its webhooks post, `{"signature": …, "event-data": …}`.

The signature does not cover the data, so whoever has a fresh one can write any. Its message id is on the wire, for
every recipient to read, and therefore names nothing here: our signed tag alone does.
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentpost_server.outbound.decode.fields import (
    Codes,
    address,
    bounce_type,
    codes,
    message_id,
    moment,
    record,
    text,
)
from agentpost_server.outbound.told import Feedback, Told
from agentpost_server.ports.transport import TAG_NAME

_LISTED: Final = frozenset(("suppress-bounce", "suppress-complaint", "suppress-unsubscribe"))


def told(payload: object) -> list[Told]:
    """At most one report. ValueError for what is no event of Mailgun."""
    event = record(record(payload).get("event-data"))
    kind = text(event.get("event"))
    if kind is None:
        raise ValueError("A Mailgun event is a JSON object with event-data.event.")
    decode, whom = _KINDS.get(kind), address(event.get("recipient"))
    if decode is None or whom is None:
        return []
    headers = record(record(event.get("message")).get("headers"))
    return [
        Told(
            source="mailgun",
            tag=text(record(event.get("user-variables")).get(TAG_NAME)),
            wire_message_id=message_id(headers.get("message-id")),
            told=(decode(event, whom),),
        )
    ]


def _sent(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="sent", recipient=whom)


def _delivered(event: Mapping[str, Any], whom: str) -> Feedback:
    found, said = _answer(event)
    return Feedback(kind="delivered", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)


def _failed(event: Mapping[str, Any], whom: str) -> Feedback:
    found, said = _answer(event)
    reason = text(event.get("reason")) or ""
    if reason in _LISTED:
        return Feedback(kind="suppressed", recipient=whom, detail=f"Mailgun: {reason}")
    if text(event.get("severity")) == "temporary":
        return Feedback(kind="delayed", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)
    how = bounce_type(found)
    return Feedback(
        kind="bounced",
        recipient=whom,
        # Given up after a code that was for now: what it was then stands. Without any code: `permanent` was said.
        bounce_type="permanent" if how == "undetermined" else how,
        smtp_code=found.smtp,
        enhanced_code=found.enhanced,
        detail=said or reason or None,
    )


def _answer(event: Mapping[str, Any]) -> tuple[Codes, str | None]:
    """Codes of Mailgun's own above 599 and below 400 are no SMTP."""
    status = record(event.get("delivery-status"))
    said = text(status.get("message")) or text(status.get("description"))
    found = codes(said)
    given = status.get("code")
    smtp = given if isinstance(given, int) and 200 <= given < 600 else found.smtp
    return Codes(smtp, codes(status.get("enhanced-code")).enhanced or found.enhanced), said


def _rejected(event: Mapping[str, Any], whom: str) -> Feedback:
    said = text(record(event.get("reject")).get("reason")) or text(event.get("reason"))
    return Feedback(kind="rejected", recipient=whom, detail=f"Mailgun refused it: {said or 'no reason given'}"[:500])


def _complained(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="complained", recipient=whom, feedback_type="abuse", detail="Complaint: abuse")


def _opened(event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="opened", recipient=whom, at=moment(event.get("timestamp")))


def _unsubscribed(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="unsubscribed", recipient=whom, detail="Unsubscribed at Mailgun.")


_KINDS: Final[dict[str, Callable[[Mapping[str, Any], str], Feedback]]] = {
    "accepted": _sent,
    "delivered": _delivered,
    "failed": _failed,
    "rejected": _rejected,
    "complained": _complained,
    "opened": _opened,
    "unsubscribed": _unsubscribed,
}
