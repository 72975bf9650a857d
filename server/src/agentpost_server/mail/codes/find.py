"""One-time codes and links of a mail: read, gather what the mail says of itself, judge, keep each value once."""

from typing import Final

from agentpost_server.mail.codes.evidence import gather
from agentpost_server.mail.codes.links import links
from agentpost_server.mail.codes.mail_lines import parts_of
from agentpost_server.mail.codes.model import Code
from agentpost_server.mail.codes.otp import one_time_codes

_MOST: Final = 20
_CLEARLY: Final = 0.25
_ORDER: Final = {"text_body": 0, "html_body": 1, "subject": 2}


def find_codes(subject: str, text: str | None, html: str | None) -> list[Code]:
    """Surest first, at most 20, each value once: where the mail has it in several places, the text body is named first.

    Total: any strings are accepted. Takes some milliseconds for an ordinary mail and up to a second for a hostile one:
    call it in a thread.
    """
    parts = parts_of(subject, text, html)
    evidence = gather(parts)
    found = [code for part in parts for code in one_time_codes(part, evidence)]
    found += [code for part in parts[1:] for code in links(part, evidence)]
    return _settled(found)


def _settled(found: list[Code]) -> list[Code]:
    """Each value once, by its surest place; what is far less sure than the best of its kind is left out."""
    best: dict[tuple[str, str], Code] = {}
    for code in sorted(found, key=lambda one: (-one.confidence, _ORDER[one.where])):
        best.setdefault((code.kind, code.value), code)
    top = {
        kind: max((one.confidence for one in best.values() if one.kind == kind), default=0) for kind in ("otp", "link")
    }
    kept = [one for one in best.values() if one.confidence > top[one.kind] - _CLEARLY]
    return _one_link_a_purpose(kept)[:_MOST]


def _one_link_a_purpose(codes: list[Code]) -> list[Code]:
    seen: set[str] = set()
    kept: list[Code] = []
    for code in codes:
        if code.kind == "link" and code.purpose in seen:
            continue
        if code.kind == "link":
            seen.add(code.purpose)
        kept.append(code)
    return kept
