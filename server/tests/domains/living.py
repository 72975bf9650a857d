"""A tenant with domains, and the name server that answers for them."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.domains import check
from dns_server import NameServer
from harness import Server, Tenant
from outbound.sending import events

Json = dict[str, Any]


class Owner(NamedTuple):
    """A tenant, and the name server that everybody asks."""

    tenant: Tenant
    names: NameServer

    @property
    def server(self) -> Server:
        return self.tenant.server

    def name(self, label: str = "mail") -> str:
        """A domain of this tenant's own."""
        return f"{label}.{self.tenant.organization_id[-10:].lower()}.example"

    async def add(self, name: str = "", **fields: Any) -> Json:
        answer = await self.tenant.http.post("/domains", json={"domain": name or self.name(), **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def added(self, name: str = "") -> Json:
        """Published and verified."""
        made = await self.add(name)
        publish(self.names, made)
        found = await self.look(made)
        assert found["status"] == "verified", found
        return found

    async def look(self, domain: Json) -> Json:
        """As the lane looks."""
        row = await check(self.server.runtime, self.organization_id, ids.decode("dom", domain["id"]))
        assert row is not None
        return await self.get(domain)

    async def get(self, domain: Json) -> Json:
        answer = await self.tenant.http.get(f"/domains/{domain['id']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def told(self) -> list[tuple[str, Json]]:
        return [(kind, data) for kind, data in await events(self.tenant) if kind.startswith("domain.")]

    async def sql(self, statement: str, domain: Json, *arguments: object) -> Any:
        """One statement about the domain ($1)."""
        async with self.server.database.transaction(self.organization_id) as tx:
            return await tx.value(statement, ids.decode("dom", domain["id"]), *arguments)

    async def age(self, domain: Json, by: timedelta) -> None:
        """As if everything that is known of the domain had happened so much earlier."""
        records = msgspec.json.decode(await self.sql("SELECT records FROM domains WHERE id = $1", domain))
        for one in records:
            if one["missing_since"]:
                one["missing_since"] = (datetime.fromisoformat(one["missing_since"]) - by).isoformat()
        await self.sql(
            "UPDATE domains SET checking_since = checking_since - $2::interval, records = $3 WHERE id = $1",
            domain,
            by,
            msgspec.json.encode(records).decode(),
        )

    @property
    def organization_id(self) -> UUID:
        return self.tenant.organization.organization_id


def publish(names: NameServer, domain: Json, *purposes: str) -> None:
    """Put the domain's records (of these purposes; none named: all) into the zone."""
    texts: dict[str, list[str]] = {}
    for one in domain["records"]:
        if purposes and one["purpose"] not in purposes:
            continue
        match one["type"]:
            case "TXT":
                texts.setdefault(one["name"], []).append(one["value"])
            case "MX":
                names.zone[one["name"], "MX"] = [f"{one['priority']} {one['value']}."]
            case _:
                names.zone[one["name"], "CNAME"] = [f"{one['value']}."]
    for name, values in texts.items():
        names.txt(name, *values)


def record(domain: Json, purpose: str, n: int = 0) -> Json:
    return [one for one in domain["records"] if one["purpose"] == purpose][n]


def statuses(domain: Json) -> dict[str, str]:
    return {one["purpose"]: one["status"] for one in domain["records"]}
