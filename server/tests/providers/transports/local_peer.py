"""The transport `local` on the tests' server: what it captured is what it was handed."""

from typing import Any

from harness import Tenant
from outbound.sending import inbox, send, settled
from providers.transports.letters import Handed, envelope


class LocalPeer:
    """Its envelopes name an attempt that was made, as `local` looks it up."""

    ways = frozenset(("refuse",))
    carries_tag = False
    most_at_once = 100
    secret = "none"

    def __init__(self, tenant: Tenant, fields: dict[str, str]) -> None:
        self._tenant = tenant
        self._fields = fields
        self._refuses = False
        self.transport = tenant.server.runtime.transports["local"]

    def will(self, way: str) -> None:
        assert way == "refuse"
        self._refuses = True

    async def handed(self) -> list[Handed]:
        """The outbox knows no bytes of its own: a transport that captures shows the mail that was sent."""
        page = (await self._tenant.sandbox.get("/sandbox/outbox")).json()["data"]
        return [Handed([one for row in page for one in row["recipients"] if one != "first@out.example"], b"")]

    def envelope(self, *recipients: str, **fields: Any) -> Any:
        known = ("nobody@sandbox.test",) if self._refuses else recipients
        return envelope(*known, **(self._fields | fields))

    def seen_at_once(self) -> int:
        return 0

    def calls(self) -> int:
        return 0


async def open_local(tenant: Tenant) -> LocalPeer:
    agent = await inbox(tenant.sandbox)
    made = await send(tenant.sandbox, agent["id"], to=["first@out.example"])
    await settled(tenant.sandbox, made["id"], "delivered")
    organization_id = tenant.organization.organization_id
    async with tenant.server.database.transaction(organization_id) as tx:
        row = await tx.row(
            """SELECT a.id, t.environment_id FROM attempts a
               JOIN transmissions t ON t.organization_id = a.organization_id AND t.id = a.transmission_id
               WHERE a.organization_id = $1""",
            organization_id,
        )
    assert row is not None
    fields = {"organization_id": organization_id, "environment_id": row["environment_id"], "attempt_id": row["id"]}
    return LocalPeer(tenant, {name: str(value) for name, value in fields.items()} | {"mail_from": agent["email"]})
