"""Plain counters of one receiver, read by /metrics. Only the event loop writes them, so they need no lock."""

MAX_CODES = 64


class SmtpStats:
    """Totals since start (`connections`, `accepted`, `accepted_octets`, `refused` by reply code) and `open` now.

    `refused` is keyed by `"550 5.1.1"`; codes beyond the first 64 different ones are counted as `"other"`.
    """

    __slots__ = ("accepted", "accepted_octets", "connections", "open", "refused")

    def __init__(self) -> None:
        self.connections = 0
        self.open = 0
        self.accepted = 0
        self.accepted_octets = 0
        self.refused: dict[str, int] = {}

    def refuse(self, reply: bytes) -> None:
        """Count a 4xx or 5xx reply line."""
        code = reply[:9].decode("ascii", "replace").strip()
        if code not in self.refused and len(self.refused) >= MAX_CODES:
            code = "other"
        self.refused[code] = self.refused.get(code, 0) + 1
