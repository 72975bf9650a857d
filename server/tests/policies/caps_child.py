"""A process that charges as often as it is told, each time in a transaction of its own: `caps_child.py URL ORG ENV
INBOX CHARGES PEOPLE`. It begins when it reads a line, so that all begin at once, and says how many were let go."""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

from agentpost_server.core.scope import Scope
from agentpost_server.db import Database
from agentpost_server.policies import Release, charge
from harness import KEYRING

_MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


async def main(url: str, scope: Scope, inbox_id: UUID, charges: int, people: int) -> None:
    database = await Database.open(url, KEYRING.password, size=4)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)

    async def one(number: int) -> bool:
        emails = tuple(f"p{(number + n) % people}@b.example" for n in range(3))
        release = Release(scope=scope, inbox_id=inbox_id, emails=emails, attachment_octets=0, moment=_MOMENT)
        async with database.transaction(scope.organization_id) as tx:
            return (await charge(tx, [release]))[0] is None

    passed = 0
    for begin in range(0, charges, 4):
        passed += sum(await asyncio.gather(*(one(n) for n in range(begin, min(begin + 4, charges)))))
    print(passed, flush=True)
    await database.close()


_URL, _ORG, _ENV, _INBOX, _CHARGES, _PEOPLE = sys.argv[1:]
asyncio.run(main(_URL, Scope(UUID(_ORG), UUID(_ENV)), UUID(_INBOX), int(_CHARGES), int(_PEOPLE)))
