"""What a provider's transport asks of a mail before it calls anybody: what the API cannot carry is refused whole."""

import re
from typing import Final

from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, TransportLimits

# What would end an address early in a list of them, a header or a path.
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f-\x9f<>,;\"()\u2028\u2029\ud800-\udfff]")


def refusal(envelope: OutgoingEnvelope, raw: bytes, limits: TransportLimits) -> Outcome | None:
    """Why this may not be handed over, or None."""
    if any(_UNSAFE.search(address) for address in envelope.recipients):
        return Outcome(status="refused", enhanced_code="5.1.3", detail="An address has characters that none may have.")
    if len(envelope.recipients) > limits.max_recipients:
        detail = f"{len(envelope.recipients)} recipients in one call; the provider takes {limits.max_recipients}."
        return Outcome(status="refused", enhanced_code="5.5.3", detail=detail)
    if len(raw) > limits.max_octets:
        detail = f"The mail has {len(raw)} octets; the provider takes at most {limits.max_octets}."
        return Outcome(status="refused", enhanced_code="5.3.4", detail=detail)
    if not limits.smtputf8 and (envelope.smtputf8 or not all(one.isascii() for one in envelope.recipients)):
        detail = "The mail needs SMTPUTF8 (an address outside ASCII), which the provider does not carry."
        return Outcome(status="refused", enhanced_code="5.6.7", detail=detail)
    pairs = raw.count(b"\r\n")
    if raw.count(b"\r") != pairs or raw.count(b"\n") != pairs or b"\0" in raw:
        return Outcome(status="refused", enhanced_code="5.6.0", detail="The mail holds a lone CR or LF, or a NUL.")
    return None
