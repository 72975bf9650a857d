"""Server-sent events (HTML standard, 9.2) out of lines, and where a stream goes on after it broke. No I/O."""

import json
import random
from dataclasses import dataclass, field
from typing import Any, Final

from agentpost._core.errors import APIError, RateLimited, ServerError
from agentpost._core.exchange import Attempt, Call, Flow, Reply, exchange, problem_of
from agentpost._core.model import decode

SILENCE_SECONDS: Final = 45.0
"""The server says something every 15 seconds. A line that is silent for longer is dead."""
_PAGE: Final = 100
_LONGEST_PAUSE: Final = 15.0


@dataclass(slots=True)
class Frames:
    """Feed it lines; a frame's data comes back when its empty line does."""

    _data: list[str] = field(default_factory=list[str])

    def feed(self, line: str) -> str | None:
        if not line:
            data, self._data = "\n".join(self._data), []
            return data or None
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        return None


@dataclass(slots=True)
class Cursor:
    """A stream's filter, and the last event that was handed out: after a break it goes on behind that one."""

    types: list[str] | None
    inbox_id: str | None
    environment: str | None
    after: str | None
    started: bool = False
    failures: int = 0

    def request(self) -> Attempt:
        query = {"event_types": self.types, "inbox_id": self.inbox_id}
        headers = {"accept": "text/event-stream"}
        if self.after is not None:
            headers["last-event-id"] = self.after
        if self.environment is not None:
            headers["agentpost-environment"] = self.environment
        given = {name: value for name, value in query.items() if value is not None}
        return Attempt("GET", "/events/stream", given, headers, None, SILENCE_SECONDS)

    def before(self, *, timeout: float, retries: int) -> Flow[list[Any]]:
        """What to do before a connection is opened: events that were missed, when no position is known.

        At first the position is the log's newest event, so that a break before the first event loses nothing. Where
        the log was empty, all that it holds after a break came since.
        """
        if self.after is not None:
            return []
        first, self.started = not self.started, True
        query = {"limit": 1} if first else {**self._filter(), "limit": _PAGE, "ascending": True}
        call = Call("GET", "/events", "Event", query=query, environment=self.environment, paged=True)
        parsed, answer = yield from exchange(call, timeout=timeout, retries=retries)
        events = [decode("Event", each, answer) for each in parsed["data"]]
        if events:
            self.after = events[-1].id
        return [] if first else events

    def take(self, data: str) -> Any:
        """An event out of a frame."""
        event = decode("Event", json.loads(data))
        self.after, self.failures = event.id, 0
        return event

    def broke(self) -> float:
        """How many seconds to wait before the next try."""
        self.failures += 1
        return random.uniform(0.1, 1.0) * min(0.5 * 2 ** min(self.failures, 8), _LONGEST_PAUSE)  # noqa: S311 - no secret

    def refused(self, reply: Reply) -> float:
        """The same, after an answer that is no stream. Raises APIError for what no repeating mends."""
        failure: APIError = problem_of(reply)
        if not isinstance(failure, ServerError | RateLimited):
            raise failure
        return failure.retry_after or self.broke()

    def _filter(self) -> dict[str, Any]:
        return {"types": self.types, "inbox_id": self.inbox_id}
