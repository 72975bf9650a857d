"""A request limit for each organization: a fixed window a minute, told in the RateLimit-* headers.

The counting is a port: exact over all instances where there is Redis, else for each process. The default is unlimited.
"""

import time
from typing import Any
from uuid import UUID

from agentpost_server.core.errors import RateLimited
from agentpost_server.ports.tally import Tally

_WINDOW = 60


class Limiter:
    """`per_minute` 0 means unlimited, and then no header is sent."""

    def __init__(self, per_minute: int, tally: Tally) -> None:
        self._per_minute = per_minute
        self._tally = tally

    async def admit(self, organization_id: UUID, scope: Any) -> None:
        """Count one request, leave the headers in the scope. Raises RateLimited."""
        if not self._per_minute:
            return
        moment = time.time()
        window = int(moment // _WINDOW)
        used = await self._tally.add(f"requests:{organization_id}", window)
        reset = int((window + 1) * _WINDOW - moment) + 1
        headers = {
            "RateLimit-Limit": str(self._per_minute),
            "RateLimit-Remaining": str(max(self._per_minute - used, 0)),
            "RateLimit-Reset": str(reset),
        }
        scope["agentpost.headers"] = headers
        if used > self._per_minute:
            raise RateLimited(
                f"This organization may make {self._per_minute} requests a minute.",
                fix="Wait as long as Retry-After says.",
                retry_after=reset,
            )
