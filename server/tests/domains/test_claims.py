"""One holder of a domain on a server: the first to prove it, until the proof is lost; and whose mail then is whose."""

import asyncio
from datetime import timedelta

from agentpost_server.core import ids
from agentpost_server.domains import check
from databases import new_database
from dns_server import name_server
from domains.living import Json, Owner, publish, record
from harness import new_tenant, running_server
from inbound.mailing import Inbox, mail, new_inbox, send, smtp


async def _inbox(owner: Owner, email: str) -> Inbox:
    username, _, domain = email.partition("@")
    answer = await owner.tenant.http.post("/inboxes", json={"username": username, "domain": domain})
    assert answer.status_code == 201, answer.text
    return Inbox(owner.tenant, ids.decode("inb", answer.json()["id"]), answer.json()["email"])


def _publish_both(owner: Owner, one: Json, other: Json) -> None:
    """Both tenants' proofs and keys stand in the zone: whoever writes it lets both in."""
    publish(owner.names, one)
    publish(owner.names, other)
    owner.names.txt(
        f"_agentpost.{one['domain']}", record(one, "ownership")["value"], record(other, "ownership")["value"]
    )


async def test_two_tenants_race_and_one_holds_it(owner: Owner, rival: Owner) -> None:
    mine, theirs = await owner.add(), await rival.add(owner.name())
    _publish_both(owner, mine, theirs)
    looks = [(owner, mine), (rival, theirs)] * 3
    await asyncio.gather(*(who.look(domain) for who, domain in looks))
    found = [await owner.get(mine), await rival.get(theirs)]
    assert sorted(one["status"] for one in found) == ["verified", "verifying"]
    [loser] = [one for one in found if one["status"] != "verified"]
    assert (loser["can_send"], loser["can_receive"]) == (False, False)
    assert loser["failure"].startswith("Another organization or environment of this server")


async def test_who_loses_the_proof_makes_room_and_keeps_no_mail_of_the_next(owner: Owner, rival: Owner) -> None:
    mine = await owner.added()
    address = f"support@{mine['domain']}"
    former = await _inbox(owner, address)
    theirs = await rival.add(mine["domain"])
    publish(owner.names, theirs)
    assert (await rival.look(theirs))["status"] == "verifying"  # held for two days yet
    for _ in range(3):
        await owner.look(mine)
    await owner.age(mine, timedelta(hours=49))
    lost = await owner.look(mine)
    assert (lost["status"], lost["can_send"], lost["can_receive"]) == ("failed", False, False)

    assert (await rival.look(theirs))["status"] == "verified"
    async with smtp(owner.server) as client:
        await client.say("MAIL FROM:<ann@example.com>")
        assert (await client.say(f"RCPT TO:<{address}>")).startswith("550 5.1.1")
    latter = await _inbox(rival, address)
    assert (await send(owner.server, mail(), address)).startswith("250")
    assert len(await latter.messages()) == 1
    assert await former.messages(0) == []


async def test_a_deleted_domain_is_free_for_the_next(owner: Owner, rival: Owner) -> None:
    mine = await owner.added()
    theirs = await rival.add(mine["domain"])
    _publish_both(owner, mine, theirs)
    assert (await rival.look(theirs))["failure"] is not None
    assert (await owner.tenant.http.delete(f"/domains/{mine['id']}")).status_code == 204
    found = await rival.look(theirs)
    assert (found["status"], found["failure"]) == ("verified", None)


async def test_subdomains_take_inboxes_and_mail_once_enabled(owner: Owner, rival: Owner) -> None:
    found = await owner.added()
    catch_all = await _inbox(owner, f"all@{found['domain']}")
    path, sub = f"/domains/{found['id']}", f"eu.{found['domain']}"
    await owner.tenant.http.patch(path, json={"catch_all_inbox_id": ids.encode("inb", catch_all.id)})
    refused = await owner.tenant.http.post("/inboxes", json={"username": "a", "domain": sub})
    assert refused.json()["code"] == "domain_not_verified"
    assert (await send(owner.server, mail(), f"x@{sub}")).startswith("550 5.7.1")

    assert (await owner.tenant.http.patch(path, json={"subdomains_enabled": True})).json()["subdomains_enabled"]
    inbox = await _inbox(owner, f"a@{sub}")
    assert (await send(owner.server, mail("<1@x>"), f"a+tag@{sub}")).startswith("250")
    assert (await send(owner.server, mail("<2@x>"), f"anyone@deep.{sub}")).startswith("250")
    assert len(await inbox.messages()) == 1
    assert len(await catch_all.messages()) == 1

    # Whoever proves the subdomain itself has its mail, and what is below it.
    theirs = await rival.added(sub)
    assert (await send(owner.server, mail("<3@x>"), f"anyone@{sub}")).startswith("550 5.1.1")
    assert (await send(owner.server, mail("<4@x>"), f"another@deep.{sub}")).startswith("550 5.7.1")
    assert theirs["status"] == "verified"


