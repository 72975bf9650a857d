"""A domain of the tenant's own, as the domains slice leaves it once it was verified, with a key that signs."""

from agentpost_server.core import ids
from agentpost_server.core.times import now
from agentpost_server.domains import store_keys
from agentpost_server.domains.keys import make_key
from outbound.bench import Bench
from outbound.sending import Json

KEYS: dict[str, str] = {}
"""The TXT record of each `selector._domainkey.domain` that was made."""


def name_of(bench: Bench) -> str:
    return f"{bench.tenant.organization_id[-10:].lower()}.example"


async def verified(
    bench: Bench, *, can_send: bool = True, can_receive: bool = True, transport: str | None = None
) -> str:
    """Its name."""
    name, domain_id, key = name_of(bench), ids.new_id(), await make_key(bench.server.runtime.keyring, now())
    environment_id = bench.tenant.organization.live_environment_id
    async with bench.server.database.transaction(bench.organization_id) as tx:
        await tx.run(
            """INSERT INTO domains (organization_id, id, environment_id, domain, status, can_send, can_receive,
                   transport, subdomains_enabled)
               VALUES ($1, $2, $3, $4, 'verified', $5, $6, $7, true)""",
            *(bench.organization_id, domain_id, environment_id, name, can_send, can_receive, transport),
        )
        await tx.value("SELECT router.claim_domain($1)", domain_id)
        await store_keys.insert(
            tx,
            bench.organization_id,
            domain_id,
            selector=key.selector,
            public_key=key.public_key,
            private_key=key.private_key,
        )
        await store_keys.activate(tx, bench.organization_id, domain_id, key.selector, overlap_seconds=600)
    KEYS[f"{key.selector}._domainkey.{name}."] = f"v=DKIM1; k=rsa; p={key.public_key}"
    return name


async def inbox_on(bench: Bench, domain: str) -> Json:
    answer = await bench.tenant.http.post("/inboxes", json={"username": "agent", "domain": domain})
    assert answer.status_code == 201, answer.text
    return answer.json()
