"""One call, whatever carries it: what to send, when to try again, what the answer means. No I/O.

A flow yields `Attempt` (make this request once) and `Pause` (wait so long), and returns the result; `drive` of each
client does what it asks for. So both clients have one set of rules.
"""

import json
import random
import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from agentpost._core.body import body_of, query_of
from agentpost._core.errors import APIError, ConnectionFailed, TimedOut, api_error
from agentpost._core.model import Answer, decode

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_LONGEST_TOLD: Final = 60.0
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_BUSY: Final = "idempotency_in_progress"


@dataclass(slots=True)
class Attempt:
    """Make this request once, within `timeout` seconds. What comes back is a `Reply`, or ConnectionFailed is raised."""

    http: str
    path: str
    query: dict[str, Any]
    headers: dict[str, str]
    content: bytes | None
    timeout: float


@dataclass(slots=True)
class Pause:
    seconds: float


@dataclass(slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(slots=True)
class Call:
    """One operation with its arguments."""

    http: str
    path: str
    answer: str
    """A model's name, or `bytes`, `text` or `none`."""
    query: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    environment: str | None = None
    idempotency_key: str | None = None
    idempotent: bool = False
    timeout: float | None = None
    paged: bool = False


T = TypeVar("T")
Flow = Generator[Attempt | Pause, Any, T]


def exchange(call: Call, *, timeout: float, retries: int) -> Flow[tuple[Any, Answer]]:
    """The decoded answer and how it came. Raises what `errors` lists."""
    timeout = call.timeout or timeout
    headers = _headers(call)
    content = None if call.body is None else body_of(call.body, keep_null=call.http == "PATCH")
    query = query_of(call.query or {})
    started = time.monotonic()
    for tried in range(retries + 1):
        left = timeout - (time.monotonic() - started)
        failure: APIError | ConnectionFailed
        if left <= 0:
            raise TimedOut(f"{call.http} {call.path}: no answer within {timeout:g} seconds")
        try:
            reply: Reply = yield Attempt(call.http, call.path, query, headers, content, left)
        except ConnectionFailed as broken:
            failure, again, told = broken, True, None
        else:
            answer = Answer(reply.status, reply.headers)
            if reply.status < 400:
                return _decoded(call, reply, answer), answer
            failure = problem_of(reply)
            told = failure.retry_after
            again = reply.status in _AGAIN or failure.code == _BUSY
        pause = _pause(tried, told)
        spent = time.monotonic() - started
        if not again or tried == retries or pause > _LONGEST_TOLD or spent + pause >= timeout:
            raise failure
        yield Pause(pause)
    raise AssertionError("unreachable: the last try returns or raises")


def _headers(call: Call) -> dict[str, str]:
    headers = {"accept": "application/json"} if call.answer != "bytes" else {"accept": "*/*"}
    if call.body is not None:
        headers["content-type"] = "application/json"
    if call.environment is not None:
        headers["agentpost-environment"] = call.environment
    if call.idempotent:
        # The same key on every try: however often the line breaks, the server acts once.
        headers["idempotency-key"] = call.idempotency_key or f"sdk-{uuid.uuid4()}"
    return headers


def _decoded(call: Call, reply: Reply, answer: Answer) -> Any:
    if call.answer == "none":
        return None
    if call.answer == "bytes":
        return reply.content
    try:
        parsed: Any = json.loads(reply.content)
    except ValueError:
        raise ConnectionFailed(f"{call.http} {call.path}: what answered is not an AgentPost server") from None
    if call.answer in {"text", "json"} or call.paged:
        return parsed
    return decode(call.answer, parsed, answer)


def problem_of(reply: Reply) -> APIError:
    """The error that an answer of 4xx or 5xx is."""
    try:
        body: Any = json.loads(reply.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"detail": reply.content[:200].decode("utf-8", "replace").strip()}
    told = _retry_after(reply.headers)
    return api_error(reply.status, body, request_id=reply.headers.get("x-request-id", ""), retry_after=told)  # pyright: ignore[reportUnknownArgumentType]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `retry-after-ms` or `Retry-After` (RFC 9110, 10.2.3: seconds or a date)."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(float(milliseconds) / 1000, 0.0)
        if (given := headers.get("retry-after")) is None:
            return None
        if given.strip().replace(".", "", 1).isdigit():
            return float(given)
        until = parsedate_to_datetime(given)
        since = parsedate_to_datetime(headers["date"])
        return max((until - since).total_seconds(), 0.0)
    except (ValueError, KeyError, TypeError):
        return None


def _pause(tried: int, told: float | None) -> float:
    """As long as the server says, else full jitter: many clients that failed together do not come again together."""
    if told is not None:
        return told
    return random.uniform(0.1, 1.0) * min(_FIRST_PAUSE * 2**tried, _LONGEST_PAUSE)  # noqa: S311 - no secret
