"""What an agent does with an inbox: wait for a mail, for its code, and work through what comes."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from agentpost._core.body import part
from agentpost._core.errors import WaitTimedOut
from agentpost._core.exchange import Call, Flow, exchange
from agentpost._core.more.waits import joined
from agentpost._generated.async_calls.inboxes import AsyncInboxes as _AsyncInboxes
from agentpost._generated.calls.inboxes import Inboxes as _Inboxes

if TYPE_CHECKING:
    from agentpost._core.more.work import AsyncWork, Work
    from agentpost._core.settings import Settings
    from agentpost._generated.asked import FiltersParam
    from agentpost.types import Code, Message, Wait


class Inboxes(_Inboxes):
    def wait_for_message(
        self,
        inbox_id: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        text: str | None = None,
        label: str | None = None,
        has_code: bool | None = None,
        timeout: float = 60.0,
        environment: str | None = None,
    ) -> Message:
        """The next message that comes from now on and matches all of it. Raises WaitTimedOut after `timeout` seconds.

        To miss nothing, arm before the trigger: `wait = client.waits.create(inbox_id)`, then the trigger, then
        `client.waits.join(wait.id)`.
        """
        asked = {"from": from_, "subject": subject, "text": text, "label": label, "has_code": has_code}
        wait = self._client.run(_waited(self._client.settings, inbox_id, asked, timeout, environment))
        return _message(wait)

    def wait_for_code(
        self,
        inbox_id: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        timeout: float = 60.0,
        environment: str | None = None,
    ) -> Code:
        """The likeliest code or sign-in link of the next message that has one: `.value` is what the form wants."""
        asked = {"from": from_, "subject": subject, "has_code": True}
        wait = self._client.run(_waited(self._client.settings, inbox_id, asked, timeout, environment))
        return _code(wait)

    def work(
        self,
        inbox_id: str,
        *,
        lease_seconds: int = 300,
        filters: FiltersParam | None = None,
        environment: str | None = None,
        until_empty: bool = False,
    ) -> Work:
        """Messages one by one, each leased to this worker alone: `for message in client.inboxes.work(inbox_id): ...`

        Asking for the next one acknowledges the last. Leave the loop by an exception, or die, and the message comes
        back after `lease_seconds`; within `with client.inboxes.work(...) as work:` it comes back at once.
        `until_empty` ends the loop when nothing waits; without it the loop goes on for ever.
        """
        from agentpost._core.more.work import Work

        return Work(self._client, inbox_id, lease_seconds, filters, environment, until_empty=until_empty)


class AsyncInboxes(_AsyncInboxes):
    async def wait_for_message(
        self,
        inbox_id: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        text: str | None = None,
        label: str | None = None,
        has_code: bool | None = None,
        timeout: float = 60.0,  # noqa: ASYNC109
        environment: str | None = None,
    ) -> Message:
        """The next message that comes from now on and matches; see `Inboxes.wait_for_message`."""
        asked = {"from": from_, "subject": subject, "text": text, "label": label, "has_code": has_code}
        wait = await self._client.run(_waited(self._client.settings, inbox_id, asked, timeout, environment))
        return _message(wait)

    async def wait_for_code(
        self,
        inbox_id: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        timeout: float = 60.0,  # noqa: ASYNC109
        environment: str | None = None,
    ) -> Code:
        """The likeliest code or sign-in link of the next message that has one: `.value` is what the form wants."""
        asked = {"from": from_, "subject": subject, "has_code": True}
        wait = await self._client.run(_waited(self._client.settings, inbox_id, asked, timeout, environment))
        return _code(wait)

    def work(
        self,
        inbox_id: str,
        *,
        lease_seconds: int = 300,
        filters: FiltersParam | None = None,
        environment: str | None = None,
        until_empty: bool = False,
    ) -> AsyncWork:
        """Messages one by one, each leased to this worker alone: `async for message in client.inboxes.work(inbox_id)`.

        Asking for the next one acknowledges the last; see `Inboxes.work`.
        """
        from agentpost._core.more.work import AsyncWork

        return AsyncWork(self._client, inbox_id, lease_seconds, filters, environment, until_empty=until_empty)


def _waited(
    settings: Settings, inbox_id: str, asked: dict[str, Any], timeout: float, environment: str | None
) -> Flow[Wait]:
    environment = environment or settings.environment
    until = time.monotonic() + timeout
    deadline = datetime.now(UTC) + timedelta(seconds=timeout + 60)
    call = Call(
        "POST",
        f"/inboxes/{part(inbox_id)}/waits",
        "Wait",
        body={**asked, "deadline": deadline},
        environment=environment,
        idempotent=True,
    )
    wait, _ = yield from exchange(call, timeout=settings.timeout, retries=settings.retries)
    return (yield from joined(wait.id, max(until - time.monotonic(), 0.0), environment))


def _message(wait: Wait) -> Message:
    if wait.message is None:
        raise WaitTimedOut(wait.id, "matched, but its message is gone")
    return wait.message


def _code(wait: Wait) -> Code:
    if not wait.codes:
        raise WaitTimedOut(wait.id, "matched, but its message has no code")
    return max(wait.codes, key=lambda code: code.confidence)
