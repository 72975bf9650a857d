"""Looking at a domain: ask, then write what was found, with its events, in one transaction.

Any number of looks may run at once, by lanes and by people who press "verify": each judges the row as it stands when
it is locked, so that a change of state is told once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.domains import keys, look, standing, store, store_keys
from agentpost_server.domains.records import Wanted
from agentpost_server.domains.shape import seen_of
from agentpost_server.domains.standing import Seen
from agentpost_server.domains.way import keys_of, provider_of, wanted_of
from agentpost_server.events import append
from agentpost_server.events.append import NewEvent
from agentpost_server.ports.domain_provider import ProviderRecords
from agentpost_server.runtime import Runtime
from agentpost_server.work import Claimed, Lane

TOPIC: Final = "domains"


def lane(runtime: Runtime) -> Lane:
    """Looks at due domains. Rung when one is made or changed."""
    made = Lane(
        "domains", "domains", _handler(runtime), database=runtime.database, batch=5, lease_seconds=120, poll_seconds=5
    )
    runtime.bus.subscribe(TOPIC, made.ring)
    return made


def _handler(runtime: Runtime) -> Callable[[list[Claimed]], Awaitable[None]]:
    async def handle(claimed: list[Claimed]) -> None:
        await asyncio.gather(*(check(runtime, one.organization_id, one.id) for one in claimed))

    return handle


async def check(runtime: Runtime, organization_id: UUID, domain_id: UUID) -> Any:
    """The row after a look, or None when the domain is gone. Never raises for what a name server or provider did."""
    async with runtime.database.transaction(organization_id) as tx:
        row = await store.find_any(tx, organization_id, domain_id)
    if row is None:
        return None
    provider = await look.ask_provider(runtime, row)
    asked = dict(row) if provider is None else {**row, "provider": _json(provider)}
    answers = look.Answers(await look.ask(runtime.resolver, wanted_of(runtime, asked)), provider)
    async with runtime.database.transaction(organization_id) as tx:
        return await settle(runtime, tx, organization_id, domain_id, answers)


async def settle(runtime: Runtime, tx: Tx, organization_id: UUID, domain_id: UUID, answers: look.Answers) -> Any:
    """Write what these answers make of the domain as it stands now; the row after it, or None when it is gone."""
    await store_keys.retire(tx, organization_id, domain_id)
    row = await _locked(tx, organization_id, domain_id, answers)
    if row is None:
        return None
    now = runtime.now()
    seen = standing.look_at(wanted_of(runtime, row), seen_of(row), answers.values, now)
    row = await _activate(tx, row, wanted_of(runtime, row), seen, answers)
    wanted = wanted_of(runtime, row)
    seen = standing.remembered(wanted, seen)
    ready, heard = _provider(runtime, row, answers)
    learnt = heard and all((one.type, one.name) in answers.values for one in wanted if one.required)
    after = standing.stand(
        wanted,
        seen,
        status=row["status"],
        claimed=await _claim(tx, row, wanted, seen),
        ready=ready,
        learnt=learnt,
        checking_since=row["checking_since"],
        now=now,
    )
    ever = row["verified_at"] is not None or after.status == "verified"
    await store.settle(
        tx,
        row,
        **msgspec.structs.asdict(after),
        records=_json(seen),
        provider=row["provider"],
        due_at=standing.next_look(wanted, seen, after, learnt=learnt, ever=ever, now=now),
        last_checked_at=now if answers.values else None,
    )
    await _tell(tx, row, after)
    return await store.find_any(tx, organization_id, domain_id)


async def _locked(tx: Tx, organization_id: UUID, domain_id: UUID, answers: look.Answers) -> dict[str, Any] | None:
    found = await store.find_any(tx, organization_id, domain_id, lock=True)
    if found is None:
        return None
    row = dict(found)
    if answers.provider is not None:
        row["provider"] = _json(answers.provider)
    return row


async def _activate(
    tx: Tx, row: dict[str, Any], wanted: list[Wanted], seen: list[Seen], answers: look.Answers
) -> dict[str, Any]:
    """A key whose record was seen for the first time signs from now on."""
    waiting = {key.selector for key in keys_of(row) if key.active_at is None}
    found = [
        record.selector
        for record, one in zip(wanted, seen, strict=True)
        if record.selector in waiting and one.status == "verified"
    ]
    if not found:
        return row
    overlap = keys.OVERLAP.total_seconds()
    await store_keys.activate(tx, row["organization_id"], row["id"], found[-1] or "", overlap_seconds=overlap)
    return await _locked(tx, row["organization_id"], row["id"], answers) or row


async def _claim(tx: Tx, row: dict[str, Any], wanted: list[Wanted], seen: list[Seen]) -> bool:
    """Whose domain it is on this server follows from its proof: the first to show it holds it until it is lost."""
    proven = any(
        record.purpose == "ownership" and one.status == "verified" for record, one in zip(wanted, seen, strict=True)
    )
    if proven:
        return await store.claim(tx, row["id"])
    await store.release(tx, row["domain"], row["id"])
    return False


def _provider(runtime: Runtime, row: dict[str, Any], answers: look.Answers) -> tuple[bool, bool]:
    """(whether it is known what the provider asks for, or that it asks for nothing; whether it answered now)."""
    if provider_of(runtime, row["sends_by"]) is None:
        return True, True
    asked = msgspec.json.decode(row["provider"], type=ProviderRecords)
    return asked.ready or bool(asked.cnames), answers.provider is not None


async def _tell(tx: Tx, row: dict[str, Any], after: standing.Standing) -> None:
    if after.status == row["status"] or after.status not in ("verified", "failed"):
        return
    data = {"domain_id": ids.encode("dom", row["id"]), "domain": row["domain"], "failure": after.failure}
    scope = Scope(row["organization_id"], row["environment_id"])
    await append(tx, scope, NewEvent(type=f"domain.{after.status}", data=data))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
