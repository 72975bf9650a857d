"""How fast content has to come: a floor over every window and a limit for the whole, lest a trickle hold a slot."""

from agentpost_server.inbound.smtp.limits import SmtpLimits


class Pace:
    """Of one message. `deadline` is when to look next, in the clock of `now`."""

    __slots__ = ("_end", "_limits", "_octets", "deadline")

    def __init__(self, limits: SmtpLimits, now: float) -> None:
        self._limits = limits
        self._octets = 0
        self._end = now + limits.data_seconds
        self.deadline = min(now + limits.data_window_seconds, self._end)

    def holds(self, now: float, octets_read: int) -> bool:
        """At the deadline: whether the sender was fast enough; if so, the next window begins."""
        window = self._limits.data_window_seconds
        came = octets_read - self._octets
        if now >= self._end or came < window * self._limits.data_min_octets_per_second:
            return False
        self._octets = octets_read
        self.deadline = min(now + window, self._end)
        return True
