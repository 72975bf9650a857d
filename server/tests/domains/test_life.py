"""The whole life of a domain: added, published, verified, used, lost and found again."""

import asyncio
from datetime import timedelta

import pytest

from agentpost_server.core import ids
from agentpost_server.domains import TOPIC
from dns_server import SERVFAIL
from domains.living import Owner, publish, record, statuses
from inbound.mailing import Inbox, mail, send


async def test_from_its_records_to_the_first_mail_by_catch_all(owner: Owner) -> None:
    made = await owner.add()
    name = made["domain"]
    assert (made["status"], made["can_send"], made["can_receive"]) == ("pending", False, False)
    assert set(statuses(made).values()) == {"pending"}
    assert {one["purpose"] for one in made["records"] if one["required"]} == {"ownership", "dkim", "mx"}
    refused = await owner.tenant.http.post("/inboxes", json={"username": "a", "domain": name})
    assert (refused.status_code, refused.json()["code"]) == (403, "domain_not_verified")

    publish(owner.names, made)
    found = (await owner.tenant.http.post(f"/domains/{made['id']}/verify")).json()
    assert (found["status"], found["can_send"], found["can_receive"]) == ("verified", True, True)
    assert set(statuses(found).values()) == {"verified"}
    assert found["verified_at"] is not None
    assert await owner.told() == [("domain.verified", {"domain_id": made["id"], "domain": name, "failure": None})]

    made_inbox = (await owner.tenant.http.post("/inboxes", json={"username": "support", "domain": name})).json()
    inbox = Inbox(owner.tenant, ids.decode("inb", made_inbox["id"]), made_inbox["email"])
    assert inbox.email == f"support@{name}"
    patched = await owner.tenant.http.patch(f"/domains/{made['id']}", json={"catch_all_inbox_id": made_inbox["id"]})
    assert patched.json()["catch_all_inbox_id"] == made_inbox["id"]
    assert (await send(owner.server, mail(), f"whoever@{name}")).startswith("250")
    [row] = await inbox.messages()
    assert f"whoever@{name}" in row["envelope"]


async def test_the_server_looks_by_itself(owner: Owner) -> None:
    """Published before it is added: the lane's first look, at once, finds everything."""
    made = await owner.add()
    publish(owner.names, made)
    await owner.sql("UPDATE domains SET due_at = now() WHERE id = $1", made)
    owner.server.runtime.bus.publish(TOPIC)
    async with asyncio.timeout(10):
        while (await owner.get(made))["status"] != "verified":  # noqa: ASYNC110 - rows set no event
            await asyncio.sleep(0.1)
    found = await owner.get(made)
    assert found["next_check_at"] > found["last_checked_at"]


async def test_a_wrong_value_is_shown_beside_the_right_one(owner: Owner) -> None:
    made = await owner.add()
    publish(owner.names, made)
    owner.names.zone[made["domain"], "MX"] = ["1 aspmx.l.google.com.", "10 mx.agentpost.test."]
    owner.names.txt(f"_agentpost.{made['domain']}", "agentpost-verification=somethingelse", "unrelated")
    found = await owner.look(made)
    assert record(found, "ownership")["status"] == "failed"
    assert record(found, "ownership")["found"] == ["agentpost-verification=somethingelse"]
    assert record(found, "mx")["status"] == "failed"
    assert record(found, "mx")["found"] == ["1 aspmx.l.google.com", "10 mx.agentpost.test"]
    assert record(found, "dkim")["status"] == "verified"
    assert (found["status"], found["can_send"], found["failure"]) == ("verifying", False, None)


async def test_it_may_send_before_it_may_receive(owner: Owner) -> None:
    made = await owner.add()
    publish(owner.names, made, "ownership", "dkim")
    found = await owner.look(made)
    assert (found["status"], found["can_send"], found["can_receive"]) == ("verifying", True, False)
    inbox = await owner.tenant.http.post("/inboxes", json={"username": "a", "domain": made["domain"]})
    assert inbox.status_code == 201


async def test_a_search_fails_after_72_hours_and_begins_again_when_asked(owner: Owner) -> None:
    made = await owner.add()
    await owner.age(made, timedelta(hours=73))
    failed = await owner.look(made)
    assert (failed["status"], failed["next_check_at"]) == ("failed", None)
    assert failed["failure"] == f"The TXT record of _agentpost.{made['domain']} (ownership) is not published."
    await owner.look(failed)
    assert [kind for kind, _ in await owner.told()] == ["domain.failed"]
    again = (await owner.tenant.http.post(f"/domains/{made['id']}/verify")).json()
    assert (again["status"], again["failure"]) == ("pending", None)
    assert again["next_check_at"] is not None


@pytest.mark.parametrize("hours", [1, 100])
async def test_a_name_servers_bad_hour_takes_nothing_away(owner: Owner, hours: int) -> None:
    found = await owner.added()
    for one in found["records"]:
        owner.names.zone[one["name"], one["type"]] = SERVFAIL
    await owner.age(found, timedelta(hours=hours))
    for _ in range(3):
        await owner.look(found)
    again = await owner.look(found)
    assert (again["status"], again["can_send"], again["can_receive"]) == ("verified", True, True)
    assert again["next_check_at"] < (await owner.added(owner.name("other")))["next_check_at"]


async def test_a_lost_record_is_believed_for_two_days_and_found_again(owner: Owner) -> None:
    found = await owner.added()
    del owner.names.zone[found["domain"], "MX"]
    for _ in range(2):
        await owner.look(found)
    missing = await owner.look(found)
    assert (missing["status"], missing["can_receive"], record(missing, "mx")["found"]) == ("verified", True, [])
    await owner.age(found, timedelta(hours=49))
    lost = await owner.look(found)
    assert (lost["status"], lost["can_receive"], lost["can_send"]) == ("failed", False, True)
    assert lost["failure"] == f"The MX record of {found['domain']} (mx) is not published."
    publish(owner.names, found)
    assert (await owner.look(found))["status"] == "verified"
    assert [kind for kind, _ in await owner.told()] == ["domain.verified", "domain.failed", "domain.verified"]


async def test_two_looks_at_once_tell_once(owner: Owner) -> None:
    made = await owner.add()
    publish(owner.names, made)
    await asyncio.gather(*(owner.look(made) for _ in range(5)))
    assert [kind for kind, _ in await owner.told()] == ["domain.verified"]
