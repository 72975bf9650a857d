"""What SES found out about a mail's origin. Believed because SNS signed it; marked as SES's word."""

from typing import Final

import msgspec

from agentpost_server.inbound.intake import crlf
from agentpost_server.mail.authentication import Authentication, CheckResult
from agentpost_server.mail.parse import parse


class Verdict(msgspec.Struct, frozen=True):
    status: str = ""


# GRAY: there is nothing to check, no policy or no signature.
_RESULTS: Final[dict[str, CheckResult]] = {"PASS": "pass", "FAIL": "fail", "PROCESSING_FAILED": "temperror"}
_HEAD_OCTETS: Final = 64 * 1024


def authentication_of(spf: Verdict, dkim: Verdict, dmarc: Verdict, raw: bytes) -> Authentication:
    """The From domain is aligned when DMARC passed for the only author that the mail names (RFC 7489 6.6.1)."""
    result = _RESULTS.get(dmarc.status, "none")
    domain = _author_domain(raw) if result == "pass" else None
    return Authentication(
        spf=_RESULTS.get(spf.status, "none"),
        dkim=_RESULTS.get(dkim.status, "none"),
        dmarc="permerror" if result == "pass" and domain is None else result,
        aligned_domain=domain,
        checked_by="ses",
    )


def _author_domain(raw: bytes) -> str | None:
    read = parse(crlf(raw[:_HEAD_OCTETS]).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    if not read.single_author or read.from_address is None:
        return None
    return read.from_address.email.rpartition("@")[2].lower() or None
