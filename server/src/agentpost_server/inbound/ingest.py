"""The lane `mail-in`: accepted mail becomes messages, a batch a transaction, each mail exactly once.

The work row goes in the transaction that stores the message, so a crash anywhere repeats the whole or nothing. A batch
that fails is done one by one; what fails three times is stored unread and told all the same.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.events.append import NewEvent, append_all
from agentpost_server.inbound import store
from agentpost_server.inbound.accept import INLINE_OCTETS, TOPIC, listen
from agentpost_server.inbound.announce import received
from agentpost_server.inbound.authenticate import Checks
from agentpost_server.inbound.dmarc import is_report, take_report
from agentpost_server.inbound.filtered import filtered
from agentpost_server.inbound.reading import InboundMail, ReadMail, inbound_mail, read_mail, unreadable
from agentpost_server.inbound.spam import screened
from agentpost_server.inbound.suspicion import weighed
from agentpost_server.mail.jail import ParseJail, needs_jail
from agentpost_server.messages.add import add
from agentpost_server.outbound import feedback, telling
from agentpost_server.ports.blobs import blob_key
from agentpost_server.runtime import Runtime
from agentpost_server.screening import Screen
from agentpost_server.screening.authentication import Arrival
from agentpost_server.screening.injection import Judge, configured
from agentpost_server.work import Claimed, Lane, next_wait

log = structlog.get_logger("ingest")

_TRIES: Final = 3
# A mail that was claimed this often without an error to show for it took its process down each time.
_SILENT_TRIES: Final = 6
_WAITS: Final = (2.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
_STORAGE_AWAY_SECONDS: Final = 30.0
_LOOK_AGAIN_SECONDS: Final = 0.5
_BATCH: Final = 50
_LEASE_SECONDS: Final = 120
# What is not begun by then is left to a later claim: what was begun must end within the lease.
_WORKING_SECONDS: Final = 60
_FROM_ONE_ORGANIZATION: Final = 25
# How long a batch waits for the checks of its origin, and how many mails may follow later at once.
_SOON_SECONDS: Final = 0.3
_LATE_MAILS: Final = 200


class Ingest:
    """The service that runs the lane, with a process of its own for mail that may run long."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._jail = ParseJail()
        self._screen = Screen(runtime.settings)
        self._judge = Judge(runtime.database, runtime.settings, configured(runtime.settings))
        self._checks = Checks(runtime)
        self._following: dict[asyncio.Task[None], int] = {}
        self._lane = Lane(
            TOPIC,
            "inbound_mails",
            self.handle,
            database=runtime.database,
            batch=_BATCH,
            per_organization=_FROM_ONE_ORGANIZATION,
            concurrency=2,
            lease_seconds=_LEASE_SECONDS,
        )
        self._stops = [listen(self._lane.ring), runtime.bus.subscribe(TOPIC, self._lane.ring)]

    async def start(self) -> None:
        await self._lane.start()

    async def close(self, grace_seconds: float = 10) -> None:
        for stop in self._stops:
            stop()
        await self._lane.close(grace_seconds)
        if self._following:
            await asyncio.wait(self._following, timeout=grace_seconds)
        await self._jail.__aexit__(None, None, None)
        self._screen.close()
        self._judge.close()

    async def handle(self, claimed: list[Claimed]) -> None:
        """Until it is done: a database that went away in the middle leaves the rows ours, and is soon back."""
        end = asyncio.get_running_loop().time() + _WORKING_SECONDS
        while True:
            try:
                return await self._handle(claimed, end)
            except Unavailable:
                if asyncio.get_running_loop().time() > end:
                    raise
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _handle(self, claimed: list[Claimed], end: float) -> None:
        """Quick mails together; then those that may run long, and large ones, each alone."""
        async with self._runtime.database.work({one.organization_id for one in claimed}) as tx:
            rows = await store.load(tx, claimed)
        quick: list[tuple[InboundMail, bytes]] = []
        slow: list[tuple[InboundMail, bytes | None]] = []
        for row in rows:
            mail, raw = inbound_mail(row), row["content"]
            if not mail.inbox_stands and not is_report(mail):
                await self._drop(mail)
            elif mail.claim.attempts > _SILENT_TRIES:
                await self._give_up(mail)
            elif raw is None or needs_jail(raw) or is_report(mail):
                slow.append((mail, raw))
            else:
                quick.append((mail, raw))
        if quick:
            await self._together(quick, end)
        await self._one_by_one(slow, end)

    async def _together(self, batch: Sequence[tuple[InboundMail, bytes]], end: float) -> None:
        """Those whose origin is known soon; the others follow, so that nobody waits for another's name servers."""
        wanted = [one for one in batch if self._wants(one[0])]
        if not wanted:
            return await self._finish(batch, end)
        tasks = [asyncio.create_task(self._with_results(mail, raw)) for mail, raw in wanted]
        try:
            done, late = await asyncio.wait(tasks, timeout=_SOON_SECONDS)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        if late:
            await self._follow(late, end)
        ready = [one for one in batch if not self._wants(one[0])]
        return await self._finish([*ready, *(task.result() for task in tasks if task in done)], end)

    async def _follow(self, late: set[asyncio.Task[tuple[InboundMail, bytes]]], end: float) -> None:
        following = asyncio.create_task(self._finish_late(late, end))
        self._following[following] = len(late)
        following.add_done_callback(self._following.pop)
        if sum(self._following.values()) > _LATE_MAILS:
            await asyncio.wait([following])

    async def _finish_late(self, late: set[asyncio.Task[tuple[InboundMail, bytes]]], end: float) -> None:
        try:
            await self._finish(await asyncio.gather(*late), end)
        except Exception:
            log.exception("late mail comes again when its lease ends", mails=len(late))

    async def _finish(self, batch: Sequence[tuple[InboundMail, bytes]], end: float) -> None:
        if not batch:
            return
        try:
            read = [(await self._read(mail, raw), raw) for mail, raw in batch]
            await self._store(await weighed(self._judge, await screened(self._screen, read)))
        except Unavailable:
            raise
        except Exception:
            log.warning("a batch is done one by one", mails=len(batch), exc_info=True)
            await self._one_by_one(batch, end)

    async def _one_by_one(self, batch: Sequence[tuple[InboundMail, bytes | None]], end: float) -> None:
        for mail, raw in batch:
            if asyncio.get_running_loop().time() > end:
                await self._hand_back(mail, TimeoutError("other mail took the time"), seconds=0)
            else:
                await self._one(mail, raw)

    async def _one(self, mail: InboundMail, raw: bytes | None) -> None:
        try:
            whole = await self._fetch(mail) if raw is None else raw
            checked, _ = await self._with_results(mail, whole) if self._wants(mail) else (mail, whole)
            if is_report(mail):
                await take_report(self._runtime, self._jail, checked, whole)
                return await self._drop(mail)
            read = await screened(self._screen, [(await self._read(checked, whole), whole)])
            await self._store(await weighed(self._judge, read))
        except Unavailable:
            raise
        except OSError as error:
            log.exception("storage is away", mail=str(mail.claim.id))
            await self._hand_back(mail, error, seconds=_STORAGE_AWAY_SECONDS)
        except Exception as error:
            log.exception("a mail could not be ingested", mail=str(mail.claim.id), attempt=mail.claim.attempts)
            if mail.claim.attempts >= _TRIES:
                await self._give_up(mail)
            else:
                await self._put_off(mail, error)

    async def _fetch(self, mail: InboundMail) -> bytes:
        return await self._runtime.blobs.get(
            blob_key(mail.claim.organization_id, mail.claim.id, mail.stored_at or mail.received_at)
        )

    def _wants(self, mail: InboundMail) -> bool:
        return self._checks.wants(mail.source, mail.client_ip, mail.authentication)

    async def _with_results(self, mail: InboundMail, raw: bytes) -> tuple[InboundMail, bytes]:
        arrival = Arrival(
            mail_from=mail.mail_from,
            received_at=mail.received_at,
            client_ip=self._checks.client_ip(mail.source, mail.client_ip),
            helo=mail.helo or "",
            told=mail.authentication,
        )
        return msgspec.structs.replace(mail, authentication=await self._checks.check(arrival, raw)), raw

    async def _read(self, mail: InboundMail, raw: bytes) -> ReadMail:
        # Between two mails everybody else of this process has a turn.
        await asyncio.sleep(0)
        runtime = self._runtime
        read = await read_mail(
            mail,
            raw,
            keyring=runtime.keyring,
            jail=self._jail,
            hostname=runtime.smtp_hostname,
            hold=runtime.settings.quarantine_unauthenticated,
        )
        for file in read.large_files:
            key = blob_key(mail.claim.organization_id, file.id, read.message.created_at)
            await runtime.blobs.put(key, file.content, media_type=file.mime_type)
        if read.report is not None and read.traced is not None and read.transmission_id is None:
            # To no bounce address, so it is kept as a message too. Acting on it twice does nothing.
            await telling.apply_traced(runtime, *read.traced, read.report)
        return read

    async def _store(self, read: Sequence[ReadMail]) -> None:
        """One transaction: the work rows go, messages and events come. Whoever lost a claim writes nothing."""
        organizations = {one.mail.claim.organization_id for one in read}
        async with self._runtime.database.work(organizations) as tx:
            mine = await store.take(tx, [one.mail.claim for one in read])
            kept = [one for one in read if one.mail.claim.id in mine]
            reports = {one.mail.claim.id for one in kept if await _was_report(tx, one)}
            mail = [one for one in kept if one.mail.claim.id not in reports]
            if reports:
                await store.drop_blobs(
                    tx, [(c.organization_id, c.id) for one in kept if (c := one.mail.claim).id in reports]
                )
            mail, rule_ids = await filtered(tx, mail)
            added = await add(tx, [one.message for one in mail])
            if held := [(one.mail.claim, _policy_of(one)) for one in mail if one.message.status == "held"]:
                await store.hold(tx, held)
            events: list[tuple[Scope, NewEvent]] = [
                (one.mail.scope, event)
                for one, place in zip(mail, added, strict=True)
                if place is not None
                for event in received(one.message, place, rule_ids.get(one.mail.claim.id), _policy_of(one))
            ]
            if events:
                await append_all(tx, events)
        for one in mail:
            self._runtime.count(one.mail.claim.organization_id, "messages_received", 1)
            self._runtime.count(one.mail.claim.organization_id, "storage_bytes", one.mail.size)

    async def _give_up(self, mail: InboundMail) -> None:
        """Stored unread, and told: its raw bytes are there for who can make sense of them."""
        if not mail.inbox_stands:
            return await self._drop(mail)
        try:
            await self._store([unreadable(mail, self._runtime.smtp_hostname)])
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a mail could not even be stored unread", mail=str(mail.claim.id))
            await self._put_off(mail, error)

    async def _put_off(self, mail: InboundMail, error: Exception) -> None:
        wait = next_wait(_WAITS, mail.claim.attempts) or _WAITS[-1]
        async with self._runtime.database.work({mail.claim.organization_id}) as tx:
            await store.put_off(tx, mail.claim, wait, _told(error))

    async def _hand_back(self, mail: InboundMail, error: Exception, seconds: float) -> None:
        """The mail is not to blame, so the try does not count."""
        async with self._runtime.database.work({mail.claim.organization_id}) as tx:
            await store.hand_back(tx, mail.claim, seconds, _told(error))

    async def _drop(self, mail: InboundMail) -> None:
        """Without a message: its inbox was deleted after the 250, or it was a report and is dealt with."""
        owner = mail.claim.organization_id
        async with self._runtime.database.work({owner}) as tx:
            if await store.take(tx, [mail.claim]):
                await store.drop_blobs(tx, [(owner, mail.claim.id)])
        if mail.size > INLINE_OCTETS:
            await self._runtime.blobs.delete(blob_key(owner, mail.claim.id, mail.stored_at or mail.received_at))


async def _was_report(tx: Tx, one: ReadMail) -> bool:
    """Whether it was a top-level report to a bounce address of ours, and so is dealt with and no message (M-37)."""
    if one.report is None or one.transmission_id is None:
        return False
    owner = one.mail.claim.organization_id
    return await feedback.apply_report(tx, owner, one.transmission_id, one.report) is not None


def _policy_of(one: ReadMail) -> str | None:
    """The policy that holds it; None where it is held by the server's own settings, or not at all."""
    screening = one.message.screening
    return one.mail.thresholds.policy_id if screening is not None and screening["verdict"] == "hold" else None


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
