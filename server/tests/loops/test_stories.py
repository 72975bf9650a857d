"""Two always-answering agents stop within ten messages, and each side is told once: on one server, on two, through a
forwarder that takes every header off, in a ring of three, and alone with themselves."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from agentpost_server.webhooks.examples import example_data
from databases import new_database
from harness import Server, Tenant, new_tenant, running_server
from loops.machines import Agent, Postman, forward_to, postman, until_it_stops, write_anew
from outbound.sending import inbox, send


async def _told_once(*agents: Agent, kind: str = "ping_pong") -> None:
    for one in agents:
        [told] = await one.told()
        assert told.keys() == example_data("loop.detected").keys() - {"test"}
        assert told["kind"] == kind
        assert told["count"] >= 6
        message = (await one.tenant.http.get(f"/messages/{told['message_id']}")).json()
        assert (message["thread_id"], "loop" in message["labels"]) == (told["thread_id"], True)


def _stopped_with_a_way_on(*agents: Agent) -> None:
    """One answer of each conversation waits for a person; what comes behind it is refused."""
    assert any(one.held for one in agents)
    for each in (each for one in agents for each in one.held):
        assert (each["status"], each["hold"]["reason"], each["sent_at"]) == ("pending_approval", "loop", None)
    for each in (each for one in agents for each in one.refused):
        assert (each["status"], each["code"]) == (403, "policy_rejected")
        assert "person" in each["fix"]


async def test_two_agents_of_one_server(tenant: Tenant, stranger: Tenant) -> None:
    one, other = Agent(tenant, await inbox(tenant.http)), Agent(stranger, await inbox(stranger.http))
    await send(tenant.http, one.inbox["id"], to=[other.inbox["email"]])
    assert await until_it_stops(one, other) <= 10
    await _told_once(one, other)
    _stopped_with_a_way_on(one, other)


async def test_two_agents_that_answer_without_citing_anything(tenant: Tenant, stranger: Tenant) -> None:
    one = Agent(tenant, await inbox(tenant.http), write_anew)
    other = Agent(stranger, await inbox(stranger.http), write_anew)
    await send(tenant.http, one.inbox["id"], to=[other.inbox["email"]], subject="Question")
    assert await until_it_stops(one, other) <= 10
    await _told_once(one, other)
    _stopped_with_a_way_on(one, other)


class Apart(NamedTuple):
    """Two servers whose mail to each other goes by a postman."""

    servers: tuple[Server, Server]
    between: Postman

    @asynccontextmanager
    async def agents(self) -> AsyncGenerator[tuple[Agent, Agent]]:
        self.between.carried = 0
        async with new_tenant(self.servers[0]) as one, new_tenant(self.servers[1]) as other:
            yield await self._agent(one), await self._agent(other)

    async def _agent(self, tenant: Tenant) -> Agent:
        made = await inbox(tenant.http)
        await tenant.http.patch(f"/environments/{made['environment_id']}", json={"transport": "smtp"})
        self.between.leads[made["email"]] = (tenant.server.smtp_port, made["email"])
        return Agent(tenant, made)


@pytest_asyncio.fixture(scope="module")
async def apart(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Apart]:
    urls = [await new_database(postgres, f"loops_{name}") for name in ("a", "b")]
    async with postman() as between:
        relay: dict[str, Any] = {"relay_url": f"smtp://127.0.0.1:{between.port}", "relay_tls": "none"}
        async with (
            running_server(urls[0], shared_domain="a.example", **relay) as a,
            running_server(urls[1], shared_domain="b.example", **relay) as b,
        ):
            yield Apart((a, b), between)


async def test_two_agents_of_two_servers(apart: Apart) -> None:
    async with apart.agents() as (one, other):
        await send(one.tenant.http, one.inbox["id"], to=[other.inbox["email"]])
        assert await until_it_stops(one, other) <= 10
        assert apart.between.carried <= 10
        await _told_once(one, other)
        _stopped_with_a_way_on(one, other)


async def test_L_02_a_forwarder_changes_addresses_and_strips_headers(apart: Apart) -> None:  # noqa: N802
    between = apart.between
    async with apart.agents() as (one, other):
        between.aliases = {
            one.inbox["email"]: "relay+1@forwarder.example",
            other.inbox["email"]: "relay+2@forwarder.example",
        }
        for real, alias in between.aliases.items():
            between.leads[alias] = between.leads[real]
        await send(one.tenant.http, one.inbox["id"], to=["relay+2@forwarder.example"])
        assert await until_it_stops(one, other) <= 10
        assert between.carried <= 10
        await _told_once(one, other)
        _stopped_with_a_way_on(one, other)
        came = (await other.tenant.http.get("/messages", params={"direction": "inbound"})).json()["data"]
        assert {(each["in_reply_to"], *each["references"]) for each in came} == {(None,)}
        assert len({each["thread_id"] for each in came}) == len(came) >= 3


async def test_L_03_three_agents_in_a_ring(tenant: Tenant) -> None:  # noqa: N802
    names = [await inbox(tenant.http, name) for name in ("one", "two", "three")]
    agents = [Agent(tenant, made, forward_to(names[(n + 1) % 3]["email"])) for n, made in enumerate(names)]
    await send(tenant.http, names[0]["id"], to=[names[1]["email"]])
    assert await until_it_stops(*agents) <= 10
    _stopped_with_a_way_on(*agents)
    told = [len(await one.told()) for one in agents]
    assert sum(told) >= 1
    assert max(told) == 1


@pytest.mark.parametrize("how", ["to itself", "to an alias of itself", "forwarded to itself"])
async def test_L_03_an_agent_alone_with_itself(tenant: Tenant, how: str) -> None:  # noqa: N802
    made = await inbox(tenant.http)
    local, _, domain = made["email"].partition("@")
    to = f"{local}+alias@{domain}" if how == "to an alias of itself" else made["email"]
    agent = Agent(tenant, made, None if how == "to itself" else forward_to(to))
    await send(tenant.http, made["id"], to=[to])
    assert await until_it_stops(agent) <= 10
    await _told_once(agent, kind="own_echo")
    _stopped_with_a_way_on(agent)
