"""Handing mail to inboxes of this server by the path of mail from outside: the network's, and the personas'."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.inbound.accept import accept, mail_of_bytes
from agentpost_server.inbound.smtp import Route
from agentpost_server.mail.authentication import Authentication
from agentpost_server.mail.compose import OutgoingMail, compose
from agentpost_server.mail.model import Address
from agentpost_server.mail.parse import parse
from agentpost_server.ports.transport import Outcome
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import store_personas
from agentpost_server.sandbox.answers import Asked
from agentpost_server.sandbox.clock import now_in
from agentpost_server.sandbox.complaint import complaint
from agentpost_server.sandbox.personas import Reaction, react
from agentpost_server.sandbox.script import Scripted, play, results_of

_LARGE: Final = 65_536
# The complaint is to be told behind the delivery.
_COMPLAINT_SECONDS: Final = 1


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """When a mail arrives, by the environment's clock and by the wall's, and what was found of its origin: None for
    what is our own."""

    received_at: datetime
    due_at: datetime | None = None
    authentication: Authentication | None = None
    provider_id: str | None = None


async def into_inboxes(
    runtime: Runtime, routes: tuple[Route, ...], mail_from: str, raw: bytes, arrival: Arrival
) -> UUID:
    """Durable when this returns; answers the id of the first inbox's message. Raises as `accept` does; the same bytes
    again are one mail."""
    mail = mail_of_bytes(
        raw,
        routes=routes,
        mail_from=mail_from,
        source="local" if arrival.authentication is None else "smtp",
        received_at=arrival.received_at,
        due_at=arrival.due_at,
        authentication=arrival.authentication,
        provider_id=arrival.provider_id,
        dated=True,
    )
    return (await accept(runtime, mail)).inbound_ids[0]


async def react_to(
    runtime: Runtime, row: Any, email: str, *, mail_from: str, raw: bytes, scripted: Scripted | None = None
) -> Outcome:
    """What one persona does about a mail from the inbox in `row`: its outcome, once its answer is on its way. Where its
    environment's clock was advanced, what it writes is of that time."""
    wall = runtime.now()
    moment = now_in(row, wall)
    number = await _number(runtime, row, email) if scripted is not None else 1
    reaction = await _off_loop(raw, lambda: _reaction(row, email, raw, moment, scripted, number))
    if reaction.answer is not None:
        after = timedelta(seconds=reaction.after_seconds)
        written = msgspec.structs.replace(reaction.answer, date=moment + after)
        answer = await _off_loop(raw, lambda: compose(written))
        arrival = Arrival(
            received_at=moment + after,
            due_at=wall + after if after else None,
            authentication=results_of(scripted.authentication, email.rpartition("@")[2]) if scripted else None,
        )
        await into_inboxes(runtime, _home(row, row["email"]), _return_path(written), answer, arrival)
    if reaction.complains:
        report = complaint(persona=email, mail_from=mail_from, raw=raw, moment=moment)
        arrival = Arrival(received_at=moment, due_at=wall + timedelta(seconds=_COMPLAINT_SECONDS))
        await into_inboxes(runtime, _home(row, mail_from), "", report, arrival)
    return reaction.outcome


async def _number(runtime: Runtime, row: Any, email: str) -> int:
    async with runtime.database.work([row["organization_id"]]) as tx:
        return await store_personas.place_in_conversation(tx, row["organization_id"], row["message_id"], email)


def _reaction(row: Any, email: str, raw: bytes, moment: datetime, scripted: Scripted | None, number: int) -> Reaction:
    name = scripted.name if scripted is not None else None
    asked = Asked(
        mail=parse(raw),
        persona=Address(email=email, name=name or email.partition("@")[0].partition("+")[0].capitalize()),
        sender=Address(email=row["email"], name=row["display_name"] or None),
        moment=moment,
    )
    if scripted is not None:
        return play(scripted, number, asked, tries=row["tries"])
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
