"""Handing mail to inboxes of this server by the path of mail from outside: the network's, and the personas'."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from agentpost_server.inbound.accept import accept, mail_of_bytes
from agentpost_server.inbound.smtp import Route
from agentpost_server.mail.compose import OutgoingMail, compose
from agentpost_server.mail.model import Address
from agentpost_server.mail.parse import parse
from agentpost_server.ports.transport import Outcome
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox.answers import Asked
from agentpost_server.sandbox.complaint import complaint
from agentpost_server.sandbox.personas import Reaction, react

_LARGE: Final = 65_536
# The complaint is to be told behind the delivery.
_COMPLAINT_SECONDS: Final = 1


async def into_inboxes(
    runtime: Runtime, routes: tuple[Route, ...], mail_from: str, raw: bytes, *, due_at: datetime | None = None
) -> None:
    """Durable when this returns. Raises as `accept` does; the same bytes again are one mail."""
    envelope = {"mail_from": mail_from, "source": "local", "received_at": runtime.now(), "due_at": due_at}
    await accept(runtime, mail_of_bytes(raw, routes=routes, **envelope))


async def react_to(runtime: Runtime, row: Any, email: str, *, mail_from: str, raw: bytes) -> Outcome:
    """What one persona does about a mail from the inbox in `row`: its outcome, once its answer is on its way."""
    moment = runtime.now()
    reaction = await _off_loop(raw, lambda: _reaction(row, email, raw, moment))
    if reaction.answer is not None:
        due_at = moment + timedelta(seconds=reaction.after_seconds) if reaction.after_seconds else None
        answer = await _off_loop(raw, lambda: compose(reaction.answer) if reaction.answer else b"")
        await into_inboxes(runtime, _home(row, row["email"]), _return_path(reaction.answer), answer, due_at=due_at)
    if reaction.complains:
        report = complaint(persona=email, mail_from=mail_from, raw=raw, moment=moment)
        due_at = moment + timedelta(seconds=_COMPLAINT_SECONDS)
        await into_inboxes(runtime, _home(row, mail_from), "", report, due_at=due_at)
    return reaction.outcome


def _reaction(row: Any, email: str, raw: bytes, moment: datetime) -> Reaction:
    asked = Asked(
        mail=parse(raw),
        persona=Address(email=email, name=email.partition("@")[0].partition("+")[0].capitalize()),
        sender=Address(email=row["email"], name=row["display_name"] or None),
        moment=moment,
    )
    return react(email, asked, tries=row["tries"])


def _return_path(answer: OutgoingMail) -> str:
    """Automatic replies have the null sender, so that nothing answers them (RFC 3834 3.3)."""
    return "" if answer.auto_submitted == "auto-replied" else answer.from_address.email


def _home(row: Any, address: str) -> tuple[Route, ...]:
    """The inbox that the mail came from."""
    organization_id: UUID = row["organization_id"]
    return (
        Route(
            organization_id=organization_id,
            environment_id=row["environment_id"],
            inbox_id=row["inbox_id"],
            address=address,
        ),
    )


async def _off_loop(raw: bytes, act: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(act) if len(raw) > _LARGE else act()
