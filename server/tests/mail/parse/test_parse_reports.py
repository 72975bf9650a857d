"""Delivery reports, complaints, and who answers by machine. M-37, L-08, RFC 3464, RFC 5965, RFC 3834."""

import pytest

from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport
from mail.parse.mails import checked, mail, multipart

STATUS = """Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: env-7
Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; bob@example.org
Original-Recipient: rfc822;Bob@example.org
Action: failed
Status: 5.1.1 (bad mailbox)
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <bob@example.org>: no such
 user

Final-Recipient: rfc822; carol@example.org
Action: Delayed
Status: 4.4.7
"""
RETURNED = "From: us@mail.example\nMessage-ID: <ours@mail.example>\nX-AgentPost-Id: abc\n\nbody\n"


def dsn(report_type: str = "; report-type=delivery-status", status: str = STATUS, returned: str = RETURNED) -> bytes:
    raw = multipart(
        "r",
        "Content-Type: text/plain\n\nYour mail was not delivered.\n",
        f"Content-Type: message/delivery-status\n\n{status}",
        f"Content-Type: message/rfc822\n\n{returned}",
        subtype="report",
    )
    return raw.replace(b'boundary="r"', b'boundary="r"' + report_type.encode())


def test_a_delivery_report_is_read() -> None:
    parsed = checked(dsn(), null_sender=True)
    report = parsed.report
    assert isinstance(report, DeliveryReport)
    assert parsed.loop_class == "bounce"
    assert report.reporting_mta == "mx.example.com"
    assert report.original_envelope_id == "env-7"
    assert report.original_message_id == "<ours@mail.example>"
    assert ("X-AgentPost-Id", "abc") in report.original_headers
    bob, carol = report.recipients
    assert (bob.final_recipient, bob.original_recipient) == ("bob@example.org", "Bob@example.org")
    assert (bob.action, bob.status, bob.smtp_code) == ("failed", "5.1.1", 550)
    assert bob.diagnostic_code == "550 5.1.1 <bob@example.org>: no such user"
    assert bob.remote_mta == "mx.example.org"
    assert (carol.action, carol.status, carol.smtp_code) == ("delayed", "4.4.7", None)
    assert parsed.text_body == "Your mail was not delivered.\n"
    assert len(parsed.attachments) == 2
    assert parsed.parse_status == "ok"


def test_headers_only_returns_are_read_too() -> None:
    raw = dsn().replace(b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers")
    report = checked(raw).report
    assert isinstance(report, DeliveryReport)
    assert report.original_message_id == "<ours@mail.example>"


def test_a_report_without_its_fields_is_still_a_report() -> None:
    parsed = checked(dsn(status="\n\n", returned=""))
    assert isinstance(parsed.report, DeliveryReport)
    assert parsed.report.recipients == ()
    assert parsed.report.original_message_id is None
    assert "bad_report" in parsed.defects


def test_a_report_on_ten_thousand_recipients_is_bounded() -> None:
    groups = "\n\n".join(f"Final-Recipient: rfc822; u{n}@e.example\nAction: failed" for n in range(10_000))
    parsed = checked(dsn(status="Reporting-MTA: dns; m\n\n" + groups))
    assert isinstance(parsed.report, DeliveryReport)
    assert len(parsed.report.recipients) == 1_000
    assert "report_limit" in parsed.defects


def test_a_complaint_is_read() -> None:
    raw = multipart(
        "r",
        "Content-Type: text/plain\n\nabuse\n",
        "Content-Type: message/feedback-report\n\nFeedback-Type: Abuse\nUser-Agent: FBL/1\nVersion: 1\n"
        "Original-Mail-From: <us@mail.example>\nOriginal-Rcpt-To: <a@b.example>\nOriginal-Rcpt-To: c@d.example\n"
        "Source-IP: 192.0.2.1\nReported-Domain: mail.example\n",
        f"Content-Type: message/rfc822\n\n{RETURNED}",
        subtype="report",
    )
    parsed = checked(raw.replace(b'boundary="r"', b'report-type=feedback-report; boundary="r"'))
    report = parsed.report
    assert isinstance(report, ComplaintReport)
    assert (report.feedback_type, report.user_agent, report.source_ip) == ("abuse", "FBL/1", "192.0.2.1")
    assert report.original_mail_from == "us@mail.example"
    assert report.original_recipients == ("a@b.example", "c@d.example")
    assert report.reported_domains == ("mail.example",)
    assert report.original_message_id == "<ours@mail.example>"
    assert parsed.loop_class == "auto_generated"


def test_m37_only_a_top_level_report_counts() -> None:
    assert checked(dsn("; report-type=disposition-notification")).report is None
    assert checked(dsn("; report-type=feedback-report")).report is None
    assert checked(dsn().replace(b"multipart/report", b"multipart/mixed")).report is None
    assert checked(dsn().replace(b"multipart/report", b"multipart/signed")).report is None
    forwarded = multipart("f", "\nlook at this\n", b"Content-Type: message/rfc822\r\n\r\n" + dsn())
    assert checked(forwarded, null_sender=True).report is None
    inline = multipart("f", "\nlook\n", dsn().partition(b"MIME-Version: 1.0\r\n")[2])
    assert checked(inline).report is None


def test_m37_a_signed_mail_is_its_content_and_a_signature() -> None:
    parsed = checked(
        multipart(
            "s",
            "Content-Type: text/plain\n\nsigned\n",
            "Content-Type: application/pgp-signature\n\nx\n",
            subtype="signed",
        )
    )
    assert parsed.text_body == "signed\n"
    assert [file.mime_type for file in parsed.attachments] == ["application/pgp-signature"]


def test_l08_an_out_of_office_that_quotes_a_bounce_is_none() -> None:
    raw = mail(
        "From: ann@example.com",
        "Subject: Automatic reply: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        body="I am away.\r\n> Final-Recipient: rfc822; x@y\r\n> Action: failed\r\n> Status: 5.1.1\r\n",
    )
    parsed = checked(raw, null_sender=True)
    assert parsed.report is None
    assert parsed.loop_class == "auto_replied"


@pytest.mark.parametrize(
    ("fields", "null_sender", "expected"),
    [
        ([], False, "none"),
        (["Auto-Submitted: no"], False, "none"),
        (["Auto-Submitted: auto-generated (cron)"], False, "auto_generated"),
        (["Auto-Submitted: Auto-Replied; owner-email=x"], False, "auto_replied"),
        (["Auto-Submitted: auto-notified"], False, "auto_generated"),
        (["X-Autoreply: yes"], False, "auto_replied"),
        (["Precedence: auto_reply"], False, "auto_replied"),
        (["Precedence: bulk"], False, "auto_generated"),
        (["Precedence: list"], False, "list"),
        (["List-Id: <l.example>"], False, "list"),
        (["List-Unsubscribe: <mailto:x@y>", "Precedence: bulk"], False, "list"),
        ([], True, "auto_generated"),
        (["Precedence: list", "Auto-Submitted: auto-generated"], False, "auto_generated"),
    ],
)
def test_loop_classes(fields: list[str], null_sender: bool, expected: str) -> None:
    assert checked(mail("From: a@b.example", *fields), null_sender=null_sender).loop_class == expected


def test_a_daemon_with_the_null_sender_is_a_bounce_without_a_report() -> None:
    raw = mail("From: MAILER-DAEMON@mx.example", body="Sorry, no mailbox here by that name.\r\n")
    parsed = checked(raw, null_sender=True)
    assert parsed.loop_class == "bounce"
    assert parsed.report is None
    assert checked(raw).loop_class == "auto_generated"
