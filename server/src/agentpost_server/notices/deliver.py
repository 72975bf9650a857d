"""The lane `notices`: writes each notice and hands it to its environment's transport, from an address of the server.

Never to an inbox of this server: what a notice lets do, an API key that reads the inbox could do. Told at least once:
after a crash the same notice may come twice, which opens no second door.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.mail.address import canonical, without_tag
from agentpost_server.mail.compose import OutgoingMail, compose, new_message_id
from agentpost_server.mail.dkim_sign import sign
from agentpost_server.mail.model import Address
from agentpost_server.notices import store
from agentpost_server.notices.add import listen
from agentpost_server.notices.model import About, Letter, Writer
from agentpost_server.ports.transport import Outcome, OutgoingEnvelope
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, next_wait
from agentpost_server.work import Lane as WorkLane

log = structlog.get_logger("notices")
_LOCAL: Final = "local"
_SANDBOX: Final = "sandbox.test"
_CALL_SECONDS: Final = 45.0
_WAITS: Final = (30.0, 120.0, 600.0, 1800.0, 3600.0, 3600.0, 7200.0, 14400.0)
_SENT: Final = ("accepted", "delivered")
_KEPT: Final = Outcome(status="captured", detail="Kept here: agentpost-server notices shows it.")
_HERE: Final = Outcome(
    status="refused", detail="The address is an inbox of this server, which API keys read: it gets no notices."
)


class Lane(WorkLane):
    """`writers` by kind of notice: what each says."""

    def __init__(self, runtime: Runtime, writers: Mapping[str, Writer]) -> None:
        super().__init__(
            "notices", "notices", self._deliver, database=runtime.database, batch=10, lease_seconds=120, poll_seconds=2
        )
        self._runtime = runtime
        self._writers = writers
        self._stop = listen(self.ring)

    async def close(self, grace_seconds: float = 10) -> None:
        self._stop()
        await super().close(grace_seconds)

    async def _deliver(self, claimed: list[Claimed]) -> None:
        async with self._runtime.database.work({one.organization_id for one in claimed}) as tx:
            rows = await store.load(tx, claimed)
        await asyncio.gather(*(self._one(row) for row in rows))

    async def _one(self, row: Any) -> None:
        letter = await self._writers[row["kind"]](self._runtime, about(row))
        if letter is None:
            await self._settle(row, "needless", None, None)
            return
        outcome = await _send(self._runtime, row, letter)
        wait = next_wait(_WAITS, row["attempts"]) if outcome.status == "deferred" else None
        status = "pending" if wait is not None else _status(outcome)
        if status == "failed":
            log.warning("a notice did not go", kind=row["kind"], notice=str(row["id"]), detail=outcome.detail)
        await self._settle(row, status, outcome.detail, wait)

    async def _settle(self, row: Any, status: str, detail: str | None, seconds: float | None) -> None:
        async with self._runtime.database.work({row["organization_id"]}) as tx:
            await store.settle(tx, row, status, detail, seconds)


def about(row: Any) -> About:
    scope = Scope(row["organization_id"], row["environment_id"])
    return About(scope=scope, id=row["about"], email=row["email"])


def _status(outcome: Outcome) -> str:
    if outcome.status == "captured":
        return "kept"
    # Whether it arrived is unknown: it is not sent again, and nobody is told that it failed.
    return "sent" if outcome.status in (*_SENT, "unknown") else "failed"


async def _send(runtime: Runtime, row: Any, letter: Letter) -> Outcome:
    """By the transport of the environment that it is about; what may not leave is kept."""
    email = canonical(row["email"])
    domain = email.rpartition("@")[2]
    shared = runtime.settings.shared_domain.lower()
    if await store.leads_here(runtime.database, email, without_tag(email), "" if domain == shared else domain):
        return _HERE
    if _stays(row, email, domain):
        return _KEPT
    outcome = Outcome(status="refused", detail=f"The transport {row['transport']} is not configured on this server.")
    for name in dict.fromkeys((row["transport"], *runtime.failover)):
        if (transport := runtime.transports.get(name)) is None or name == _LOCAL:
            continue
        raw = await asyncio.to_thread(_compose, runtime, row, letter, signs=not transport.limits.signs_dkim)
        outcome = await _call(transport, _envelope(runtime, row), raw)
        if not outcome.transport_fault:
            break
    return outcome


def _stays(row: Any, email: str, domain: str) -> bool:
    """As mail of this environment: test ones never send, dev ones only to whom their list names."""
    allowed = {one.strip().lower() for one in row["allowed_recipients"]}
    kind = row["environment_kind"]
    if row["transport"] == _LOCAL or kind == "test" or domain == _SANDBOX:
        return True
    return kind == "dev" and not ({email, f"@{domain}"} & allowed)


async def _call(transport: Any, envelope: OutgoingEnvelope, raw: bytes) -> Outcome:
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            receipt = await transport.send(envelope, raw)
        return receipt.outcomes[envelope.recipients[0]]
    except Exception as error:
        log.exception("a transport broke its contract", transport=transport.name)
        return Outcome(status="unknown", detail=f"The call did not end: {type(error).__name__}.")


def sender_of(runtime: Runtime) -> Address:
    """No inbox has it: those of the shared domain end in six letters of chance."""
    return Address(email=f"notices@{runtime.settings.shared_domain}", name="AgentPost")


def _envelope(runtime: Runtime, row: Any) -> OutgoingEnvelope:
    return OutgoingEnvelope(
        mail_from=sender_of(runtime).email,
        recipients=(row["email"],),
        attempt_id=str(ids.new_id()),
        organization_id=str(row["organization_id"]),
        environment_id=str(row["environment_id"]),
    )


def _compose(runtime: Runtime, row: Any, letter: Letter, *, signs: bool) -> bytes:
    mail = OutgoingMail(
        from_address=sender_of(runtime),
        to=(Address(email=row["email"]),),
        subject=letter.subject,
        message_id=new_message_id(runtime.settings.shared_domain),
        date=runtime.now(),
        text_body=letter.text,
        auto_submitted="auto-generated",
    )
    raw = compose(mail)
    if runtime.signer is None or not signs:
        return raw
    return sign(raw, runtime.signer, now=runtime.now()) + raw
