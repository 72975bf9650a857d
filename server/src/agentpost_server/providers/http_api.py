"""One POST to a provider's HTTP API, and honesty about how far it got.

not connected, or nothing of the request written     surely not accepted: `deferred`, a transport's fault
written, and no answer (reset, silence, deadline)    nobody can know: `unknown`
an answer                                            its status says, see `outcome_of`

Certificates are verified, redirects not followed, answers read up to 64 KiB and never unpacked, proxies of the
environment ignored. Nothing is tried twice.
"""

import asyncio
import ssl
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.smtp.replies import one_line
from agentpost_server.settings import SettingsError

_MOST_OCTETS: Final = 64 * 1024
_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost"))
# About our account, our address of the API or our pace, never about the mail: another transport may take it.
_OUR_FAULT: Final = frozenset((301, 302, 307, 308, 401, 402, 403, 404, 405, 406, 407, 408, 421, 425, 429))


class HttpTiming(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, and how many calls may be under way at once; more wait for a place. The provider closes idle
    connections at a time of its own, so that ours are dropped early."""

    connect_seconds: float = 10
    wait_seconds: float = 60
    answer_seconds: float = 60
    total_seconds: float = 150
    idle_seconds: float = 5
    max_connections: int = 10


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider said. `text` is safe to show: one line, bounded, without our key."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    text: str


class HttpApi:
    """The API at `base`. `headers` go with every call; none of the `secrets` shows in what comes back from here."""

    def __init__(
        self,
        base: str,
        *,
        setting: str,
        secrets: Sequence[str],
        headers: Mapping[str, str],
        timing: HttpTiming | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Raises SettingsError, naming `setting`, for a base that is no https URL and a key that no header carries."""
        url = urlsplit(base)
        loopback = url.scheme == "http" and url.hostname in _LOOPBACK
        if not url.hostname or not (url.scheme == "https" or loopback) or url.username or url.query or url.fragment:
            raise SettingsError(f"AGENTPOST_{setting.upper()} must look like https://api.example.com.")
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise SettingsError(f"The credentials that go with AGENTPOST_{setting.upper()} have characters no key has.")
        self._base = base.rstrip("/")
        self._secrets = [one for one in secrets if one]
        self._headers = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        self._timing = timing or HttpTiming()
        self._ssl_context = ssl_context
        self._opening = asyncio.Lock()
        self._client: httpx2.AsyncClient | None = None
        self._closed = False

    async def post(self, path: str, **content: Any) -> Answer | Outcome:
        """The answer, or, where there is none, what that means. `content` is httpx's: `content`, `data`, `files`…"""
        call = _Call()
        try:
            async with asyncio.timeout(self._timing.total_seconds):
                client = await self._opened()
                async with client.stream(
                    "POST", self._base + path, extensions={"trace": call.trace}, **content
                ) as response:
                    call.status, call.headers = response.status_code, response.headers
                    async for piece in response.aiter_raw():
                        call.body += piece
                        if len(call.body) >= _MOST_OCTETS:
                            break
        except (httpx2.HTTPError, httpx2.StreamError, OSError, RuntimeError) as error:
            # A status that was read stands, whatever became of the text behind it.
            if not call.status:
                return self._no_answer(call, error)
        return self._answer(call)

    async def close(self) -> None:
        """Idempotent. A call after it is `deferred`."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _opened(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._closed:
                raise ConnectionError("The transport is closed")
            if self._client is None:
                timing = self._timing
                self._client = httpx2.AsyncClient(
                    # Reading the machine's certificates takes long enough to be felt.
                    verify=self._ssl_context or await asyncio.to_thread(ssl.create_default_context),
                    headers=self._headers,
                    timeout=httpx2.Timeout(
                        timing.answer_seconds, connect=timing.connect_seconds, pool=timing.wait_seconds
                    ),
                    limits=httpx2.Limits(max_connections=timing.max_connections, keepalive_expiry=timing.idle_seconds),
                    follow_redirects=False,
                    trust_env=False,
                )
            return self._client

    def _answer(self, call: "_Call") -> Answer:
        body = bytes(call.body[:_MOST_OCTETS])
        text = self.shown(body.decode("utf-8", "replace"))
        return Answer(status=call.status, headers=call.headers, body=body, text=text)

    def _no_answer(self, call: "_Call", error: Exception) -> Outcome:
        reason = self.shown(str(error)) or type(error).__name__
        if call.sent:
            return Outcome(status="unknown", detail=f"The provider's answer was lost: {reason}"[:500])
        return Outcome(
            status="deferred", transport_fault=True, detail=f"The provider could not be reached: {reason}"[:500]
        )

    def shown(self, text: str) -> str:
        """Text of theirs as one bounded line, without our credentials."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return one_line(text)


class _Call:
    """How far one call got."""

    def __init__(self) -> None:
        self.sent = False
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = bytearray()

    async def trace(self, name: str, _info: Mapping[str, object]) -> None:
        if name.endswith("send_request_headers.started"):
            self.sent = True


def outcome_of(answer: Answer, *, says: str, not_now: Collection[int] = ()) -> Outcome:
    """What an answer that is not a success means; `says` is the provider's own sentence, as found in the body.

    `not_now` are the 5xx that the provider documents as not having taken the request.
    """
    said = f"HTTP {answer.status}: {says or answer.text or 'no reason given'}"[:500]
    status = answer.status
    if status in _OUR_FAULT or status in not_now:
        wait = answer.headers.get("retry-after", "")
        if wait.isascii() and wait.isdigit() and len(wait) < 8:
            said = f"{said[:450]} (asks to wait {wait} s)"
        return Outcome(status="deferred", transport_fault=True, detail=said)
    if 400 <= status <= 499:
        return Outcome(status="refused", detail=said)
    return Outcome(status="unknown", detail=said)
