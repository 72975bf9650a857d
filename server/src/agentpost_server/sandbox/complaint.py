"""A complaint as a mailbox provider sends it (ARF, RFC 5965), to the bounce address of the mail that it is about."""

from datetime import datetime
from email.utils import format_datetime
from typing import Final

_BOUNDARY: Final = "sandbox-complaint"
_HEADER_OCTETS: Final = 16_384


def complaint(*, persona: str, mail_from: str, raw: bytes, moment: datetime) -> bytes:
    """The report, with the headers of the mail that `persona` marked as spam."""
    headers = raw[: raw.find(b"\r\n\r\n") + 2][:_HEADER_OCTETS]
    head = f"""From: Sandbox feedback loop <fbl@sandbox.test>
To: <{mail_from}>
Subject: Complaint about mail to {persona}
Date: {format_datetime(moment)}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="{_BOUNDARY}"

--{_BOUNDARY}
Content-Type: text/plain; charset=us-ascii

{persona} marked a mail of yours as spam.

--{_BOUNDARY}
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: AgentPost-Sandbox/1
Version: 1
Original-Mail-From: <{mail_from}>
Original-Rcpt-To: <{persona}>

--{_BOUNDARY}
Content-Type: text/rfc822-headers

"""
    return head.replace("\n", "\r\n").encode() + headers + f"\r\n--{_BOUNDARY}--\r\n".encode()
