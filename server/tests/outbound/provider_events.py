"""Events as the providers' public documentation shows them, made for a tag and a recipient."""

from typing import Any

from agentpost_server.ports.transport import TAG_NAME

Json = dict[str, Any]


def ses(kind: str, tag: str | None, *, provider_id: str = "0102-ses-1", whom: str = "b@c.example", **part: Any) -> Json:
    mail: Json = {
        "timestamp": "2026-08-05T00:40:02.012Z",
        "messageId": provider_id,
        "source": "Agent <agent@ours.example>",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/ours.example",
        "destination": [whom],
        "headersTruncated": False,
        "commonHeaders": {"messageId": "<stolen@strangers.example>", "subject": "Hello"},
    }
    if tag is not None:
        mail["tags"] = {TAG_NAME: [tag], "ses:caller-identity": ["agentpost"]}
    return {"eventType": kind, "mail": mail, **part}


def ses_bounce(tag: str | None, whom: str, *, kind: str = "Permanent", subtype: str = "General", **said: str) -> Json:
    bounce = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [{"emailAddress": whom, **said}],
        "timestamp": "2026-08-05T00:41:02.669Z",
        "feedbackId": "f-1",
    }
    return ses("Bounce", tag, whom=whom, bounce=bounce)


def ses_delivery(tag: str | None, *whom: str) -> Json:
    delivery = {"timestamp": "2026-08-05T00:41:02Z", "recipients": list(whom), "smtpResponse": "250 2.0.0 ok"}
    return ses("Delivery", tag, delivery=delivery)


def ses_delay(tag: str | None, whom: str) -> Json:
    late = {"emailAddress": whom, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 Unable to connect"}
    return ses(
        "DeliveryDelay", tag, deliveryDelay={"delayType": "TransientCommunicationFailure", "delayedRecipients": [late]}
    )


def ses_complaint(tag: str | None, whom: str, kind: str = "abuse") -> Json:
    complaint = {"complainedRecipients": [{"emailAddress": whom}], "complaintFeedbackType": kind, "feedbackId": "f-2"}
    return ses("Complaint", tag, complaint=complaint)


def sendgrid(event: str, tag: str | None, whom: str, **more: Any) -> Json:
    one: Json = {
        "event": event,
        "email": whom,
        "timestamp": 1_790_000_000,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "sg_event_id": "e-1",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **more,
    }
    return one | ({TAG_NAME: tag} if tag is not None else {})


def postmark(record_type: str, tag: str | None, whom: str, **more: Any) -> Json:
    field = "Recipient" if record_type in ("Delivery", "Open", "SubscriptionChange") else "Email"
    metadata = {} if tag is None else {TAG_NAME: tag}
    return {
        "RecordType": record_type,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "MessageStream": "outbound",
        field: whom,
        "Metadata": metadata,
        **more,
    }


def mailgun(event: str, tag: str | None, whom: str, **more: Any) -> Json:
    data: Json = {
        "event": event,
        "recipient": whom,
        "timestamp": 1_790_000_000.5,
        "message": {"headers": {"message-id": "20260203192638.000be97f@ours.example"}},
        "user-variables": [] if tag is None else {TAG_NAME: tag},
        **more,
    }
    return {"signature": {"timestamp": "1", "token": "t", "signature": "s"}, "event-data": data}
