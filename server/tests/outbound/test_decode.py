"""Every provider's words come out as the same few things; garbage comes out as nothing, or as a sentence."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.outbound.decode import mailgun, postmark, sendgrid, ses
from agentpost_server.outbound.told import Feedback
from outbound import provider_events as made

WHOM = "Ann@c.example"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def said(found: list[Any]) -> Feedback:
    (one,) = found
    (told,) = one.told
    return told


def _ses(event: Any) -> Feedback:
    return said(ses.told(event))


def _sendgrid(event: str, **more: Any) -> Feedback:
    return said(sendgrid.told([made.sendgrid(event, "t", WHOM, **more)]))


def _postmark(record_type: str, **more: Any) -> Feedback:
    return said(postmark.told(made.postmark(record_type, "t", WHOM, **more)))


def _mailgun(event: str, **more: Any) -> Feedback:
    return said(mailgun.told(made.mailgun(event, "t", WHOM, **more)))


def test_ses_names_the_attempt_and_the_id_on_the_wire() -> None:
    (one,) = ses.told(made.ses("Send", "the-tag", send={}))
    assert (one.source, one.tag, one.provider_id) == ("ses", "the-tag", "0102-ses-1")
    assert one.wire_message_id == "<0102-ses-1@eu-west-1.amazonses.com>"
    assert one.told == (Feedback(kind="sent"),)


def test_ses_of_the_first_region_has_a_domain_of_its_own() -> None:
    event = made.ses("Send", None, send={})
    event["mail"]["sourceArn"] = "arn:aws:ses:us-east-1:1:identity/x"
    assert ses.told(event)[0].wire_message_id == "<0102-ses-1@email.amazonses.com>"


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "expected"),
    [
        ("Permanent", "General", "5.1.1", ("bounced", "permanent", False, "5.1.1")),
        ("Permanent", "NoEmail", "5.0.0", ("bounced", "permanent", True, "5.0.0")),
        ("Permanent", "Suppressed", "5.1.1", ("suppressed", None, False, None)),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", ("suppressed", None, False, None)),
        ("Transient", "MailboxFull", "5.2.2", ("bounced", "transient", False, "5.2.2")),
        ("Transient", "General", "4.4.7", ("bounced", "transient", False, "4.4.7")),
        ("Undetermined", "Undetermined", "5.0.0", ("bounced", "undetermined", False, "5.0.0")),
        ("Something", "New", "5.0.0", ("bounced", "undetermined", False, "5.0.0")),
    ],
)
def test_ses_bounces_by_type_and_subtype(kind: str, subtype: str, status: str, expected: tuple[Any, ...]) -> None:
    one = _ses(made.ses_bounce("t", WHOM, kind=kind, subtype=subtype, status=status, diagnosticCode="smtp; 550 no"))
    assert (one.kind, one.bounce_type, one.dead_address, one.enhanced_code) == expected
    assert one.recipient == WHOM


def test_l08_an_automatic_answer_that_ses_calls_a_bounce_is_none() -> None:
    (one,) = ses.told(made.ses_bounce("t", WHOM, kind="Transient", subtype="General"))
    assert one.told == ()


def test_ses_tells_deliveries_delays_complaints_refusals_opens_and_unsubscribes() -> None:
    delivered = ses.told(made.ses_delivery("t", "a@c.example", "b@c.example"))[0].told
    assert [(one.kind, one.recipient, one.smtp_code) for one in delivered] == [
        ("delivered", "a@c.example", 250),
        ("delivered", "b@c.example", 250),
    ]
    late = _ses(made.ses_delay("t", WHOM))
    assert (late.kind, late.recipient, late.smtp_code, late.enhanced_code) == ("delayed", WHOM, 421, "4.4.1")
    complaint = _ses(made.ses_complaint("t", f"Ann <{WHOM}>"))
    assert (complaint.kind, complaint.recipient, complaint.feedback_type) == ("complained", WHOM, "abuse")
    assert ses.told(made.ses_complaint("t", WHOM, "not-spam"))[0].told == ()
    assert _ses(made.ses("Reject", "t", reject={"reason": "Bad content"})).kind == "rejected"
    opened = _ses(made.ses("Open", "t", open={"timestamp": "2026-08-09T22:00:19.652Z", "ipAddress": "192.0.2.1"}))
    assert (opened.kind, opened.at) == ("opened", datetime(2026, 8, 9, 22, 0, 19, 652000, UTC))
    gone = made.ses("Subscription", "t", whom=WHOM, subscription={"newTopicPreferences": {"unsubscribeAll": True}})
    assert (_ses(gone).kind, _ses(gone).recipient) == ("unsubscribed", WHOM)


def test_an_identitys_notification_is_read_as_well() -> None:
    event = made.ses_bounce(None, WHOM, status="5.1.1")
    event["notificationType"] = event.pop("eventType")
    (one,) = ses.told(event)
    assert (one.tag, one.provider_id, one.told[0].kind) == (None, "0102-ses-1", "bounced")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no"}, ("permanent", False, "5.1.1")),
        (
            {"type": "bounce", "status": "5.0.0", "bounce_classification": "Invalid Address"},
            ("permanent", True, "5.0.0"),
        ),
        ({"type": "blocked", "bounce_classification": "Unclassified", "reason": "no MX"}, ("transient", False, None)),
        ({"type": "blocked", "status": "5.7.1", "reason": "550 blocked"}, ("permanent", False, "5.7.1")),
        ({"type": "bounce", "reason": "no words for it"}, ("undetermined", False, None)),
    ],
)
def test_sendgrid_bounces(more: dict[str, str], expected: tuple[Any, ...]) -> None:
    one = _sendgrid("bounce", **more)
    assert (one.kind, one.recipient, one.bounce_type, one.dead_address, one.enhanced_code) == (
        "bounced",
        WHOM,
        *expected,
    )


@pytest.mark.parametrize(
    ("event", "more", "kind"),
    [
        ("processed", {}, "sent"),
        ("delivered", {"response": "250 OK"}, "delivered"),
        ("deferred", {"response": "451 4.7.1 greylisted", "attempt": "5"}, "delayed"),
        ("dropped", {"reason": "Bounced Address"}, "suppressed"),
        ("dropped", {"reason": "Spam Content"}, "rejected"),
        ("spamreport", {}, "complained"),
        ("open", {}, "opened"),
        ("unsubscribe", {}, "unsubscribed"),
        ("group_unsubscribe", {}, "unsubscribed"),
    ],
)
def test_sendgrid_kinds(event: str, more: dict[str, str], kind: str) -> None:
    assert _sendgrid(event, **more).kind == kind


def test_sendgrid_brings_a_batch_in_its_order_and_its_id_without_what_its_machines_add() -> None:
    found = sendgrid.told(
        [
            made.sendgrid("processed", "t", WHOM),
            7,
            {},
            made.sendgrid("click", "t", WHOM),
            made.sendgrid("delivered", None, WHOM),
        ]
    )
    assert [(one.tag, one.told[0].kind) for one in found] == [("t", "sent"), (None, "delivered")]
    assert found[0].provider_id == "14c5d75ce93.dfd.64b469"
    newer = made.sendgrid(
        "processed", "t", WHOM, sg_message_id="euo2iKxdSayPF4YE4--I7A.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0"
    )
    assert sendgrid.told([newer])[0].provider_id == "euo2iKxdSayPF4YE4--I7A"
    assert sendgrid.told([made.sendgrid("open", "t", WHOM, sg_machine_open=True)])[0].told == ()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"Type": "HardBounce", "Inactive": True, "Details": "smtp;550 5.1.1 gone"}, ("bounced", "permanent", True)),
        ({"Type": "HardBounce", "Inactive": False, "Details": "smtp;550 5.7.1 no"}, ("bounced", "permanent", False)),
        ({"Type": "SoftBounce", "Details": "smtp;452 full"}, ("bounced", "transient", False)),
        ({"Type": "Blocked", "Details": "smtp;554 5.7.1 no"}, ("bounced", "permanent", False)),
        ({"Type": "Unknown", "Description": "?"}, ("bounced", "undetermined", False)),
        ({"Type": "Transient", "Details": "smtp;421 later"}, ("delayed", None, False)),
        ({"Type": "SpamComplaint"}, ("complained", None, False)),
        ({"Type": "ManuallyDeactivated"}, ("suppressed", None, False)),
        ({"Type": "Unsubscribe"}, ("unsubscribed", None, False)),
    ],
)
def test_postmark_bounces(more: dict[str, Any], expected: tuple[Any, ...]) -> None:
    one = _postmark("Bounce", **more)
    assert (one.kind, one.bounce_type, one.dead_address) == expected
    assert one.recipient == WHOM


def test_postmark_kinds() -> None:
    assert _postmark("Delivery", Details="Test delivery webhook details").kind == "delivered"
    assert _postmark("SpamComplaint", Type="SpamComplaint").kind == "complained"
    assert _postmark("Open", FirstOpen=True, ReceivedAt="2026-11-05T16:33:54.9070259Z").kind == "opened"
    asked = {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}
    assert _postmark("SubscriptionChange", Origin="Recipient", **asked).kind == "unsubscribed"
    assert postmark.told(made.postmark("SubscriptionChange", "t", WHOM, Origin="Admin", **asked))[0].told == ()
    assert postmark.told(made.postmark("Bounce", "t", WHOM, Type="AutoResponder"))[0].told == ()
    assert postmark.told(made.postmark("Click", "t", WHOM)) == []


@pytest.mark.parametrize(
    ("event", "more", "expected"),
    [
        ("accepted", {}, ("sent", None, None, None)),
        ("delivered", {"delivery-status": {"code": 250, "message": "OK"}}, ("delivered", None, 250, None)),
        (
            "failed",
            {"severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "message": "5.1.1 no such"}},
            ("bounced", "permanent", 550, "5.1.1"),
        ),
        (
            "failed",
            {"severity": "permanent", "reason": "old", "delivery-status": {"code": 602, "message": "Too old"}},
            ("bounced", "permanent", None, None),
        ),
        (
            "failed",
            {"severity": "temporary", "delivery-status": {"code": 452, "enhanced-code": "4.2.2"}},
            ("delayed", None, 452, "4.2.2"),
        ),
        ("failed", {"severity": "permanent", "reason": "suppress-bounce"}, ("suppressed", None, None, None)),
        ("rejected", {"reject": {"reason": "Sandbox subdomains"}}, ("rejected", None, None, None)),
        ("complained", {}, ("complained", None, None, None)),
        ("opened", {}, ("opened", None, None, None)),
        ("unsubscribed", {}, ("unsubscribed", None, None, None)),
    ],
)
def test_mailgun_kinds(event: str, more: dict[str, Any], expected: tuple[Any, ...]) -> None:
    one = _mailgun(event, **more)
    assert (one.kind, one.bounce_type, one.smtp_code, one.enhanced_code) == expected


def test_p02_mailguns_body_is_a_hint_so_only_our_tag_names_anything() -> None:
    (one,) = mailgun.told(made.mailgun("failed", None, WHOM, severity="permanent"))
    assert (one.tag, one.provider_id) == (None, None)


@pytest.mark.parametrize("decoder", [ses, sendgrid, postmark, mailgun])
@pytest.mark.parametrize("payload", [None, 1, "x", [1], {}, {"mail": 1}, {"event-data": []}])
def test_what_is_no_event_is_nothing_or_refused_with_a_sentence(decoder: Any, payload: Any) -> None:
    with contextlib.suppress(ValueError):
        assert decoder.told(payload) == []


@given(payload=JSON, event=st.data())
def test_reading_is_total(payload: Any, event: st.DataObject) -> None:
    """Any JSON, and any event with anything in the place of any of its parts."""
    whole = [
        (ses, made.ses_bounce("t", WHOM, status="5.1.1")),
        (ses, made.ses_delay("t", WHOM)),
        (ses, made.ses("Subscription", "t", subscription={"newTopicPreferences": {"unsubscribeAll": True}})),
        (sendgrid, made.sendgrid("bounce", "t", WHOM, status="5.1.1")),
        (postmark, made.postmark("Bounce", "t", WHOM, Type="HardBounce")),
        (mailgun, made.mailgun("failed", "t", WHOM, **{"delivery-status": {"code": 550}})),
    ]
    decoder, one = event.draw(st.sampled_from(whole))
    place: dict[str, Any] = one
    while True:
        name = event.draw(st.sampled_from(sorted(place)))
        if isinstance(place[name], dict) and place[name] and event.draw(st.booleans()):
            place = place[name]
            continue
        place[name] = payload
        break
    for given_payload in (payload, one, [one, payload]):
        try:
            found = decoder.told(given_payload)
        except ValueError:
            continue
        for report in found:
            for told in report.told:
                for value in (told.recipient, told.detail, report.tag, report.provider_id, report.wire_message_id):
                    assert value is None or ("\x00" not in value and len(value) <= 1000)
                    assert value is None or value.encode()
                assert told.smtp_code is None or 0 <= told.smtp_code < 1000
