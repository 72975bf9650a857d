# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from agentpost._core.resource import AsyncResource, part

if TYPE_CHECKING:
    from agentpost.types.waits import Wait


class AsyncWaits(AsyncResource):
    async def create(
        self,
        inbox_id: str,
        *,
        from_: str | None = None,
        subject: str | None = None,
        text: str | None = None,
        label: str | None = None,
        has_code: bool | None = None,
        exclusive: bool | None = None,
        deadline: datetime | str | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Wait:
        """Arm a wait.

        Arm it before you cause the mail: whatever is received from then on may match, whether or not anybody polls.

        Needs the scope `messages:read`.
        """
        return await self._ask(
            "POST",
            f"/inboxes/{part(inbox_id)}/waits",
            "Wait",
            body={
                "from": from_,
                "subject": subject,
                "text": text,
                "label": label,
                "has_code": has_code,
                "exclusive": exclusive,
                "deadline": deadline,
            },
            environment=environment,
            idempotency_key=idempotency_key,
            timeout=timeout,
            idempotent=True,
        )

    async def get(
        self,
        wait_id: str,
        *,
        wait_seconds: float | None = None,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> Wait:
        """Wait for a message.

        Answers at once when the wait has ended, else when it ends, else after `timeout` seconds with status `armed`:
        then ask again. Any process answers, and nothing is lost between two requests.

        Needs the scope `messages:read`.

        wait_seconds: Seconds to wait for its end; 0 answers at once, as it is.
        """
        return await self._ask(
            "GET",
            f"/waits/{part(wait_id)}",
            "Wait",
            query={"timeout": wait_seconds},
            environment=environment,
            timeout=timeout,
        )

    async def delete(
        self,
        wait_id: str,
        *,
        environment: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Cancel a wait.

        Whoever polls it is answered with status `cancelled`. A wait that has ended stays as it ended.

        Needs the scope `messages:read`.
        """
        return await self._ask(
            "DELETE",
            f"/waits/{part(wait_id)}",
            "none",
            environment=environment,
            timeout=timeout,
        )
