"""Mail to the report address of a proven domain: read as a DMARC aggregate report, and never a message.

Its work row has the domain where others have an inbox. Whatever it turns out to be, nobody is answered.
"""

import asyncio
from collections.abc import Sequence

import structlog

from agentpost_server.core import ids
from agentpost_server.domains import REPORT_BOX, keep_report
from agentpost_server.inbound.reading import InboundMail
from agentpost_server.mail.dmarc_report import AggregateReport, ReportError, read_report
from agentpost_server.mail.jail import JailFailure, ParseJail, needs_jail
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ParsedAttachment
from agentpost_server.runtime import Runtime

log = structlog.get_logger("dmarc")
_FILES = 5


def is_report(mail: InboundMail) -> bool:
    return not mail.inbox_stands and any(one.lower().startswith(f"{REPORT_BOX}@") for one in mail.rcpt_to)


async def take_report(runtime: Runtime, jail: ParseJail, mail: InboundMail, raw: bytes) -> None:
    """Keep what the mail reports. Doing it twice does nothing; the work row is the caller's to end."""
    domain_id = mail.inbox_id
    where = {"domain": ids.encode("dom", domain_id), "mail": str(mail.claim.id)}
    report = await asyncio.to_thread(_first, await _files(jail, mail, raw))
    if isinstance(report, str):
        log.warning("a DMARC report could not be read", **where, reason=report)
        return
    vouched = mail.authentication.aligned_domain if mail.authentication is not None else None
    async with runtime.database.work({mail.claim.organization_id}) as tx:
        outcome = await keep_report(tx, mail.claim.organization_id, domain_id, report, authenticated_domain=vouched)
    if outcome not in ("kept", "known"):
        log.warning("a DMARC report was not kept", **where, reason=outcome)


async def _files(jail: ParseJail, mail: InboundMail, raw: bytes) -> Sequence[ParsedAttachment]:
    null_sender = not mail.mail_from
    parsed = await jail.parse(raw, null_sender) if needs_jail(raw) else parse(raw, null_sender)
    return () if isinstance(parsed, JailFailure) else parsed.attachments


def _first(files: Sequence[ParsedAttachment]) -> AggregateReport | str:
    """The first file that is a report, or why the last that was tried is none."""
    reason = "it has no file"
    for one in files[:_FILES]:
        try:
            return read_report(one.content)
        except ReportError as error:
            reason = str(error)
    return reason
