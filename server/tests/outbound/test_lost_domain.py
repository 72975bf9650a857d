"""Mail that waits while its sender's domain is lost: it is put off, tells why, and leaves once the domain may send."""

from datetime import UTC, datetime, timedelta

from outbound.bench import ACCEPTED, Bench
from outbound.own_domain import inbox_on, verified
from outbound.sending import Json, events, send


async def _may_send(bench: Bench, allowed: bool) -> None:
    await bench.sql(f"UPDATE domains SET can_send = {allowed}")


async def _waiting(bench: Bench, domain: str, **fields: object) -> Json:
    agent = await inbox_on(bench, domain)
    return await send(bench.tenant.http, agent["id"], to=["a@b.example"], **fields)


async def test_what_was_queued_before_a_domain_was_lost_does_not_leave_in_its_name(bench: Bench) -> None:
    name = await verified(bench)
    for domain in (name, f"sub.{name}"):
        made = await _waiting(bench, domain)
        await _may_send(bench, False)
        await bench.turn()
        assert bench.transport.calls == []
        [recipient] = (await bench.now(made))["recipients"]
        assert recipient["status"] == "deferred"
        assert f"The domain {domain} may not send" in recipient["detail"]
        told = [data for kind, data in await events(bench.tenant) if kind == "message.deferred"]
        assert told[-1]["message_id"] == made["id"]

        await _may_send(bench, True)
        await bench.make_due()
        bench.transport.script = [ACCEPTED]
        await bench.turn()
        assert (await bench.now(made))["status"] == "sent"
        bench.transport.calls.clear()


async def test_a_scheduled_mail_is_asked_about_when_it_leaves(bench: Bench) -> None:
    made = await _waiting(bench, await verified(bench), send_at=(datetime.now(UTC) + timedelta(days=30)).isoformat())
    await _may_send(bench, False)
    await bench.make_due()
    await bench.turn()
    assert bench.transport.calls == []
    assert (await bench.now(made))["recipients"][0]["status"] == "deferred"


async def test_mail_from_the_shared_domain_asks_no_domain(bench: Bench) -> None:
    await verified(bench)
    await _may_send(bench, False)
    made = await bench.sent("a@b.example")
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert (await bench.now(made))["status"] == "sent"
