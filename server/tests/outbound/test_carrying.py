"""What a submit refuses because nothing here could carry it, which transport is chosen, and who is left out at the
call."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from agentpost_server.outbound.store import transmissions as store
from agentpost_server.ports.transport import TransportLimits
from outbound.bench import ACCEPTED, BUSY, Bench, Scripted
from outbound.own_domain import inbox_on, verified
from outbound.sending import events, inbox, recipients, send

WIDE = "zoë@b.example"


def _with(bench: Bench, monkeypatch: pytest.MonkeyPatch, **limits: Any) -> None:
    fields = {"max_recipients": 50, "max_octets": 41_943_040, **limits}
    monkeypatch.setattr(bench.transport, "limits", TransportLimits(**fields), raising=False)


async def _post(bench: Bench, **fields: Any) -> tuple[int, dict[str, Any]]:
    agent = await inbox(bench.tenant.http)
    body = {"subject": "Hello", "text_body": "Hi.", "to": ["a@b.example"], **fields}
    answer = await bench.tenant.http.post(f"/inboxes/{agent['id']}/messages", json=body)
    return answer.status_code, answer.json()


async def test_a_domain_that_may_not_send_sends_nothing(bench: Bench) -> None:
    name = await verified(bench, can_send=False)
    for domain in (name, f"sub.{name}"):
        agent = await inbox_on(bench, domain)
        answer = await bench.tenant.http.post(
            f"/inboxes/{agent['id']}/messages", json={"to": ["a@b.example"], "subject": "s", "text_body": "t"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "domain_not_verified")
        assert answer.json()["detail"].startswith(f"The domain {name} may not send")
    page = (await bench.tenant.http.get("/messages")).json()
    assert page["data"] == []


async def test_a_domains_transport_is_chosen_before_its_environments(bench: Bench) -> None:
    class Other(Scripted):
        name = "other"

    other = Other(ACCEPTED)
    bench.server.runtime.transports = {**bench.server.runtime.transports, "other": other}
    agent = await inbox_on(bench, await verified(bench, transport="other"))
    made = await send(bench.tenant.http, agent["id"], to=["a@b.example"])
    await bench.turn()
    assert ((await bench.now(made))["status"], len(other.calls), bench.transport.calls) == ("sent", 1, [])


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "reply_to"])
async def test_an_address_that_no_transport_here_carries_is_refused_by_its_field(bench: Bench, field: str) -> None:
    status, body = await _post(bench, **{"to": ["a@b.example"], field: [WIDE]})
    assert (status, body["code"]) == (422, "recipient_needs_smtputf8")
    assert [one["field"] for one in body["errors"]] == [f"{field}[0]"]
    assert (await bench.tenant.http.get("/messages")).json()["data"] == []


async def test_a_wide_address_goes_where_it_is_carried_or_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(bench, monkeypatch, smtputf8=True)
    status, made = await _post(bench, to=[WIDE])
    assert status == 201
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert bench.transport.calls[0][0].smtputf8
    assert recipients(await bench.now(made)) == {WIDE: "sent"}
    _with(bench, monkeypatch, smtputf8=False)
    assert (await _post(bench, to=["écho@sandbox.test"]))[0] == 201, "what stays on this machine needs no transport"


async def test_a_mail_above_the_transports_own_limit_is_413_with_both_sizes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(bench, monkeypatch, max_octets=20_000)
    status, body = await _post(bench, text_body="x" * 30_000)
    assert (status, body["code"]) == (413, "message_too_large")
    assert "have 30000 octets" in body["detail"]
    assert "At most 18976 may be sent" in body["detail"]


async def test_who_was_suppressed_after_the_submit_is_not_called(bench: Bench) -> None:
    made = await bench.sent("a@b.example", "Gone@b.example", "c@b.example")
    listed = await bench.tenant.http.post("/suppressions", json={"email": "gone@b.example"})
    assert listed.status_code == 201
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert [one.recipients for one, _ in bench.transport.calls] == [("a@b.example", "c@b.example")]
    after = await bench.now(made)
    assert recipients(after) == {"a@b.example": "sent", "Gone@b.example": "suppressed", "c@b.example": "sent"}
    [left_out] = [one for one in after["recipients"] if one["status"] == "suppressed"]
    assert (left_out["suppression_reason"], left_out["detail"]) == (
        "manual",
        "The address is on the suppression list: manual.",
    )
    steps = (await bench.tenant.http.get(f"/messages/{made['id']}/events")).json()["data"]
    assert ("rejected", "Gone@b.example") in [(one["type"], one["recipient"]) for one in steps]
    suppressions = (await bench.tenant.http.get("/suppressions")).json()["data"]
    assert [(one["email"], one["reason"], one["message_id"]) for one in suppressions] == [
        ("gone@b.example", "manual", None)
    ]


async def test_another_spelling_of_a_suppressed_mailbox_is_left_out_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(bench, monkeypatch, smtputf8=True)
    decomposed = "JO\u0308RG@b.example"
    made = await bench.sent(decomposed, "c@b.example")
    await bench.tenant.http.post("/suppressions", json={"email": "j\u00f6rg@B.example"})
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert [one.recipients for one, _ in bench.transport.calls] == [("c@b.example",)]
    assert recipients(await bench.now(made)) == {decomposed: "suppressed", "c@b.example": "sent"}


async def test_when_everybody_was_suppressed_there_is_no_call_and_the_message_is_rejected(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    await bench.tenant.http.post("/suppressions", json={"email": "a@b.example"})
    assert await bench.turn() == 1
    assert (await bench.now(made))["status"] == "rejected"
    await bench.make_due()
    assert await bench.turn() == 0
    assert bench.transport.calls == []
    told = [data for kind, data in await events(bench.tenant) if kind == "message.rejected"]
    assert [(one["reason"], one["detail"]) for one in told] == [
        ("suppressed", "The address is on the suppression list: manual.")
    ]


async def test_what_waits_for_its_next_try_is_left_out_too_and_another_tenants_list_is_not_asked(
    bench: Bench,
) -> None:
    made = await bench.sent("a@b.example")
    bench.transport.script = [BUSY]
    await bench.turn()
    await bench.tenant.sandbox.post("/suppressions", json={"email": "a@b.example"})
    await bench.make_due()
    bench.transport.script = [BUSY]
    await bench.turn()
    assert len(bench.transport.calls) == 2, "the test environment's list is its own"
    await bench.tenant.http.post("/suppressions", json={"email": "a@b.example"})
    await bench.make_due()
    await bench.turn()
    assert (len(bench.transport.calls), (await bench.now(made))["status"]) == (2, "rejected")


async def test_the_suppression_list_is_asked_by_its_index(bench: Bench, postgres: str) -> None:
    """However long it is: 20,000 addresses cost a batch nothing."""
    await bench.sql(
        f"""INSERT INTO suppressions (organization_id, environment_id, email, id, reason)
            SELECT '{bench.organization_id}', '{bench.tenant.organization.live_environment_id}',
              'n' || n || '@x.example', gen_random_uuid(), 'manual' FROM generate_series(1, 20000) n"""
    )
    # What the planner knows of a table that has just been filled is nothing.
    admin = await asyncpg.connect(urlsplit(postgres)._replace(path=urlsplit(bench.server.database.dsn).path).geturl())
    await admin.execute("ANALYZE agentpost.suppressions")
    await admin.close()
    for _ in range(10):
        await bench.sent(*[f"a{n}@b.example" for n in range(50)])
    claimed, took = await bench.claim(), []
    for _ in range(3):
        began = asyncio.get_running_loop().time()
        async with bench.server.database.work({bench.organization_id}) as tx:
            rows = await store.load(tx, claimed)
        took.append(asyncio.get_running_loop().time() - began)
        assert [(len(row["recipients"]), row["suppressed"]) for row in rows] == [(50, None)] * 10
    assert min(took) < 0.5, "looking through the whole list for each recipient takes seconds"
