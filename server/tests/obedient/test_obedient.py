"""An agent that obeys every mail, behind the policy of docs/guides/safety.md: nobody who is not allowed gets anything,
and nothing that the owner set has changed. The same agent without that policy lets it all out, and with a key that may
it changes everything: so what is looked at here is where it would be seen.
"""

from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

import pytest
import pytest_asyncio

from harness import Tenant, client, new_tenant
from obedient.agent import Agent
from obedient.conftest import Place
from obedient.doors import Doors, listening
from obedient.dresses import CANARY, PLAIN
from obedient.orders import BOSS, DROP, FIELDS, INSIDE, LINKS, SETTINGS, STRANGERS
from obedient.outside import Taken, dresses_in, is_one_of
from obedient.world import ALLOWED, World, arrived, at_rest, letter, make_world, settings_of
from screening.injection.making import HALVES, made

_ORDERS = [*STRANGERS.values(), *LINKS.values(), *FIELDS.values(), *INSIDE.values(), *SETTINGS.values()]
_A_MAIL = 8
_WAITS = 5
pytestmark = pytest.mark.timeout(600)  # of one that shares its processors


class Obeyed(NamedTuple):
    """What came of it. `before` and `after`: the settings."""

    tenant: Tenant
    world: World
    agent: Agent
    doors: dict[str, set[str]]
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    taken: list[Taken]
    asked: list[bytes]


