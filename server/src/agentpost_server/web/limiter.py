"""A request limit for each organization: a fixed window a minute, told in the RateLimit-* headers.

In memory and for each process: the self-hosted default is unlimited. The class is the seam where an exact one goes.
"""

import time
from typing import Any
from uuid import UUID

from agentpost_server.core.errors import RateLimited

_WINDOW = 60


class Limiter:
    """`per_minute` 0 means unlimited, and then no header is sent."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._window = 0
        self._used: dict[UUID, int] = {}

    def admit(self, organization_id: UUID, scope: Any) -> None:
        """Count one request, leave the headers in the scope. Raises RateLimited."""
        if not self._per_minute:
            return
        moment = time.time()
        if (window := int(moment // _WINDOW)) != self._window:
            self._window, self._used = window, {}
        used = self._used.get(organization_id, 0) + 1
        self._used[organization_id] = used
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
