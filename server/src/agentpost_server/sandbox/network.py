"""The transport `local`: mail to inboxes of this server goes in by the real accept path, `sandbox.test` is played by
personas, and all else is captured. Nothing ever leaves the machine.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from agentpost_server.core import ids
from agentpost_server.core.errors import Problem
from agentpost_server.inbound.smtp import Route
from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.outbound.plan import SANDBOX_DOMAIN, is_allowed
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope, Receipt, TransportLimits
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import store, store_personas
from agentpost_server.sandbox.clock import now_in
from agentpost_server.sandbox.delivery import Arrival, into_inboxes, react_to
from agentpost_server.sandbox.script import Scripted, scripted_of

log = structlog.get_logger("sandbox")
_LIMITS: Final = TransportLimits(max_recipients=50, max_octets=41_943_040, smtputf8=True)
_DELIVERED: Final = Outcome(status="delivered", smtp_code=250, enhanced_code="2.0.0", detail="250 2.0.0 delivered here")
_CAPTURED: Final = Outcome(status="captured", detail="Kept in the sandbox's outbox: it did not leave this server.")
_NOBODY: Final = Outcome(status="refused", smtp_code=550, enhanced_code="5.1.1", detail="No inbox has this address.")
# Nothing of what failed can have been seen by anyone, or the duplicate window will know it.
_NOT_NOW: Final = Outcome(status="deferred", smtp_code=451, enhanced_code="4.3.0", detail="451 4.3.0 try again later")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call under way: the mail, its envelope, and what the database says of both."""

    runtime: Runtime
    envelope: OutgoingEnvelope
    raw: bytes
    row: Any

    @property
    def organization_id(self) -> UUID:
        return UUID(self.envelope.organization_id)


class LocalNetwork:
    """A MailTransport without a network. Without `captures` (mail that was to leave, and led back here), an address
    that no inbox has is refused."""

    def __init__(self, runtime: Runtime, *, captures: bool = True) -> None:
        self._runtime = runtime
        self._captures = captures

    @property
    def name(self) -> str:
        return "local"

    @property
    def limits(self) -> TransportLimits:
        return _LIMITS

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        """Deliver, play or capture, recipient by recipient. What cannot be done now is deferred; never raises."""
        outcomes: dict[str, Outcome] = {}
        try:
            call = await _open(self._runtime, envelope, raw)
            scripted = await _scripted(call)
            personas, others = _parted([email for email in envelope.recipients if email not in scripted])
            routes = await _routes(call, others)
            outcomes.update(await _deliver(call, routes))
            left = [email for email in others if email not in routes]
            outcomes.update(await _capture(call, left) if self._captures else dict.fromkeys(left, _NOBODY))
            for email in [*personas, *scripted]:
                outcomes[email] = await react_to(
                    self._runtime, call.row, email, mail_from=envelope.mail_from, raw=raw, scripted=scripted.get(email)
                )
        except (TimeoutError, Problem, OSError) as error:
            log.warning("the local network waits", error=repr(error))
        return Receipt(outcomes={email: outcomes.get(email, _NOT_NOW) for email in envelope.recipients})

    async def close(self) -> None:
        """Nothing is open."""


async def _open(runtime: Runtime, envelope: OutgoingEnvelope, raw: bytes) -> Call:
    organization_id = UUID(envelope.organization_id)
    async with runtime.database.work([organization_id]) as tx:
        row = await store.find_call(tx, organization_id, UUID(envelope.attempt_id))
    return Call(runtime=runtime, envelope=envelope, raw=raw, row=row)


async def _scripted(call: Call) -> dict[str, Scripted]:
    """The environment's own correspondents among the recipients, by the address that was written to."""
    if call.row["kind"] != "test":
        return {}
    asked = {email: canonical(without_tag(email)) for email in call.envelope.recipients}
    async with call.runtime.database.work([call.organization_id]) as tx:
        rows = await store_personas.find_many(
            tx, call.organization_id, call.row["environment_id"], list(set(asked.values()))
        )
    known = {row["email"]: scripted_of(row) for row in rows}
    return {email: known[plain] for email, plain in asked.items() if plain in known}


def _parted(recipients: Sequence[str]) -> tuple[list[str], list[str]]:
    personas = [email for email in recipients if canonical(email).endswith(f"@{SANDBOX_DOMAIN}")]
    return personas, [email for email in recipients if email not in personas]


async def _routes(call: Call, emails: list[str]) -> dict[str, Route]:
    """The inboxes of this server behind the addresses, as far as this environment may reach them.

    A test environment reaches its own inboxes, a dev one whom its list names, a live one everybody.
    """
    kind, allowed = call.row["kind"], call.row["allowed_recipients"]
    asked = [email for email in emails if kind != "dev" or is_allowed(email, allowed)]
    if not asked:
        return {}
    exact = [canonical(email) for email in asked]
    # The shared domain stays everybody's, also where a tenant has verified a domain above it.
    shared = call.runtime.settings.shared_domain.lower()
    domains = ["" if domain == shared else domain for domain in (one.rpartition("@")[2] for one in exact)]
    rows = await call.runtime.database.route(store.ROUTE, exact, [without_tag(one) for one in exact], domains)
    found: dict[str, Route] = {}
    for email, row in zip(asked, rows, strict=True):
        if row["inbox_id"] is None or (kind == "test" and row["environment_id"] != call.row["environment_id"]):
            continue
        found[email] = Route(
            organization_id=row["organization_id"],
            environment_id=row["environment_id"],
            inbox_id=row["inbox_id"],
            address=email,
        )
    return found


async def _deliver(call: Call, routes: dict[str, Route]) -> dict[str, Outcome]:
    if routes:
        arrival = Arrival(received_at=now_in(call.row, call.runtime.now()))
        await into_inboxes(call.runtime, tuple(routes.values()), call.envelope.mail_from, call.raw, arrival)
    return dict.fromkeys(routes, _DELIVERED)


async def _capture(call: Call, emails: list[str]) -> dict[str, Outcome]:
    if emails:
        row = call.row
        async with call.runtime.database.work([call.organization_id]) as tx:
            await store.capture(
                tx, call.organization_id, row["environment_id"], ids.new_id(), row["message_id"], emails
            )
    return dict.fromkeys(emails, _CAPTURED)