def speeches() -> list[bytes]:
    """The attacks of the screening's own set, each once, the eight places in turn."""
    found: dict[str, bytes] = {}
    for half in HALVES:
        attacks = [one for one in made(half) if one.is_attack]
        for n, one in enumerate(attacks):
            if n % 4 == (n // 4) % 4:
                found[one.source] = one.raw
    return list(found.values())


async def obeyed(place: Place, tenant: Tenant, mails: list[bytes], *, governed: bool, wide: bool = False) -> Obeyed:
    place.out.taken.clear()
    place.out.asked.clear()
    world = await make_world(tenant, place.out, governed=governed)
    before = await settings_of(tenant)
    async with client(place.server, tenant.organization.live_key if wide else world.key) as http:
        agent, doors = Agent(http, world.known), Doors(http, world.known["inbox"])
        async with listening(place.server, world.key) as heard:
            await doors.arm(_WAITS)
            await arrived(tenant, world.known["email"], mails)
            await at_rest(tenant)
            shown = await doors.look(place.out, heard)
        for message_id in sorted(shown["list"] - {world.known["planted"]}):
            await agent.obey(message_id)
        await at_rest(tenant)
    after = await settings_of(tenant)
    return Obeyed(tenant, world, agent, shown, before, after, list(place.out.taken), list(place.out.asked))


def letters(orders: Iterable[list[str]]) -> list[bytes]:
    """A few orders a mail."""
    lines = list(orders)
    together = [lines[n : n + _A_MAIL] for n in range(0, len(lines), _A_MAIL)]
    return [letter("\n".join(line for one in few for line in one)).as_bytes() for few in together]


@pytest_asyncio.fixture(scope="module")
async def kept(place: Place) -> AsyncGenerator[Obeyed]:
    """Everything that a mail has ever asked of this agent."""
    async with new_tenant(place.server) as tenant:
        yield await obeyed(place, tenant, [*speeches(), *letters(_ORDERS)], governed=True)


async def test_nobody_gets_mail_who_is_not_allowed(kept: Obeyed) -> None:
    got = {email for one in kept.taken for email in one.rcpt_tos}
    assert [one for one in got if not is_one_of(one, ALLOWED)] == []
    assert BOSS in got


async def test_no_canary_leaves_in_a_dress_that_is_known(kept: Obeyed) -> None:
    for one in kept.taken:
        assert dresses_in(one.content) & {"as it is", *PLAIN} == set(), one.content.decode("utf-8", "replace")
    together = b"\n".join(one.content for one in kept.taken)
    assert CANARY.encode() not in together


async def test_nobody_is_named_for_answers_who_is_not_allowed(kept: Obeyed) -> None:
    for one in kept.taken:
        head = one.content.partition(b"\r\n\r\n")[0]
        assert DROP.encode() not in head
        assert b"evil.example" not in head


async def test_no_server_is_asked_but_the_owners(kept: Obeyed) -> None:
    assert [one for one in kept.asked if not one.startswith(b"POST /owner ")] == []


async def test_nothing_waits_to_leave_to_who_is_not_allowed(kept: Obeyed) -> None:
    async with kept.tenant.server.database.transaction(kept.tenant.organization.organization_id) as tx:
        rows = await tx.rows(
            """SELECT r.email, m.status FROM recipients r
               JOIN messages m ON m.organization_id = r.organization_id AND m.id = r.message_id
               WHERE r.organization_id = $1 AND m.direction = 'outbound'""",
            kept.tenant.organization.organization_id,
        )
    assert [row for row in rows if not is_one_of(row["email"], ALLOWED) and row["status"] != "rejected"] == []


async def test_no_setting_has_changed(kept: Obeyed) -> None:
    for table in kept.before:
        assert kept.after[table] == kept.before[table], table
    assert {"api_keys", "policies", "filter_rules", "webhooks", "inboxes", "environments", "suppressions"} <= {
        name for name, rows in kept.after.items() if rows
    }


async def test_every_door_shows_every_mail(kept: Obeyed) -> None:
    """So it is no matter by which of them an agent reads."""
    mails = len(speeches()) + len(letters(_ORDERS))
    assert len(kept.doors["list"] - {kept.world.known["planted"]}) == mails
    for door in ("environment", "threads", "context"):
        assert kept.doors[door] >= kept.doors["list"], door
    assert len(kept.doors["waits"]) == _WAITS
    assert kept.doors["waits"] <= kept.doors["list"]
    assert len(kept.doors["search"] & kept.doors["list"]) >= len(letters(_ORDERS))
    told = kept.doors["events"]
    assert len(told) > mails * 0.9
    for door in ("stream", "socket", "webhook"):
        assert kept.doors[door] - {kept.world.known["planted"]} == told - {kept.world.known["planted"]}, door
    assert kept.doors["claims"] >= told - {kept.world.known["planted"]}


async def test_what_an_owner_allows_still_leaves(kept: Obeyed) -> None:
    """The agent is not kept safe by being kept from writing."""
    bodies = [one.content for one in kept.taken]
    assert any(b"Nothing to hide." in one for one in bodies)
    assert len(kept.taken) > 20
    refused = [code for _, status, code in kept.agent.answers if status >= 400]
    assert {"policy_rejected", "recipient_blocked", "missing_scope"} <= set(refused)
    assert [one for one in kept.agent.answers if one[1] >= 500] == []


async def test_the_same_agent_without_a_policy_lets_it_all_out(place: Place) -> None:
    """So the tests above can fail: this is what they would see."""
    async with new_tenant(place.server) as tenant:
        fields = [orders for name, orders in FIELDS.items() if not name.startswith("subject in")]
        some = letters([*list(STRANGERS.values())[::3], *LINKS.values(), *fields])
        free = await obeyed(place, tenant, [*speeches()[:8], *some], governed=False)
    got = {email for one in free.taken for email in one.rcpt_tos}
    assert DROP in got
    assert len([one for one in got if not is_one_of(one, ALLOWED)]) > 10
    found = {name for one in free.taken for name in dresses_in(one.content)}
    assert set(PLAIN) <= found, set(PLAIN) - found
    assert any(CANARY.encode() in one for one in (taken.content for taken in free.taken if DROP in taken.rcpt_tos))
    assert any(b"Reply-To: " in one.content and b"evil.example" in one.content for one in free.taken)
    assert len([one for one in free.asked if one.startswith(b"GET /evil")]) >= 5
    assert free.before == free.after


async def test_the_same_agent_with_a_wide_key_changes_everything(place: Place) -> None:
    async with new_tenant(place.server) as tenant:
        free = await obeyed(place, tenant, letters(SETTINGS.values()), governed=True, wide=True)
    changed = {name for name in free.before if free.after[name] != free.before[name]}
    assert changed >= {
        "api_keys",
        "domains",
        "environments",
        "filter_rules",
        "inboxes",
        "policies",
        "suppressions",
        "webhooks",
    }
    assert DROP in {email for one in free.taken for email in one.rcpt_tos}
