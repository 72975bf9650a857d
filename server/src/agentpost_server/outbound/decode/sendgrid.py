"""SendGrid: the array of events that its event webhook posts.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from agentpost_server.outbound.decode.fields import address, bounce_type, codes, message_id, moment, record, text
from agentpost_server.outbound.told import Feedback, Told
from agentpost_server.ports.transport import TAG_NAME

# `X-Message-Id` of the answer, then what its own machines add: `.filter0001.16648.5515E0B88.0`, `.recvd-…`.
_INNER: Final = re.compile(r"\.(?:filter|recvd).*")
_LISTED: Final = ("bounced address", "unsubscribed address", "spam reporting address", "invalid")


def told(payload: object) -> list[Told]:
    """A report an event, in their order. ValueError for what is no array."""
    if not isinstance(payload, list):
        raise ValueError("SendGrid's events are a JSON array of objects.")
    found = [_told(record(one)) for one in cast("Sequence[object]", payload)]
    return [one for one in found if one is not None]


def _told(event: Mapping[str, Any]) -> Told | None:
    decode = _KINDS.get(text(event.get("event")) or "")
    whom = address(event.get("email"))
    if decode is None or whom is None:
        return None
    one = decode(event, whom)
    given = text(event.get("sg_message_id"))
    return Told(
        source="sendgrid",
        tag=text(event.get(TAG_NAME)),
        provider_id=_INNER.sub("", given) if given else None,
        wire_message_id=message_id(event.get("smtp-id")),
        told=() if one is None else (one,),
    )


def _sent(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="sent", recipient=whom)


def _delivered(event: Mapping[str, Any], whom: str) -> Feedback:
    said = text(event.get("response"))
    found = codes(said)
    return Feedback(kind="delivered", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)


def _delayed(event: Mapping[str, Any], whom: str) -> Feedback:
    said = text(event.get("response")) or text(event.get("reason"))
    found = codes(said)
    return Feedback(kind="delayed", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)


def _bounced(event: Mapping[str, Any], whom: str) -> Feedback:
    """`blocked` is a refusal of this mail, not of its recipient, unless a code says otherwise."""
    said = text(event.get("reason"))
    found = codes(event.get("status"), said)
    blocked = text(event.get("type")) == "blocked"
    how = bounce_type(found)
    return Feedback(
        kind="bounced",
        recipient=whom,
        bounce_type="transient" if blocked and how == "undetermined" else how,
        dead_address=text(event.get("bounce_classification")) == "Invalid Address" and not blocked,
        smtp_code=codes(said).smtp,
        enhanced_code=found.enhanced,
        detail=said,
    )


def _dropped(event: Mapping[str, Any], whom: str) -> Feedback:
    said = text(event.get("reason")) or "no reason given"
    listed = said.lower() in _LISTED
    return Feedback(
        kind="suppressed" if listed else "rejected", recipient=whom, detail=f"SendGrid dropped it: {said}"[:500]
    )


def _complained(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="complained", recipient=whom, feedback_type="abuse", detail="Complaint: abuse")


def _opened(event: Mapping[str, Any], whom: str) -> Feedback | None:
    """A machine that fetches every picture, whoever reads the mail, is nobody who opened it."""
    if event.get("sg_machine_open") is True:
        return None
    return Feedback(kind="opened", recipient=whom, at=moment(event.get("timestamp")))


def _unsubscribed(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="unsubscribed", recipient=whom, detail="Unsubscribed at SendGrid.")


_KINDS: Final[dict[str, Callable[[Mapping[str, Any], str], Feedback | None]]] = {
    "processed": _sent,
    "delivered": _delivered,
    "deferred": _delayed,
    "bounce": _bounced,
    "dropped": _dropped,
    "spamreport": _complained,
    "open": _opened,
    "unsubscribe": _unsubscribed,
    "group_unsubscribe": _unsubscribed,
}
