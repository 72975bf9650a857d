"""The HTTP client below both clients: httpx2, or the one that the caller brought."""

from __future__ import annotations

import inspect
import logging
import platform
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx2

from agentpost._core.errors import ConfigurationError, ConnectionFailed, TimedOut
from agentpost._core.exchange import Attempt, Reply
from agentpost._version import VERSION

if TYPE_CHECKING:
    from agentpost._core.settings import Settings

USER_AGENT: Final = f"agentpost-python/{VERSION} (python {platform.python_version()}; {platform.system().lower()})"
_CONNECT_SECONDS: Final = 10.0
log = logging.getLogger("agentpost")


class Transport:
    def __init__(self, settings: Settings, client: httpx2.Client | None) -> None:
        self._settings = settings
        self._own = client is None
        self.client = client or httpx2.Client(follow_redirects=False)

    def attempt(self, asked: Attempt) -> Reply:
        began = time.monotonic()
        try:
            response = self.client.request(**self.arguments(asked))
        except httpx2.HTTPError as broken:
            raise _failure(asked, broken) from broken
        return _reply(asked, response, began)

    def arguments(self, asked: Attempt) -> dict[str, Any]:
        key: Any = self._settings.api_key
        key = key() if callable(key) else key
        if inspect.iscoroutine(key):
            key.close()
            raise ConfigurationError("api_key is async: AsyncAgentPost can wait for it, AgentPost cannot.")
        return _arguments(self._settings, asked, key)

    @contextmanager
    def open(self, asked: Attempt) -> Generator[tuple[Reply | None, Iterator[str]]]:
        """A stream of lines, or the answer that refused it. Raises ConnectionFailed, when reading too."""
        try:
            with self.client.stream(**self.arguments(asked)) as response:
                if response.status_code >= 400:
                    response.read()
                    yield _reply(asked, response, time.monotonic()), iter(())
                else:
                    yield None, response.iter_lines()
        except httpx2.HTTPError as broken:
            raise _failure(asked, broken) from broken

    def close(self) -> None:
        if self._own:
            self.client.close()


class AsyncTransport:
    def __init__(self, settings: Settings, client: httpx2.AsyncClient | None) -> None:
        self._settings = settings
        self._own = client is None
        self.client = client or httpx2.AsyncClient(follow_redirects=False)

    async def attempt(self, asked: Attempt) -> Reply:
        began = time.monotonic()
        try:
            response = await self.client.request(**await self.arguments(asked))
        except httpx2.HTTPError as broken:
            raise _failure(asked, broken) from broken
        return _reply(asked, response, began)

    async def arguments(self, asked: Attempt) -> dict[str, Any]:
        key: Any = self._settings.api_key
        key = key() if callable(key) else key
        return _arguments(self._settings, asked, await key if inspect.isawaitable(key) else key)

    @asynccontextmanager
    async def open(self, asked: Attempt) -> AsyncGenerator[tuple[Reply | None, AsyncIterator[str]]]:
        """A stream of lines, or the answer that refused it. Raises ConnectionFailed, when reading too."""
        try:
            async with self.client.stream(**await self.arguments(asked)) as response:
                if response.status_code >= 400:
                    await response.aread()
                    yield _reply(asked, response, time.monotonic()), _no_lines()
                else:
                    yield None, response.aiter_lines()
        except httpx2.HTTPError as broken:
            raise _failure(asked, broken) from broken

    async def close(self) -> None:
        if self._own:
            await self.client.aclose()


def _arguments(settings: Settings, asked: Attempt, key: str) -> dict[str, Any]:
    return {
        "method": asked.http,
        "url": f"{settings.base_url}/api/v1{asked.path}",
        "params": asked.query,
        "headers": {**asked.headers, "authorization": f"Bearer {key}", "user-agent": USER_AGENT},
        "content": asked.content,
        "timeout": httpx2.Timeout(asked.timeout, connect=min(asked.timeout, _CONNECT_SECONDS)),
    }


def _reply(asked: Attempt, response: httpx2.Response, began: float) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    took = round((time.monotonic() - began) * 1000)
    # Never a header or a body: they hold keys and mail.
    log.debug("%s %s %d %dms %s", asked.http, asked.path, response.status_code, took, headers.get("x-request-id", ""))
    return Reply(response.status_code, headers, response.content)


def _failure(asked: Attempt, broken: httpx2.HTTPError) -> ConnectionFailed:
    said = f"{asked.http} {asked.path}: {type(broken).__name__} {broken}".rstrip()
    log.debug("%s", said)
    if isinstance(broken, httpx2.TimeoutException):
        return TimedOut(f"{said} (no answer within {asked.timeout:.1f} seconds)")
    return ConnectionFailed(said)


async def _no_lines() -> AsyncIterator[str]:
    for line in ():
        yield line
