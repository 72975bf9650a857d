"""Who really sent an arriving mail: SPF, DKIM, DMARC and ARC, within bounds of time, look-ups and memory."""

from agentpost_server.screening.authentication.check import US, Arrival, authenticate
from agentpost_server.screening.authentication.verdict import (
    fails_dmarc,
    is_unauthenticated,
    looks_replayed,
    trust_of,
)

__all__ = ["US", "Arrival", "authenticate", "fails_dmarc", "is_unauthenticated", "looks_replayed", "trust_of"]
