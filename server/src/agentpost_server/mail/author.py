"""Who From says wrote it, and whether every mail program would read it so. Parsing and authentication share it."""

import msgspec

from agentpost_server.mail import parse_limits as limits
from agentpost_server.mail.addresses import read_addresses
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import HeaderSection
from agentpost_server.mail.model import Address


class Author(msgspec.Struct, frozen=True):
    """`mailboxes` of all From fields; `is_single` only for exactly one field that is exactly one mailbox, with nothing
    odd in it."""

    fields: list[str]
    mailboxes: tuple[Address, ...]
    is_single: bool


def read_author(headers: HeaderSection, findings: Findings) -> Author:
    """`findings` are those of the header section, and gain what is found here."""
    fields = headers.all("from")
    # What another reader might take for the author, and we did not see, must not pass as one author.
    unsure = Findings()
    mailboxes, groups = read_addresses(fields, unsure)
    if groups:
        unsure.defect("from_group")
    if not mailboxes:
        unsure.defect("from_missing")
    if "header_limit" in findings.codes or any(len(one) > limits.STRUCTURED_VALUE_CHARACTERS for one in fields):
        unsure.limit("value_limit")
    findings.absorb(unsure)
    return Author(fields, mailboxes, len(fields) == 1 and len(mailboxes) == 1 and not unsure.codes)
