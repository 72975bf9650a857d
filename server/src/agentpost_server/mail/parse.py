"""`parse(raw)`: bytes of a mail to a ParsedMail. Pure and total: any bytes give a value, at a cost that is bounded.

Our own byte-level reader rather than a library's, because every bound has to hold on hostile mail: see
`parse_limits` for what they are. What may still run long is told by `jail.needs_jail`.
"""

import re
from typing import Final

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.addresses import read_addresses
from agentpost_server.mail.author import read_author
from agentpost_server.mail.classify import loop_class
from agentpost_server.mail.dates import read_date
from agentpost_server.mail.dsn import read_report
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import HeaderSection, decoded_value, identifier, identifiers, read_section
from agentpost_server.mail.homograph import is_mixed_script
from agentpost_server.mail.mime_bodies import Contents
from agentpost_server.mail.mime_tree import read_tree
from agentpost_server.mail.model import Address
from agentpost_server.mail.parsed import MessageFlag, ParsedMail

_SPACES: Final = re.compile(r"\s+")
_SINGLE: Final = (
    "from",
    "sender",
    "subject",
    "date",
    "message-id",
    "to",
    "cc",
    "reply-to",
    "in-reply-to",
    "references",
)
# Authors looked at for look-alike domains: more than a few make the mail suspect by themselves.
_AUTHORS_COMPARED: Final = 10


def parse(raw: bytes, null_sender: bool = False) -> ParsedMail:
    """Read one mail (RFC 5322, MIME). Never raises, but for MemoryError.

    `null_sender`: the envelope's MAIL FROM was `<>` (RFC 3834, RFC 5321 4.5.5). Costs about as much memory as twice
    the mail.
    """
    try:
        return read(raw, null_sender)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours must not cost a mail; the defect makes it heard
        return _unread(f"parser_error:{type(error).__name__}")


def read(raw: bytes, null_sender: bool) -> ParsedMail:
    """`parse` without its net: what tests call, so that no fault of ours can hide in it."""
    findings = Findings()
    headers, body_start = read_section(raw, 0, len(raw), findings)
    _note_octets(raw, headers, findings)
    root = read_tree(raw, headers, body_start, findings)
    contents = Contents(raw, findings)
    contents.visit(root)
    text_body, html_body = contents.bodies()
    origin = read_author(headers, findings)
    author = origin.mailboxes[0] if origin.mailboxes else None
    sender = _addresses(headers, "sender", findings, limit=1)
    report = read_report(raw, root, findings)
    subject = _subject(headers, findings)
    return ParsedMail(
        headers=headers.decoded(findings),
        subject=subject,
        from_address=author,
        from_addresses=origin.mailboxes,
        from_count=len(origin.fields),
        single_author=origin.is_single,
        sender=sender[0] if sender else None,
        to=_addresses(headers, "to", findings),
        cc=_addresses(headers, "cc", findings),
        bcc=_addresses(headers, "bcc", findings),
        reply_to=_addresses(headers, "reply-to", findings),
        message_id=identifier(headers.first("message-id"), findings),
        in_reply_to=_identifiers(headers, "in-reply-to", findings),
        references=_identifiers(headers, "references", findings),
        date=read_date(headers.first("date"), findings),
        text_body=text_body,
        html_body=html_body,
        attachments=tuple(contents.files),
        flags=_flags(origin.fields, origin.mailboxes, contents),
        loop_class=loop_class(headers, root, report, author, null_sender=null_sender, subject=subject),
        report=report,
        # Last: all that is read above has spoken.
        defects=findings.codes,
        parse_status=findings.status,
    )


def _note_octets(raw: bytes, headers: HeaderSection, findings: Findings) -> None:
    if not raw.strip():
        findings.defect("empty")
    if not headers.fields:
        findings.defect("no_headers")
    if b"\x00" in raw:
        findings.defect("nul")
    pairs = raw.count(b"\r\n")
    if raw.count(b"\r") > pairs:
        findings.defect("bare_cr")
    if raw.count(b"\n") > pairs:
        findings.defect("bare_lf")
    if any(len(headers.all(name)) > 1 for name in _SINGLE):
        findings.defect("duplicate_header")


def _subject(headers: HeaderSection, findings: Findings) -> str:
    raw = headers.first("subject")
    if raw is None:
        return ""
    return _SPACES.sub(" ", decoded_value(raw, findings)).strip()[: limits.SUBJECT_CHARACTERS]


def _addresses(
    headers: HeaderSection, name: str, findings: Findings, limit: int = limits.ADDRESSES
) -> tuple[Address, ...]:
    fields = headers.all(name)
    return read_addresses(fields, findings, limit)[0] if fields else ()


def _identifiers(headers: HeaderSection, name: str, findings: Findings) -> tuple[str, ...]:
    fields = headers.all(name)
    if not fields:
        return ()
    return identifiers(fields[0] if len(fields) == 1 else " ".join(fields)[-limits.RAW_VALUE_OCTETS :], findings)


def _flags(from_fields: list[str], authors: tuple[Address, ...], contents: Contents) -> tuple[MessageFlag, ...]:
    flags: list[MessageFlag] = []
    domains = [author.email.rpartition("@")[2] for author in authors[:_AUTHORS_COMPARED]]
    if any("xn--" in domain and is_mixed_script(domain) for domain in domains):
        flags.append("mixed_script")
    if len(from_fields) > 1 or len(authors) > 1:
        flags.append("double_from")
    if any("type_mismatch" in file.flags for file in contents.files):
        flags.append("type_mismatch")
    if contents.oversize:
        flags.append("oversize")
    return tuple(flags)


def _unread(defect: str) -> ParsedMail:
    return ParsedMail(
        headers=(),
        subject="",
        from_address=None,
        from_addresses=(),
        from_count=0,
        single_author=False,
        sender=None,
        to=(),
        cc=(),
        bcc=(),
        reply_to=(),
        message_id=None,
        in_reply_to=(),
        references=(),
        date=None,
        text_body=None,
        html_body=None,
        attachments=(),
        flags=(),
        defects=(defect,),
        parse_status="limited",
        loop_class="none",
        report=None,
    )
