"""Turning the crank of mail out by hand, against a transport that answers from a script."""

import asyncio
from typing import Any

from agentpost_server.outbound import transmit
from agentpost_server.outbound.transmit import Timing
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits, all_recipients
from agentpost_server.work import Claimed, Lane
from harness import Server, Tenant
from outbound.sending import Json, events, inbox, send

ACCEPTED = Outcome(status="accepted", smtp_code=250, detail="250 ok")
BUSY = Outcome(status="deferred", smtp_code=451, enhanced_code="4.3.2", detail="451 4.3.2 later")
GONE = Outcome(status="refused", smtp_code=550, enhanced_code="5.1.1", detail="550 5.1.1 no such user")


class Scripted:
    """A transport that answers from a script, one entry a call; an exception is raised, None hangs."""

    name = "smtp"
    limits = TransportLimits(max_recipients=50, max_octets=41_943_040)

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls: list[tuple[OutgoingEnvelope, bytes]] = []

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        self.calls.append((envelope, raw))
        step: Any = self.script.pop(0)
        if step is None:
            await asyncio.Event().wait()
            raise AssertionError("this call never ends")
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Outcome):
            return all_recipients(envelope, step)
        return Receipt(outcomes=step, wire_message_id="<on-the-wire@provider.example>", provider_id="p-1")

    async def close(self) -> None: ...


class Bench:
    """A server without workers: the test turns the crank itself."""

    def __init__(self, server: Server, tenant: Tenant, transport: Scripted | None = None) -> None:
        self.server = server
        self.tenant = tenant
        self.transport = transport or Scripted()
        server.runtime.transports = {**server.runtime.transports, "smtp": self.transport}

    async def turn(self, timing: Timing | None = None, *, lease: int = 60) -> int:
        """Claim what is due of this tenant and make the calls."""
        claimed = await self.claim(lease)
        if claimed:
            await transmit.transmit(self.server.runtime, claimed, timing or Timing())
        return len(claimed)

    async def claim(self, lease: int = 60) -> list[Claimed]:
        lane = Lane("t", "transmissions", _nothing, database=self.server.database, lease_seconds=lease)
        return [one for one in await lane.claim() if one.organization_id == self.organization_id]

    async def sql(self, statement: str) -> None:
        """A statement on this tenant's rows."""
        async with self.server.database.transaction(self.organization_id) as tx:
            await tx.run(statement)

    @property
    def organization_id(self) -> Any:
        return self.tenant.organization.organization_id

    async def sent(self, *to: str, **fields: Any) -> Json:
        """A message from a new inbox, submitted and not yet transmitted."""
        agent = await inbox(self.tenant.http)
        return await send(self.tenant.http, agent["id"], to=list(to), **fields)

    async def now(self, message: Json) -> Json:
        return (await self.tenant.http.get(f"/messages/{message['id']}")).json()

    async def told(self) -> list[str]:
        return [kind for kind, _ in await events(self.tenant) if kind.startswith("message.")]

    async def make_due(self) -> None:
        await self.sql("UPDATE transmissions SET due_at = now() WHERE due_at IS NOT NULL")


async def _nothing(_claimed: list[Any]) -> None: ...