async def test_subdomains_that_inboxes_stand_on_stay_enabled(owner: Owner) -> None:
    """Such an inbox would send in a name whose proof and key nobody asks about any more."""
    found = await owner.added()
    path = f"/domains/{found['id']}"
    await owner.tenant.http.patch(path, json={"subdomains_enabled": True})
    await _inbox(owner, f"at@{found['domain']}")
    below = await _inbox(owner, f"a@eu.{found['domain']}")
    refused = await owner.tenant.http.patch(path, json={"subdomains_enabled": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert below.email in refused.json()["detail"]
    assert (await owner.get(found))["subdomains_enabled"] is True
    # An inbox on a nearer domain does not stand on the one above it.
    nearer = await owner.add(f"eu.{found['domain']}")
    assert (await owner.tenant.http.patch(path, json={"subdomains_enabled": False})).status_code == 200
    assert (await owner.tenant.http.delete(f"/domains/{nearer['id']}")).status_code == 409


async def test_a_catch_all_that_is_deleted_catches_nothing(owner: Owner) -> None:
    found = await owner.added()
    inbox = await _inbox(owner, f"all@{found['domain']}")
    inbox_id = ids.encode("inb", inbox.id)
    await owner.tenant.http.patch(f"/domains/{found['id']}", json={"catch_all_inbox_id": inbox_id})
    assert (await owner.tenant.http.delete(f"/inboxes/{inbox_id}")).status_code == 204
    assert (await owner.get(found))["catch_all_inbox_id"] is None
    assert (await send(owner.server, mail(), f"x@{found['domain']}")).startswith("550 5.1.1")


async def test_the_shared_domain_stays_everybodys_below_a_verified_one(postgres: str) -> None:
    url = await new_database(postgres, "shared")
    async with (
        name_server() as names,
        running_server(url, dns_servers=names.address, shared_domain="Agents.Corp.example") as server,
        new_tenant(server) as operator,
        new_tenant(server) as tenant,
    ):
        owner = Owner(operator, names)
        found = await owner.added("corp.example")
        await operator.http.patch(f"/domains/{found['id']}", json={"subdomains_enabled": True})
        inbox, other = await new_inbox(tenant), await new_inbox(operator)
        assert inbox.email.endswith("@agents.corp.example")
        assert (await send(server, mail(), inbox.email)).startswith("250")
        sent = await operator.http.post(
            f"/inboxes/{ids.encode('inb', other.id)}/messages",
            json={"to": [inbox.email], "subject": "x", "text_body": "y"},
        )
        assert sent.status_code == 201
        assert len(await inbox.messages(2)) == 2


async def test_who_holds_the_domain_above_takes_no_address_of_a_proven_subdomain(owner: Owner, rival: Owner) -> None:
    above = await owner.added()
    assert (
        await owner.tenant.http.patch(f"/domains/{above['id']}", json={"subdomains_enabled": True})
    ).status_code == 200
    sub = f"eu.{above['domain']}"
    squatted = await _inbox(owner, f"early@{sub}")
    await rival.added(sub)
    theirs = await _inbox(rival, f"ceo@{sub}")
    refused = await owner.tenant.http.post("/inboxes", json={"username": "ceo", "domain": sub})
    assert refused.status_code == 422, refused.text
    assert (await send(owner.server, mail("<1@x>"), f"ceo@{sub}")).startswith("250")
    assert len(await theirs.messages()) == 1

    # What the one above had made there before goes to whom the subdomain is now.
    taken = await _inbox(rival, f"early@{sub}")
    assert (await send(owner.server, mail("<2@x>"), f"early@{sub}")).startswith("250")
    assert len(await taken.messages()) == 1
    assert await squatted.messages(0) == []


async def test_a_domain_that_another_environment_has_proven_since_leaves_the_first_no_mail(owner: Owner) -> None:
    mine = await owner.added()
    address = f"support@{mine['domain']}"
    former = await _inbox(owner, address)
    later = (await owner.tenant.sandbox.post("/domains", json={"domain": mine["domain"]})).json()
    publish(owner.names, later)
    for _ in range(3):
        await owner.look(mine)
    await owner.age(mine, timedelta(hours=49))
    assert (await owner.look(mine))["status"] == "failed"
    await check(owner.server.runtime, owner.organization_id, ids.decode("dom", later["id"]))
    assert (await send(owner.server, mail("<1@x>"), address)).startswith("550 5.1.1")
    made = await owner.tenant.sandbox.post("/inboxes", json={"username": "support", "domain": mine["domain"]})
    assert made.status_code == 201, made.text
    assert (await send(owner.server, mail("<2@x>"), address)).startswith("250")
    assert await former.messages(0) == []
    gone = await owner.tenant.http.delete(f"/inboxes/{ids.encode('inb', former.id)}")
    assert gone.status_code == 204
    await asyncio.sleep(1.1)  # a found address is believed for a second
    assert (await send(owner.server, mail("<3@x>"), address)).startswith("250")
