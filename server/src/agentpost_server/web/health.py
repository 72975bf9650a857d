"""Is the process up (`/healthz`), and can it do its work (`/readyz`)? Checks run in the background, so that a question
costs nothing and a check that hangs is told as such instead of hanging the one who asks.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
import structlog
from litestar import MediaType, Request, Response, get

from agentpost_server.core.errors import Problem

_EVERY_SECONDS: Final = 1.5
_FRESH_SECONDS: Final = 4.5
_OK: Final = "ok"
_UNKNOWN: Final = "not checked yet"
_PUBLIC: Final = {"scope": "public"}
Check = Callable[[], Awaitable[str | None]]
log = structlog.get_logger("health")


class Report(msgspec.Struct, frozen=True):
    """What `/readyz` says: `status` is ready, degraded (something helpful is away; all is served) or not_ready;
    `checks` has `ok` or a reason by name."""

    status: str
    checks: dict[str, str]

    @property
    def serves(self) -> bool:
        return self.status != "not_ready"


class _Watched:
    """One check: its last word, and when that was spoken."""

    def __init__(self) -> None:
        self.word = _UNKNOWN
        self.at = time.monotonic()

    def now(self) -> str:
        return self.word if time.monotonic() - self.at < _FRESH_SECONDS else f"no answer for {_FRESH_SECONDS} s"


class Health:
    """A service: asks every check again and again, each in its own loop. A check answers None, or what is wrong.
    Without what `helpful` checks the process works, slower or less exactly."""

    def __init__(self, checks: Mapping[str, Check], helpful: Mapping[str, Check] | None = None) -> None:
        self._helpful = frozenset(helpful or ())
        self._checks = {**checks, **(helpful or {})}
        self._watched = {name: _Watched() for name in self._checks}
        self._loops: list[asyncio.Task[None]] = []
        self._draining = False

    async def start(self) -> None:
        """Returns after the first round: a process is not called ready on trust."""
        await asyncio.gather(*(self._look(name) for name in self._checks))
        self._loops = [asyncio.create_task(self._run(name), name=f"health {name}") for name in self._checks]

    async def close(self, grace_seconds: float = 0) -> None:
        del grace_seconds
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    def drain(self) -> None:
        """From now on not ready: who balances load shall look elsewhere."""
        self._draining = True

    def note(self, name: str, wrong: str | None) -> None:
        """Someone knows sooner than the next look."""
        watched = self._watched[name]
        word = wrong or _OK
        if word != watched.word and (watched.word, word) != (_UNKNOWN, _OK):
            (log.info if wrong is None else log.warning)("readiness", check=name, state=word)
        watched.word, watched.at = word, time.monotonic()

    def report(self) -> Report:
        checks = {name: watched.now() for name, watched in self._watched.items()}
        if self._draining:
            checks["process"] = "shutting down"
        wrong = {name for name, word in checks.items() if word != _OK}
        return Report("ready" if not wrong else "degraded" if wrong <= self._helpful else "not_ready", checks)

    async def _run(self, name: str) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self._look(name)

    async def _look(self, name: str) -> None:
        # No time-out here: cancelling would not end a thread that hangs on a disk, only let the next one join it.
        try:
            wrong = await self._checks[name]()
        except Problem as problem:
            wrong = problem.detail
        except Exception as error:  # noqa: BLE001 whatever it is, the check has failed
            wrong = type(error).__name__
        self.note(name, wrong)


@get("/healthz", opt=_PUBLIC, include_in_schema=False)
async def get_healthz() -> Response[bytes]:
    return Response(content=b'{"status":"ok"}', media_type=MediaType.JSON)


@get("/readyz", opt=_PUBLIC, include_in_schema=False)
async def get_readyz(request: Request[Any, Any, Any]) -> Response[Report]:
    health: Health = request.app.state.health
    report = health.report()
    status = 200 if report.serves else 503
    headers = {} if status == 200 else {"Retry-After": "2"}
    return Response(content=report, status_code=status, media_type=MediaType.JSON, headers=headers)


ROUTES = [get_healthz, get_readyz]
