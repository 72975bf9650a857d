"""Every tenant's domain looked at anew, without writing anything down: the server's own looks decide what it may do."""

import asyncio
from typing import Any, Final

from agentpost_server.accounts.organizations import list_organizations
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import SECONDS, Finding, failed, not_checked, ok, warning
from agentpost_server.cli.doctor.names import missing
from agentpost_server.core.errors import Problem
from agentpost_server.domains import every
from agentpost_server.domains.judge import judge
from agentpost_server.domains.look import ask
from agentpost_server.domains.way import wanted_of
from agentpost_server.opening import close_runtime, open_runtime
from agentpost_server.runtime import Runtime

_MOST: Final = 200
_AT_ONCE: Final = 20
SECONDS_FOR_ALL: Final = 60.0


async def domains(one: Installation) -> list[Finding]:
    """Opens a runtime as the server does. Only asked once the database was found in order."""
    keyring = one.keyring()
    dsn = one.administrator(keyring) if keyring else None
    if keyring is None or dsn is None:
        return []
    async with asyncio.timeout(SECONDS):
        runtime = await open_runtime(
            one.settings, keyring=keyring, dsn=dsn, data_dir=one.folder.path, public_url=one.public_url
        )
    try:
        return await _look(runtime)
    except Problem as problem:
        return [failed("domains", f"They could not be read: {problem.detail}", problem.fix)]
    finally:
        await close_runtime(runtime)


async def _look(runtime: Runtime) -> list[Finding]:
    organizations = [organization_id for organization_id, _name in await list_organizations(runtime.database)]
    rows = await every(runtime.database, organizations, _MOST + 1)
    if not rows:
        return [ok("domains", "No tenant has a domain of its own.")]
    turns = asyncio.Semaphore(_AT_ONCE)
    findings = await asyncio.gather(*(_one(runtime, row, turns) for row in rows[:_MOST]))
    if len(rows) > _MOST:
        more = f"There are more domains than the {_MOST} that were looked at; verified ones came first."
        findings.append(not_checked("domains", more, "GET /domains shows each tenant its own."))
    return findings


async def _one(runtime: Runtime, row: Any, turns: asyncio.Semaphore) -> Finding:
    name, wanted = f"domain:{row['domain']}", wanted_of(runtime, row)
    async with turns:
        try:
            async with asyncio.timeout(SECONDS):
                answers = await ask(runtime.resolver, wanted)
        except TimeoutError:
            answers = {}
    required = [record for record in wanted if record.required]
    unknown = [record for record in required if (record.type, record.name) not in answers]
    if unknown:
        found = f"{row['status']}; {unknown[0].name} {unknown[0].type} could not be learnt."
        return not_checked(name, found, "Ask again later.")
    judged = [(record, judge(record, answers[record.type, record.name])) for record in required]
    wrong = [missing(record, verdict.found) for record, verdict in judged if not verdict.matches]
    if not wrong:
        return ok(name, f"{row['status']}; all {len(required)} required records are there.")
    found = f"{row['status']}; " + " ".join(text for text, _ in wrong)
    fix = " ".join(text for _, text in wrong)
    # A domain that was never verified is its tenant's business; one that was is losing mail now.
    return failed(name, found, fix) if row["status"] == "verified" else warning(name, found, fix)
