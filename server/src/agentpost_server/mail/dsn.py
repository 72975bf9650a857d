"""Reports about mail: delivery status (RFC 3464) and feedback (ARF, RFC 5965), read from a top-level multipart/report.

Only the structure counts, never words in a text: an out-of-office that quotes a bounce is no bounce. What is read
here is a stranger's claim; whoever acts on it matches it to mail that was really sent.
"""

import re
from typing import Final, cast, get_args

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.charsets import storable_header
from agentpost_server.mail.encoded_words import decode_words
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import HeaderSection, decoded_value, identifier, read_section
from agentpost_server.mail.mime_decode import decode_content
from agentpost_server.mail.mime_tree import Part
from agentpost_server.mail.parsed import Action, ComplaintReport, DeliveryReport, Headers, ReportedRecipient

_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_SMTP_CODE: Final = re.compile(r"(?<![\d.])([245]\d\d)(?![\d.])", re.ASCII)
_BLANK_LINE: Final = re.compile(rb"\n[ \t]*\r?\n")
_ACTIONS: Final = frozenset(get_args(Action))
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_TYPES: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
)


def read_report(raw: bytes, root: Part, findings: Findings) -> DeliveryReport | ComplaintReport | None:
    """The report that a mail is, or None. `report-type` must not contradict the machine-readable part."""
    if root.media_type != "multipart/report" or not root.children:
        return None
    said = root.parameters.get("report-type", "").lower()
    for child in root.children:
        if child.media_type in _STATUS_TYPES and said in {"", "delivery-status"}:
            return _delivery_report(raw, child, root, findings)
        if child.media_type == "message/feedback-report" and said in {"", "feedback-report"}:
            return _complaint_report(raw, child, root, findings)
    findings.defect("bad_report")
    return None


def _delivery_report(raw: bytes, part: Part, root: Part, findings: Findings) -> DeliveryReport:
    message, *groups = _groups(raw, part, findings) or [HeaderSection([])]
    # Some reporters put all in one group.
    if message.first("final-recipient") is not None:
        groups.insert(0, message)
    recipients = [_recipient(group, findings) for group in groups if _names_recipient(group)]
    if not recipients:
        findings.defect("bad_report")
    if len(recipients) > limits.REPORT_RECIPIENTS:
        findings.limit("report_limit")
    headers, message_id = _returned(raw, root, findings)
    return DeliveryReport(
        reporting_mta=_value(message.first("reporting-mta"), findings),
        original_envelope_id=_text(message.first("original-envelope-id"), findings),
        recipients=tuple(recipients[: limits.REPORT_RECIPIENTS]),
        original_message_id=message_id,
        original_headers=headers,
    )


def _complaint_report(raw: bytes, part: Part, root: Part, findings: Findings) -> ComplaintReport:
    groups = _groups(raw, part, findings)
    fields = groups[0] if groups else HeaderSection([])
    recipients = [_address(value, findings) for value in fields.all("original-rcpt-to")[: limits.REPORT_RECIPIENTS]]
    domains = [_text(value, findings) for value in fields.all("reported-domain")[: limits.RETURNED_HEADERS]]
    headers, message_id = _returned(raw, root, findings)
    return ComplaintReport(
        feedback_type=(_text(fields.first("feedback-type"), findings) or "other").lower(),
        user_agent=_text(fields.first("user-agent"), findings),
        original_mail_from=_address(fields.first("original-mail-from"), findings),
        original_recipients=tuple([recipient for recipient in recipients if recipient]),
        source_ip=_text(fields.first("source-ip"), findings),
        reported_domains=tuple([domain for domain in domains if domain]),
        original_message_id=message_id,
        original_headers=headers,
    )


def _groups(raw: bytes, part: Part, findings: Findings) -> list[HeaderSection]:
    """The groups of fields that blank lines separate (RFC 3464 2.1)."""
    content = decode_content(raw, part.body_start, part.body_end, part.encoding, findings)
    if len(content) > limits.REPORT_OCTETS:
        findings.limit("report_limit")
        content = content[: limits.REPORT_OCTETS]
    pieces = [piece for piece in _BLANK_LINE.split(content) if piece.strip()]
    if len(pieces) > limits.REPORT_RECIPIENTS + 1:
        findings.limit("report_limit")
    # The blank line at the end keeps a group from being read as a section without one.
    groups = [piece.strip(b"\r\n") + b"\n\n" for piece in pieces[: limits.REPORT_RECIPIENTS + 1]]
    return [read_section(group, 0, len(group), findings)[0] for group in groups]


def _names_recipient(group: HeaderSection) -> bool:
    return group.first("final-recipient") is not None or group.first("original-recipient") is not None


def _recipient(group: HeaderSection, findings: Findings) -> ReportedRecipient:
    action = (_text(group.first("action"), findings) or "").split(" ")[0].lower()
    diagnostic = _value(group.first("diagnostic-code"), findings)
    status = _STATUS.search(group.first("status") or "") or _STATUS.search(diagnostic or "")
    code = _SMTP_CODE.search(diagnostic or "")
    return ReportedRecipient(
        final_recipient=_address(group.first("final-recipient"), findings),
        original_recipient=_address(group.first("original-recipient"), findings),
        action=cast("Action", action) if action in _ACTIONS else None,
        status=status[1] if status else None,
        smtp_code=int(code[1]) if code else None,
        diagnostic_code=diagnostic,
        remote_mta=_value(group.first("remote-mta"), findings),
    )


def _returned(raw: bytes, root: Part, findings: Findings) -> tuple[Headers, str | None]:
    """The first headers of the mail that is reported on, and its Message-ID."""
    for child in root.children or ():
        if child.media_type in _RETURNED_TYPES:
            content = decode_content(raw, child.body_start, child.body_end, child.encoding, findings)
            content = content[: limits.REPORT_OCTETS] + b"\n\n"
            quiet = Findings()
            section, _ = read_section(content, 0, len(content), quiet)
            shown = tuple(
                [
                    (name, decoded_value(value, quiet, limits.REPORT_FIELD_CHARACTERS))
                    for name, value in section.fields[: limits.RETURNED_HEADERS]
                ]
            )
            return shown, identifier(section.first("message-id"), quiet)
    return (), None


def _text(value: str | None, findings: Findings) -> str | None:
    if value is None:
        return None
    return storable_header(decode_words(value[: limits.REPORT_FIELD_CHARACTERS], findings)).strip() or None


def _value(value: str | None, findings: Findings) -> str | None:
    """What follows the type in `type; value` (RFC 3464 2.1.2)."""
    text = _text(value, findings)
    if text is None:
        return None
    kind, semicolon, rest = text.partition(";")
    return (rest if semicolon and " " not in kind.strip() else text).strip() or None


def _address(value: str | None, findings: Findings) -> str | None:
    text = _value(value, findings)
    return text.strip("<> ")[: limits.ADDRESS_CHARACTERS] or None if text else None
