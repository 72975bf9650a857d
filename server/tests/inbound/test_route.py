"""Which inbox an address leads to, as RCPT tells it."""

import asyncio

import asyncpg
import pytest

from agentpost_server.core import ids
from agentpost_server.inbound import store
from agentpost_server.mail.trace_header import TRACE_HEADER, sign
from agentpost_server.outbound import verp
from harness import KEYRING, Tenant, running_server
from inbound.mailing import Client, Inbox, mail, new_inbox, send, smtp


async def _rcpt(client: Client, address: str) -> str:
    await client.say("RSET")
    assert (await client.say("MAIL FROM:<ann@example.com>")).startswith("250")
    return await client.say(f"RCPT TO:<{address}>")


async def _own_domain(database_url: str, tenant: Tenant, domain: str, catch_all: Inbox | None = None) -> None:
    """A verified domain of the tenant, as the domains slice would leave it."""
    domain_id = ids.new_id()
    connection = await asyncpg.connect(database_url)
    owner, environment = tenant.organization.organization_id, tenant.organization.live_environment_id
    await connection.execute(
        """INSERT INTO agentpost.domains (organization_id, id, environment_id, domain, status, catch_all_inbox_id)
           VALUES ($1, $2, $3, $4, 'verified', $5)""",
        owner,
        domain_id,
        environment,
        domain,
        catch_all.id if catch_all else None,
    )
    await connection.execute(
        "INSERT INTO agentpost.verified_domains VALUES ($1, $2, $3, $4)", domain, owner, environment, domain_id
    )
    await connection.close()


async def test_an_address_is_found_in_any_case_and_behind_any_tag(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    local, _, domain = inbox.email.partition("@")
    async with smtp(tenant.server) as client:
        for address in (inbox.email.upper(), f"{local}+news@{domain}", f"{local.title()}+a+b@{domain.upper()}"):
            assert (await _rcpt(client, address)).startswith("250"), address


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("nobody@agentpost.test", "550 5.1.1"),
        ("nobody+tag@agentpost.test", "550 5.1.1"),
        ("bounces+aaaa@agentpost.test", "550 5.1.1"),
        ("ann@example.org", "550 5.7.1"),
        ("echo@sandbox.test", "550 5.7.1"),
        ("ann@agentpost.test.example.org", "550 5.7.1"),
        ("postmaster@example.org", "550 5.7.1"),
        ("a%b@agentpost.test", "550 5.7.1"),
    ],
)
async def test_s25_never_a_relay_and_unknown_is_told_at_rcpt(tenant: Tenant, address: str, answer: str) -> None:
    async with smtp(tenant.server) as client:
        assert (await _rcpt(client, address)).startswith(answer)


async def test_a_deleted_inbox_is_unknown_within_a_second(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    async with smtp(tenant.server) as client:
        assert (await _rcpt(client, inbox.email)).startswith("250")
        await tenant.http.delete(f"/inboxes/{ids.encode('inb', inbox.id)}")
        await asyncio.sleep(1.05)
        assert (await _rcpt(client, inbox.email)).startswith("550 5.1.1")


async def test_a_catch_all_takes_what_nobody_else_has(tenant: Tenant, database_url: str) -> None:
    catch_all = await new_inbox(tenant)
    domain = f"{ids.new_id().hex}.example"
    await _own_domain(database_url, tenant, domain, catch_all)
    assert (await send(tenant.server, mail(), f"anything@{domain}")).startswith("250")
    [row] = await catch_all.messages()
    assert f"anything@{domain}" in row["envelope"]


async def test_postmaster_and_abuse_of_every_domain_of_ours_reach_the_operator(
    tenant: Tenant, database_url: str
) -> None:
    operator, catch_all = await new_inbox(tenant), await new_inbox(tenant)
    domain, bare = f"{ids.new_id().hex}.example", f"{ids.new_id().hex}.example"
    await _own_domain(database_url, tenant, domain, catch_all)
    await _own_domain(database_url, tenant, bare)
    async with running_server(
        database_url, roles=("smtp",), postmaster_inbox=operator.email, smtp_hostname="mx.agentpost.test"
    ) as server:
        for address in (f"postmaster@{bare}", f"ABUSE@{bare}", f"Postmaster@{domain}", "abuse@agentpost.test"):
            assert (await send(server, mail(f"<{address}>"), address)).startswith("250"), address
        assert (await send(server, mail("<bare>"), "postmaster")).startswith("250")
    assert len(await operator.messages(5)) == 5


async def test_without_an_operators_inbox_postmaster_is_unknown(tenant: Tenant) -> None:
    async with smtp(tenant.server) as client:
        assert (await _rcpt(client, "postmaster@agentpost.test")).startswith("550 5.1.1")


async def test_a_bounce_address_leads_to_the_inbox_that_sent(tenant: Tenant) -> None:
    """L-06: a token that we did not write leads nowhere."""
    written = verp.write(KEYRING, ids.new_id(), "agentpost.test")
    async with smtp(tenant.server) as client:
        assert (await _rcpt(client, written)).startswith("550 5.1.1")  # ours, but of no transmission
        assert (await _rcpt(client, written.replace("@", "x@"))).startswith("550 5.1.1")


async def test_concurrent_look_ups_share_a_query_and_hits_are_believed(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await new_inbox(tenant)
    real = store.route_recipients
    asked: list[int] = []

    async def counted(database: object, addresses: list[tuple[str, str, str]]) -> object:
        asked.append(len(addresses))
        await asyncio.sleep(0.02)
        return await real(database, addresses)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "route_recipients", counted)

    async def once() -> None:
        async with smtp(tenant.server) as client:
            assert (await _rcpt(client, inbox.email)).startswith("250")

    await asyncio.gather(*(once() for _ in range(20)))
    assert len(asked) < 10
    before = len(asked)
    await once()
    assert len(asked) == before


async def test_s44_own_mail_is_an_echo_and_the_third_time_round_is_refused(tenant: Tenant) -> None:
    inbox, other = await new_inbox(tenant), await new_inbox(tenant)
    ours = f"{TRACE_HEADER}: {sign(KEYRING, ids.new_id(), inbox.id)}"
    forged = f"{TRACE_HEADER}: {'A' * 64}"
    assert (await send(tenant.server, mail("<1@x>", ours, ours, forged, forged), inbox.email)).startswith("250")
    assert (await send(tenant.server, mail("<2@x>", ours, ours, ours), inbox.email)).startswith("554 5.4.6")
    assert (await send(tenant.server, mail("<3@x>", ours, ours, ours), other.email)).startswith("250")
    assert (await send(tenant.server, mail("<4@x>", forged, forged, forged), inbox.email)).startswith("250")
    echo, forgery = await inbox.messages(2)
    [elsewhere] = await other.messages()
    assert [one["loop_class"] for one in (echo, forgery, elsewhere)] == ["own_echo", "none", "none"]


async def test_s43_a_mail_with_51_received_fields_is_refused(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    hops = [f"Received: from a by b; {n}" for n in range(51)]
    assert (await send(tenant.server, mail("<1@x>", *hops), inbox.email)).startswith("554 5.4.6")
