"""An inbox pauses itself at exact numbers, is warned below them, and after a resume is judged by what comes then."""

import pytest

from harness import Tenant
from outbound.deliverability.counted import added_up, counted, mark, told
from outbound.sending import inbox, recipients, send, settled, until


async def test_over_five_percent_of_two_hundred_pauses_and_tells_the_rates(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert not (await counted(tenant, agent, sent=200, bounced=10))["send_paused"], "5 % is not over 5 %"
    after = await counted(tenant, agent, bounced=1)
    assert (after["send_paused"], after["pause_reason"]) == (True, "bounce_rate")
    assert after["paused_at"]
    (paused,) = await told(tenant, "inbox.paused")
    assert paused == {
        "inbox_id": agent["id"],
        "email": agent["email"],
        "reason": "bounce_rate",
        "bounce_rate": 5.5,
        "complaint_rate": 0.0,
    }
    refused = await tenant.http.post(f"/inboxes/{agent['id']}/messages", json={"to": ["a@b.example"], "subject": "s"})
    assert (refused.status_code, refused.json()["code"]) == (403, "inbox_paused")
    entry = (await tenant.http.get("/org/audit-log")).json()["data"][0]
    assert (entry["action"], entry["actor"]["type"], entry["target"]) == ("inbox.paused", "system", agent["id"])


async def test_over_three_in_a_thousand_complaints_pauses(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert not (await counted(tenant, agent, sent=1000, complained=3))["send_paused"], "0.3 % is not over 0.3 %"
    after = await counted(tenant, agent, complained=1)
    assert (after["send_paused"], after["pause_reason"]) == (True, "complaint_rate")
    (paused,) = await told(tenant, "inbox.paused")
    assert (paused["bounce_rate"], paused["complaint_rate"]) == (0.0, 0.4)
    assert await told(tenant, "limit.reached") == []


async def test_below_the_least_numbers_is_a_warning_told_once_a_day(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert not (await counted(tenant, agent, sent=199, bounced=20))["send_paused"]
    await counted(tenant, agent, bounced=1)
    warning = {"counter": "bounce_rate", "current": 10.05, "limit": 5.0, "hard": False, "inbox_id": agent["id"]}
    assert await told(tenant, "limit.reached") == [warning]
    assert await told(tenant, "inbox.paused") == []
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run("UPDATE rate_warnings SET warned_at = now() - interval '24 hours'")
    await counted(tenant, agent, bounced=1)
    assert [one["current"] for one in await told(tenant, "limit.reached")] == [10.05, 11.06]
    after = await counted(tenant, agent, sent=1)
    assert after["pause_reason"] == "bounce_rate", "good mail, too, can make the numbers large enough"


async def test_what_lies_more_than_seven_days_back_counts_no_more(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await mark(tenant, agent, sent=300, bounced=300, hours_ago=7 * 24 + 1)
    assert not (await counted(tenant, agent, sent=200))["send_paused"]
    await mark(tenant, agent, bounced=11, hours_ago=6 * 24)
    await added_up(tenant)
    assert (await tenant.http.get(f"/inboxes/{agent['id']}")).json()["send_paused"]


async def test_after_a_resume_the_old_bounces_pause_no_more_and_new_ones_do(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert (await counted(tenant, agent, sent=200, bounced=100))["send_paused"]
    resumed = (await tenant.http.post(f"/inboxes/{agent['id']}/resume")).json()
    assert (resumed["send_paused"], resumed["pause_reason"]) == (False, None)
    assert not (await counted(tenant, agent, sent=200, bounced=10))["send_paused"], "within the same hour"
    shown = (await tenant.http.get(f"/inboxes/{agent['id']}/deliverability")).json()
    assert (shown["sent"], shown["bounce_rate"]) == (400, 27.5), "what is shown leaves nothing out"
    assert (await counted(tenant, agent, bounced=1))["pause_reason"] == "bounce_rate"
    assert [one["bounce_rate"] for one in await told(tenant, "inbox.paused")] == [50.0, 5.5]


async def test_a_mark_of_before_the_resume_that_is_added_up_behind_it_is_an_old_one(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    assert (await counted(tenant, agent, sent=200, bounced=100))["send_paused"]
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            "UPDATE inboxes SET send_paused = false, pause_reason = NULL, judged_from = now() + interval '1 s'"
        )
    assert not (await counted(tenant, agent, sent=200, bounced=100))["send_paused"]


async def test_a_pause_by_hand_keeps_its_reason_and_its_resume_forgets_no_bounces(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    await tenant.http.post(f"/inboxes/{agent['id']}/pause")
    assert (await counted(tenant, agent, sent=200, bounced=100))["pause_reason"] == "manual"
    await tenant.http.post(f"/inboxes/{agent['id']}/resume")
    assert (await counted(tenant, agent, sent=1))["pause_reason"] == "bounce_rate"


async def test_only_the_inbox_that_went_too_far_is_paused(tenant: Tenant, stranger: Tenant) -> None:
    bad, good = await inbox(tenant.http), await inbox(tenant.http, "other")
    theirs = await inbox(stranger.http)
    await mark(tenant, good, sent=300)
    await mark(stranger, theirs, sent=300)
    assert (await counted(tenant, bad, sent=300, bounced=100))["send_paused"]
    await added_up(stranger)
    assert not (await tenant.http.get(f"/inboxes/{good['id']}")).json()["send_paused"]
    assert not (await stranger.http.get(f"/inboxes/{theirs['id']}")).json()["send_paused"]
    assert await told(stranger, "inbox.paused", "limit.reached") == []
    mine = (await stranger.http.get("/metrics/deliverability")).json()
    assert (mine["sent"], mine["bounce_rate"]) == (300, 0.0)


async def test_marks_of_an_inbox_that_is_gone_are_dropped(tenant: Tenant) -> None:
    agent = await inbox(tenant.http)
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        await tx.run(
            """INSERT INTO delivery_marks
               SELECT organization_id, environment_id, gen_random_uuid(), now(), 9, 0, 9, 9, 0 FROM inboxes"""
        )
    assert not (await counted(tenant, agent, sent=200))["send_paused"]
    assert (await tenant.http.get("/metrics/deliverability")).json()["sent"] == 200


@pytest.mark.parametrize("environment", ["http", "sandbox"])
async def test_personas_make_the_numbers_that_real_people_would(tenant: Tenant, environment: str) -> None:
    """Through the doors: bounces and complaints of sandbox.test count in any environment, so that one can try it."""
    http = getattr(tenant, environment)
    agent = await inbox(http)
    names = ("delivered", "bounce", "softbounce", "complaint", "suppressed", "timeout")
    sent = await send(http, agent["id"], to=[f"{one}@sandbox.test" for one in names])
    captured = await send(http, agent["id"], to=["somebody@example.com"])

    def ended(message: object) -> bool:
        return recipients(message)["complaint@sandbox.test"] == "complained"  # type: ignore[arg-type]

    await until(http, f"/messages/{sent['id']}", ended)
    await settled(http, captured["id"], "delivered")
    path = f"/inboxes/{agent['id']}/deliverability"
    shown = await until(http, path, lambda d: sum(one["complained"] for one in d["series"]) == 1)
    last = shown["series"][-1]
    assert {name: last[name] for name in last if name != "at"} == {
        "sent": 3,  # whom the mail reached: delivered, bounce, complaint
        "delivered": 2,
        "bounced": 1,
        "hard_bounced": 1,
        "complained": 1,
    }
    assert (shown["sent"], shown["bounce_rate"], shown["complaint_rate"]) == (3, 33.33, 33.33)
    assert (shown["score"], shown["band"]) == (None, None), "three recipients say nothing"
    other = tenant.sandbox if environment == "http" else tenant.http
    assert (await other.get("/metrics/deliverability")).json()["sent"] == 0
