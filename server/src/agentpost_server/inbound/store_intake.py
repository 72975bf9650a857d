"""SQL of mail that providers bring: what was done with it, what waits for an inbox, and one-time tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from agentpost_server.db import Database

Outcome = Literal["accepted", "unrouted", "dropped"]


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about one recipient. `reason` is a word for the operator."""

    recipient: str
    outcome: Outcome
    reason: str | None = None


class Unrouted(msgspec.Struct, frozen=True, kw_only=True):
    """Mail for one recipient that leads nowhere yet."""

    source: str
    provider_id: str
    recipient: str
    mail_from: str
    authentication: str | None
    location: str | None
    received_at: datetime
    flags: tuple[str, ...]
    waited_seconds: float


async def known_recipients(database: Database, source: str, provider_id: str) -> set[str]:
    rows = await database.route("SELECT router.known_recipients($1, $2) AS recipient", source, provider_id)
    return {row["recipient"] for row in rows}


async def known_mails(database: Database, source: str, provider_ids: Sequence[str]) -> set[str]:
    rows = await database.route("SELECT router.known_provider_mails($1, $2) AS id", source, list(provider_ids))
    return {row["id"] for row in rows}


async def keep(
    database: Database,
    source: str,
    provider_id: str,
    settled: Sequence[Settled],
    *,
    mail_from: str,
    authentication: str | None,
    location: str | None,
    received_at: datetime,
    flags: Sequence[str],
) -> None:
    """Recipients that have a row keep it."""
    await database.route(
        "SELECT router.keep_provider_mail($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        source,
        provider_id,
        [one.recipient for one in settled],
        [one.outcome for one in settled],
        [one.reason for one in settled],
        mail_from,
        authentication,
        location,
        received_at,
        list(flags),
    )


async def claim_unrouted(database: Database, most: int) -> list[Unrouted]:
    rows = await database.route("SELECT * FROM router.claim_unrouted($1)", most)
    return [msgspec.convert(dict(row), Unrouted) for row in rows]


async def settle(database: Database, one: Unrouted, outcome: Outcome) -> bool:
    """True when nobody else waits for the same bytes."""
    rows = await database.route(
        "SELECT router.settle_unrouted($1, $2, $3, $4) AS free", one.source, one.provider_id, one.recipient, outcome
    )
    return rows[0]["free"]


async def count_unrouted(database: Database) -> int:
    return (await database.route("SELECT router.count_unrouted() AS waiting"))[0]["waiting"]


async def take_token(database: Database, source: str, token: bytes, body: bytes) -> bool:
    """False for a token that was used, or that came with another body."""
    return (await database.route("SELECT router.take_provider_token($1, $2, $3) AS free", source, token, body))[0][
        "free"
    ]


async def use_token(database: Database, source: str, token: bytes) -> None:
    await database.route("SELECT router.use_provider_token($1, $2)", source, token)


async def prune(database: Database, *, mail_seconds: int, token_seconds: int, most: int) -> int:
    rows = await database.route("SELECT router.prune_intake($1, $2, $3) AS gone", most, mail_seconds, token_seconds)
    return rows[0]["gone"]
