"""Mail in the bucket that nobody told us of: while this server was away, or when a notification was lost.

An object alone has no receipt. What stands in for it is the top of the mail: SES writes its `Received` above all that
the sender wrote, with its own id of the mail, which is the object's name and could not be known before. Without that
line the mail waits for its notification, and for a day for its operator.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from agentpost_server.core.errors import Unavailable
from agentpost_server.inbound import store_intake as store
from agentpost_server.inbound.intake import Intake, ProviderMail, deliver
from agentpost_server.inbound.ses.receipt import MAIL_ID, may_read
from agentpost_server.inbound.store_intake import Settled
from agentpost_server.ports.mail_objects import ObjectNotFound, ObjectTooLarge, StoredObject

SETTLED: Final = timedelta(minutes=10)
"""So long a notification may be under way."""
_RECENT: Final = timedelta(days=7)
_PAGES: Final = 20
_WORKING: Final = 4
_TOP_OCTETS: Final = 16 * 1024
_TOP: Final = re.compile(
    rb"(?:Return-Path:[ \t]*(?P<mail_from>[^\r\n]{0,600})\r?\n)?"
    rb"Received:(?P<received>[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)\r?\n",
    re.IGNORECASE,
)
_RECEIVED: Final = re.compile(
    r".* by inbound-smtp\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)? with \S{1,20} id (\S+) for ([^;]+);.*"
)
log = structlog.get_logger("intake")


async def sweep(intake: Intake, *, settled: timedelta = SETTLED) -> int:
    """The chore: a bounded stretch of the bucket, the next one the next time. Answers how many mails it found."""
    objects = intake.runtime.mail_objects
    if objects is None:
        return 0
    found = pages = 0
    async for page in objects.pages(after=intake.swept_to):
        found += await _take_missing(intake, page, settled)
        intake.swept_to = page[-1].key if page else intake.swept_to
        pages += 1
        if pages == _PAGES:
            return found
    intake.swept_to = None
    return found


async def _take_missing(intake: Intake, page: Sequence[StoredObject], settled: timedelta) -> int:
    moment, objects = intake.runtime.now(), intake.runtime.mail_objects
    assert objects is not None
    candidates = {
        _id_of(one.key): one
        for one in page
        if settled <= moment - one.modified_at <= _RECENT
        and may_read(objects, one.key)
        and MAIL_ID.fullmatch(_id_of(one.key))
    }
    if not candidates:
        return 0
    known = await store.known_mails(intake.runtime.database, "ses", list(candidates))
    missing = [one for mail_id, one in candidates.items() if mail_id not in known]
    working = asyncio.Semaphore(_WORKING)

    async def take(one: StoredObject) -> None:
        async with working:
            try:
                await _take(intake, one)
            except Unavailable:
                raise
            except OSError as error:
                # One that may not be read must not keep those behind it: what is missing is looked at in every round.
                log.warning("ses_mail_waits", key=one.key, error=str(error)[:300])
            except Exception:
                log.exception("ses_mail_failed", key=one.key)

    await asyncio.gather(*(take(one) for one in missing))
    return len(missing)


async def _take(intake: Intake, one: StoredObject) -> None:
    objects, limit = intake.runtime.mail_objects, intake.runtime.settings.max_receive_octets
    assert objects is not None
    try:
        raw = await objects.read(one.key, most=limit)
    except ObjectNotFound:
        return
    except ObjectTooLarge:
        await _put_aside(intake, one, "too_large")
        return
    envelope = envelope_of(raw, _id_of(one.key))
    if envelope is None:
        await _put_aside(intake, one, "no_recipient")
        return
    mail_from, recipients = envelope
    log.info("ses_mail_found", id=_id_of(one.key))
    # The verdicts came with the notification alone: ingest checks the signatures itself.
    await deliver(
        intake,
        ProviderMail(
            source="ses",
            provider_id=_id_of(one.key),
            mail_from=mail_from,
            recipients=recipients,
            raw=raw,
            location=f"s3:{one.key}",
            received_at=one.modified_at,
        ),
    )


async def _put_aside(intake: Intake, one: StoredObject, reason: str) -> None:
    log.warning("ses_mail_put_aside", key=one.key, reason=reason)
    await store.keep(
        intake.runtime.database,
        "ses",
        _id_of(one.key),
        [Settled(recipient="", outcome="unrouted", reason=reason)],
        mail_from="",
        authentication=None,
        location=f"s3:{one.key}",
        received_at=one.modified_at,
        flags=(),
    )


def envelope_of(raw: bytes, mail_id: str) -> tuple[str, tuple[str, ...]] | None:
    """Sender and recipients by the lines that SES put on top; None unless they are SES's, of this mail."""
    top = _TOP.match(raw[:_TOP_OCTETS])
    if top is None:
        return None
    received = _RECEIVED.fullmatch(" ".join(top["received"].decode("utf-8", "replace").split()))
    if received is None or received[1] != mail_id:
        return None
    mail_from = (top["mail_from"] or b"").decode("utf-8", "replace")
    return _bare(mail_from), tuple(_bare(one) for one in received[2].split(","))


def _bare(path: str) -> str:
    return path.strip().removeprefix("<").removesuffix(">")


def _id_of(key: str) -> str:
    return key.rpartition("/")[2]
