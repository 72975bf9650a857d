"""SES: the `Message` of an SNS notification, as event publishing (`eventType`) or an identity (`notificationType`) has
it.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from agentpost_server.outbound.decode.fields import address, codes, message_id, moment, record, records, text, texts
from agentpost_server.outbound.told import BounceType, Feedback, Told
from agentpost_server.ports.transport import TAG_NAME

_BOUNCE_TYPES: Final[dict[str, BounceType]] = {"Permanent": "permanent", "Transient": "transient"}
# Not sent at all: the address is on a list of SES or of the account.
_LISTED: Final = frozenset(("Suppressed", "OnAccountSuppressionList", "UnsubscribedRecipient"))


def told(payload: object) -> list[Told]:
    """At most one report. ValueError for what is no event of SES."""
    event = record(payload)
    kind = text(event.get("eventType")) or text(event.get("notificationType"))
    if kind is None:
        raise ValueError("An SES event is a JSON object with eventType or notificationType.")
    if (decode := _KINDS.get(kind)) is None:
        return []
    mail = record(event.get("mail"))
    tags = texts(record(mail.get("tags")).get(TAG_NAME))
    provider_id = text(mail.get("messageId"))
    return [
        Told(
            source="ses",
            tag=tags[0] if tags else None,
            provider_id=provider_id,
            wire_message_id=_on_the_wire(provider_id, text(mail.get("sourceArn"))),
            told=tuple(decode(event)),
        )
    ]


def _on_the_wire(provider_id: str | None, source_arn: str | None) -> str | None:
    """SES writes its own id as the Message-ID, at a domain that goes by the region (the ARN's fourth part)."""
    parts = (source_arn or "").split(":")
    if provider_id is None or len(parts) < 6 or not parts[3]:
        return None
    domain = "email.amazonses.com" if parts[3] == "us-east-1" else f"{parts[3]}.amazonses.com"
    return message_id(f"{provider_id}@{domain}")


def _sent(_event: Mapping[str, Any]) -> list[Feedback]:
    return [Feedback(kind="sent")]


def _delivered(event: Mapping[str, Any]) -> list[Feedback]:
    delivery = record(event.get("delivery"))
    said = text(delivery.get("smtpResponse"))
    found = codes(said)
    return [
        Feedback(kind="delivered", recipient=one, smtp_code=found.smtp, enhanced_code=found.enhanced, detail=said)
        for one in map(address, texts(delivery.get("recipients")))
        if one is not None
    ]


def _delayed(event: Mapping[str, Any]) -> list[Feedback]:
    delay = record(event.get("deliveryDelay"))
    return [_of_recipient("delayed", one) for one in records(delay.get("delayedRecipients")) if _who(one)]


def _bounced(event: Mapping[str, Any]) -> list[Feedback]:
    bounce = record(event.get("bounce"))
    kind, subtype = text(bounce.get("bounceType")) or "", text(bounce.get("bounceSubType")) or ""
    bounced = [one for one in records(bounce.get("bouncedRecipients")) if _who(one)]
    if subtype in _LISTED:
        return [Feedback(kind="suppressed", recipient=_who(one), detail=f"SES: {subtype}") for one in bounced]
    if (kind, subtype) == ("Transient", "General"):
        # An automatic answer is told so too, without anything that a receiving server said: that is no bounce.
        bounced = [one for one in bounced if text(one.get("status")) or text(one.get("diagnosticCode"))]
    bounce_type = _BOUNCE_TYPES.get(kind, "undetermined")
    dead = (kind, subtype) == ("Permanent", "NoEmail")
    return [_of_recipient("bounced", one, bounce_type, dead=dead, otherwise=f"{kind} {subtype}") for one in bounced]


def _complained(event: Mapping[str, Any]) -> list[Feedback]:
    complaint = record(event.get("complaint"))
    whom = [_who(one) for one in records(complaint.get("complainedRecipients")) if _who(one)]
    feedback_type = (text(complaint.get("complaintFeedbackType")) or "abuse").lower()
    if text(complaint.get("complaintSubType")) in _LISTED:
        return [Feedback(kind="suppressed", recipient=one, detail="SES: OnAccountSuppressionList") for one in whom]
    if feedback_type == "not-spam":
        return []
    detail = f"Complaint: {feedback_type}"
    return [Feedback(kind="complained", recipient=one, feedback_type=feedback_type, detail=detail) for one in whom]


def _rejected(event: Mapping[str, Any]) -> list[Feedback]:
    failure = record(event.get("reject")) or record(event.get("failure"))
    said = text(failure.get("reason")) or text(failure.get("errorMessage"))
    return [Feedback(kind="rejected", detail=f"SES refused it: {said or 'no reason given'}")]


def _opened(event: Mapping[str, Any]) -> list[Feedback]:
    return [Feedback(kind="opened", at=moment(record(event.get("open")).get("timestamp")))]


def _unsubscribed(event: Mapping[str, Any]) -> list[Feedback]:
    change = record(record(event.get("subscription")).get("newTopicPreferences"))
    whom = texts(record(event.get("mail")).get("destination"))
    if change.get("unsubscribeAll") is not True or len(whom) != 1:
        return []
    return [Feedback(kind="unsubscribed", recipient=address(whom[0]), detail="Unsubscribed at SES.")]


def _who(recipient: Mapping[str, Any]) -> str | None:
    return address(recipient.get("emailAddress"))


def _of_recipient(
    kind: Any,
    recipient: Mapping[str, Any],
    bounce_type: BounceType | None = None,
    *,
    dead: bool = False,
    otherwise: str | None = None,
) -> Feedback:
    said = text(recipient.get("diagnosticCode"))
    found = codes(recipient.get("status"), said)
    return Feedback(
        kind=kind,
        recipient=_who(recipient),
        bounce_type=bounce_type,
        dead_address=dead,
        smtp_code=codes(said).smtp,
        enhanced_code=found.enhanced,
        detail=said or otherwise,
    )


_KINDS: Final[dict[str, Callable[[Mapping[str, Any]], list[Feedback]]]] = {
    "Send": _sent,
    "Delivery": _delivered,
    "DeliveryDelay": _delayed,
    "Bounce": _bounced,
    "Complaint": _complained,
    "Reject": _rejected,
    "Rendering Failure": _rejected,
    "Open": _opened,
    "Subscription": _unsubscribed,
}
