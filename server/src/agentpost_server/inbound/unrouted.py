"""Mail from providers that leads nowhere yet: tried again for a day, because an inbox or a domain may be on its way,
then dropped. It is never bounced: its sender may be forged, and the provider has told the real one that it was taken.
"""

import contextlib
from typing import Final

import msgspec
import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.inbound import store_intake as store
from agentpost_server.inbound.intake import Intake, ProviderMail, find_route, goes_round, hand_in
from agentpost_server.inbound.store_intake import Unrouted
from agentpost_server.mail.authentication import Authentication
from agentpost_server.ports.blobs import BlobNotFound
from agentpost_server.ports.mail_objects import ObjectNotFound, ObjectTooLarge
from agentpost_server.web.metrics import UNROUTED

KEPT_SECONDS: Final = 24 * 3600
_BATCH: Final = 100
_ROUNDS: Final = 20
# Longer than SQS can hold a notification back (14 days), so that a late one finds what was done.
_REMEMBERED_SECONDS: Final = 30 * 86400
_TOKEN_SECONDS: Final = 25 * 3600
_PRUNED: Final = 5000
log = structlog.get_logger("intake")


async def look_again(intake: Intake) -> None:
    """The chore: every due one is tried, what waited too long goes, old notes are pruned."""
    database = intake.runtime.database
    for _ in range(_ROUNDS):
        claimed = await store.claim_unrouted(database, _BATCH)
        for one in claimed:
            await _try_alone(intake, one)
        if len(claimed) < _BATCH:
            break
    UNROUTED.set(await store.count_unrouted(database))
    await store.prune(database, mail_seconds=_REMEMBERED_SECONDS, token_seconds=_TOKEN_SECONDS, most=_PRUNED)


async def _try_alone(intake: Intake, one: Unrouted) -> None:
    """One that fails must not keep the others of its batch from their turn, now and at every next time."""
    try:
        await _try(intake, one)
    except Unavailable:
        raise
    except Exception:
        log.exception("unrouted_mail_failed", source=one.source, id=one.provider_id)


async def _try(intake: Intake, one: Unrouted) -> None:
    """Looked for once more however late it is: a day may pass unseen while this server is away."""
    route = await find_route(intake, one.recipient)
    raw = await _read(intake, one.location or "") if route is not None else None
    if route is None or raw is None:
        if one.waited_seconds > KEPT_SECONDS:
            await _end(intake, one, "dropped")
        return
    if goes_round(intake, raw)(route):
        await _end(intake, one, "dropped")
        return
    authentication = msgspec.json.decode(one.authentication, type=Authentication) if one.authentication else None
    mail = ProviderMail(
        source=one.source,  # pyright: ignore[reportArgumentType] - written from a Source
        provider_id=one.provider_id,
        mail_from=one.mail_from,
        recipients=(one.recipient,),
        raw=raw,
        received_at=one.received_at,
        authentication=authentication,
        flags=one.flags,
    )
    await hand_in(intake, mail, raw, (route,))
    await _end(intake, one, "accepted")


async def _read(intake: Intake, location: str) -> bytes | None:
    """None for what is not there, or too large. Raises OSError when the store is away: no reason to give up."""
    runtime = intake.runtime
    where, _, key = location.partition(":")
    with contextlib.suppress(BlobNotFound, ObjectNotFound, ObjectTooLarge):
        if where == "blob":
            return await runtime.blobs.get(key)
        if where == "s3" and runtime.mail_objects is not None:
            return await runtime.mail_objects.read(key, most=runtime.settings.max_receive_octets)
    return None


async def _end(intake: Intake, one: Unrouted, outcome: store.Outcome) -> None:
    free = await store.settle(intake.runtime.database, one, outcome)
    log.warning("unrouted_mail_" + outcome, source=one.source, id=one.provider_id)
    where, _, key = (one.location or "").partition(":")
    if free and where == "blob":
        with contextlib.suppress(OSError):
            await intake.runtime.blobs.delete(key)
