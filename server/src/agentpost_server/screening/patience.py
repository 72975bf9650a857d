"""How long to go on asking a helper that does not answer: mail must not wait for one that is gone."""

import asyncio
from typing import Final

import structlog

log = structlog.get_logger("screening")

_FAILURES: Final = 5
_REST_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 60.0


class Patience:
    """Five failures in a row earn the helper a rest; the log hears of failures once a minute."""

    def __init__(self, helper: str) -> None:
        self._helper = helper
        self._failures = 0
        self._rests_until = 0.0
        self._silent_until = 0.0

    def lasts(self) -> bool:
        return asyncio.get_running_loop().time() >= self._rests_until

    def answered(self) -> None:
        self._failures = 0

    def failed(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        self._failures += 1
        if now >= self._silent_until:
            self._silent_until = now + _SILENCE_SECONDS
            log.warning(
                "a helper of screening does not answer; mail goes on without it", helper=self._helper, reason=reason
            )
        if self._failures >= _FAILURES:
            self._failures, self._rests_until = 0, now + _REST_SECONDS
