"""Postmark: what its webhooks post, one event each.

https://postmarkapp.com/developer/webhooks/bounce-webhook and the pages beside it; the types of bounces:
https://postmarkapp.com/developer/api/bounce-api#bounce-types
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentpost_server.outbound.decode.fields import address, bounce_type, codes, moment, record, text
from agentpost_server.outbound.told import BounceType, Feedback, Told
from agentpost_server.ports.transport import TAG_NAME

# What is behind each type of bounce; types that are none (automatic answers, subscriptions) are not here.
_BOUNCES: Final[dict[str, BounceType | None]] = {
    "HardBounce": "permanent",
    "BadEmailAddress": "permanent",
    "SoftBounce": "transient",
    "DnsError": "transient",
    "SpamNotification": None,
    "VirusNotification": None,
    "Blocked": None,
    "DMARCPolicy": None,
    "Unknown": None,
}
_DEAD: Final = frozenset(("HardBounce", "BadEmailAddress"))


def told(payload: object) -> list[Told]:
    """At most one report. ValueError for what is no event of Postmark."""
    event = record(payload)
    kind = text(event.get("RecordType"))
    if kind is None:
        raise ValueError("A Postmark event is a JSON object with RecordType.")
    decode = _KINDS.get(kind)
    whom = address(event.get("Recipient")) or address(event.get("Email"))
    if decode is None or whom is None:
        return []
    one = decode(event, whom)
    return [
        Told(
            source="postmark",
            tag=text(record(event.get("Metadata")).get(TAG_NAME)),
            provider_id=text(event.get("MessageID")),
            told=() if one is None else (one,),
        )
    ]


def _delivered(event: Mapping[str, Any], whom: str) -> Feedback:
    said = text(event.get("Details"))
    found = codes(said)
    return Feedback(kind="delivered", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)


def _bounced(event: Mapping[str, Any], whom: str) -> Feedback | None:
    kind = text(event.get("Type")) or ""
    said = text(event.get("Details")) or text(event.get("Description"))
    found = codes(said)
    if kind == "Transient":
        return Feedback(kind="delayed", recipient=whom, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)
    if kind == "Unsubscribe":
        return Feedback(kind="unsubscribed", recipient=whom, detail="Unsubscribed at Postmark.")
    if kind == "SpamComplaint":
        return _complained(event, whom)
    if kind == "ManuallyDeactivated":
        return Feedback(kind="suppressed", recipient=whom, detail="Postmark: ManuallyDeactivated")
    if kind not in _BOUNCES:
        return None
    return Feedback(
        kind="bounced",
        recipient=whom,
        bounce_type=_BOUNCES[kind] or bounce_type(found),
        # Postmark takes dead addresses out of use; a hard bounce that leaves one in use had another reason.
        dead_address=kind in _DEAD and event.get("Inactive") is not False,
        smtp_code=found.smtp,
        enhanced_code=found.enhanced,
        detail=said or kind,
    )


def _complained(_event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="complained", recipient=whom, feedback_type="abuse", detail="Complaint: abuse")


def _opened(event: Mapping[str, Any], whom: str) -> Feedback:
    return Feedback(kind="opened", recipient=whom, at=moment(event.get("ReceivedAt")))


def _subscription(event: Mapping[str, Any], whom: str) -> Feedback | None:
    """Only what the recipient asked for: bounces and complaints are told by events of their own."""
    asked = text(event.get("Origin")) == "Recipient" and text(event.get("SuppressionReason")) == "ManualSuppression"
    if event.get("SuppressSending") is not True or not asked:
        return None
    return Feedback(kind="unsubscribed", recipient=whom, detail="Unsubscribed at Postmark.")


_KINDS: Final[dict[str, Callable[[Mapping[str, Any], str], Feedback | None]]] = {
    "Delivery": _delivered,
    "Bounce": _bounced,
    "SpamComplaint": _complained,
    "Open": _opened,
    "SubscriptionChange": _subscription,
}
