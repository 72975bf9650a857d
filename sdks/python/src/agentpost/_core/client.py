"""`AgentPost` and `AsyncAgentPost`."""

from __future__ import annotations

import logging
import os
from functools import cached_property
from typing import TYPE_CHECKING, Self

from agentpost._core.settings import Key, resolve
from agentpost._generated.async_calls import AsyncAgentPostResources
from agentpost._generated.calls import AgentPostResources

if TYPE_CHECKING:
    from types import TracebackType

    import httpx2

    from agentpost._core.transport import AsyncTransport, Transport

_TIMEOUT_SECONDS = 60.0
_RETRIES = 2


class AgentPost(AgentPostResources):
    """The API, call by call: `AgentPost().inboxes.create()`.

    api_key: a key, or a function that returns one. Else AGENTPOST_API_KEY, else the profile of `agentpost login`.
    base_url: the server. Else AGENTPOST_BASE_URL, else the profile, else http://127.0.0.1:8025.
    environment: id or slug, for every call that does not name another.
    timeout: seconds for a whole call, its retries and pauses included.
    retries: how often a call is tried again after a broken line, 408, 429 or 5xx. Sends carry one idempotency key
        over all tries, so that they happen once.
    http_client: an `httpx2.Client` of your own (proxies, certificates); it is yours to close.

    Raises ConfigurationError.
    """

    def __init__(
        self,
        api_key: Key | None = None,
        *,
        base_url: str | None = None,
        environment: str | None = None,
        timeout: float = _TIMEOUT_SECONDS,
        retries: int = _RETRIES,
        http_client: httpx2.Client | None = None,
    ) -> None:
        _log_if_asked()
        self.settings = resolve(
            api_key=api_key, base_url=base_url, environment=environment, timeout=timeout, retries=retries
        )
        self._http_client = http_client

    @cached_property
    def transport(self) -> Transport:  # pyright: ignore[reportIncompatibleVariableOverride]
        from agentpost._core.transport import Transport

        return Transport(self.settings, self._http_client)

    def with_options(
        self, *, environment: str | None = None, timeout: float | None = None, retries: int | None = None
    ) -> AgentPost:
        """A client like this one, with what is given changed. It shares the connections."""
        kept = self.settings
        return AgentPost(
            kept.api_key,
            base_url=kept.base_url,
            environment=environment or kept.environment,
            timeout=kept.timeout if timeout is None else timeout,
            retries=kept.retries if retries is None else retries,
            http_client=self.transport.client,
        )

    def close(self) -> None:
        if "transport" in vars(self):
            self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncAgentPost(AsyncAgentPostResources):
    """The same, to be awaited. `api_key` may be an async function, `http_client` is an `httpx2.AsyncClient`."""

    def __init__(
        self,
        api_key: Key | None = None,
        *,
        base_url: str | None = None,
        environment: str | None = None,
        timeout: float = _TIMEOUT_SECONDS,
        retries: int = _RETRIES,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        _log_if_asked()
        self.settings = resolve(
            api_key=api_key, base_url=base_url, environment=environment, timeout=timeout, retries=retries
        )
        self._http_client = http_client

    @cached_property
    def transport(self) -> AsyncTransport:  # pyright: ignore[reportIncompatibleVariableOverride]
        from agentpost._core.transport import AsyncTransport

        return AsyncTransport(self.settings, self._http_client)

    def with_options(
        self, *, environment: str | None = None, timeout: float | None = None, retries: int | None = None
    ) -> AsyncAgentPost:
        """A client like this one, with what is given changed. It shares the connections."""
        kept = self.settings
        return AsyncAgentPost(
            kept.api_key,
            base_url=kept.base_url,
            environment=environment or kept.environment,
            timeout=kept.timeout if timeout is None else timeout,
            retries=kept.retries if retries is None else retries,
            http_client=self.transport.client,
        )

    async def close(self) -> None:
        if "transport" in vars(self):
            await self.transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


def _log_if_asked() -> None:
    if os.environ.get("AGENTPOST_LOG", "").lower() == "debug":
        logging.basicConfig()
        logging.getLogger("agentpost").setLevel(logging.DEBUG)
