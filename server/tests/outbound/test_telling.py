"""What providers tell reaches the call it is about, and nobody else's: by our tag, or by an id given once."""

import asyncio
from typing import Any

import pytest
import structlog.testing

from agentpost_server.core import ids
from agentpost_server.db.database import Database, Tx
from agentpost_server.outbound import tags, telling, transmit
from agentpost_server.outbound.decode import mailgun, postmark, sendgrid, ses
from agentpost_server.outbound.told import Feedback, Told
from agentpost_server.ports.transport import Receipt
from harness import KEYRING, new_tenant
from outbound import provider_events as made
from outbound.bench import ACCEPTED, BUSY, Bench
from outbound.sending import Json, events, history, recipients, send


async def _handed_over(bench: Bench, *to: str) -> tuple[Json, str]:
    """A mail that the transport took, and the tag that it took it under."""
    message = await bench.sent(*to)
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    return message, bench.transport.calls[-1][0].tag


async def _suppressed(bench: Bench) -> list[tuple[str, str]]:
    page = (await bench.tenant.http.get("/suppressions")).json()["data"]
    return [(one["email"], one["reason"]) for one in page]


async def _tell(bench: Bench, *told: Told) -> int:
    return await telling.apply(bench.server.runtime, told)


def _bounce(tag: str | None, whom: str, **more: Any) -> Told:
    one = Feedback(kind="bounced", recipient=whom, bounce_type="permanent", enhanced_code="5.1.1", detail="gone")
    return Told(source="ses", tag=tag, told=(one,), **more)


@pytest.mark.parametrize(
    "event",
    [
        lambda tag: ses.told(made.ses_bounce(tag, "ann@C.example", status="5.1.1")),
        lambda tag: sendgrid.told([made.sendgrid("bounce", tag, "ann@C.example", type="bounce", status="5.1.1")]),
        lambda tag: postmark.told(made.postmark("Bounce", tag, "ann@C.example", Type="HardBounce", Inactive=True)),
        lambda tag: mailgun.told(
            made.mailgun(
                "failed", tag, "ann@C.example", severity="permanent", **{"delivery-status": {"message": "550 5.1.1"}}
            )
        ),
    ],
)
async def test_each_providers_bounce_becomes_the_same(bench: Bench, event: Any) -> None:
    message, tag = await _handed_over(bench, "Ann@c.example")
    assert await _tell(bench, *event(tag)) == 1
    assert recipients(await bench.now(message)) == {"Ann@c.example": "bounced"}
    assert await _suppressed(bench) == [("ann@c.example", "bounce")]
    assert (await bench.told())[-1] == "message.bounced"


async def test_delivery_and_complaint_follow_and_are_listed_once(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example")
    for _ in range(2):
        await _tell(bench, *ses.told(made.ses_delivery(tag, "a@c.example")))
        await _tell(bench, *ses.told(made.ses_complaint(tag, "a@c.example")))
    assert await history(bench.tenant.http, message["id"]) == [
        ("queued", None),
        ("sending", "a@c.example"),
        ("sent", "a@c.example"),
        ("delivered", "a@c.example"),
        ("complained", "a@c.example"),
    ]
    assert (await bench.told()).count("message.complained") == 1
    assert await _suppressed(bench) == [("a@c.example", "complaint")]


async def test_a_tag_that_we_did_not_sign_names_nothing_and_its_provider_id_helps_it_no_further(bench: Bench) -> None:
    message = await bench.sent("a@b.example")
    bench.transport.script = [{"a@b.example": ACCEPTED}]
    await bench.turn()
    forged = bench.transport.calls[-1][0].tag[:-4] + "aaaa"
    told = _bounce(forged, "a@b.example", provider_id="p-1")
    assert await _tell(bench, told, _bounce("x" * 52, "a@b.example"), _bounce("", "a@b.example")) == 0
    assert (await bench.now(message))["status"] == "sent"


@pytest.mark.parametrize("source", ["ses", "sendgrid"])
async def test_what_went_by_the_providers_smtp_relay_is_known_by_the_id_of_its_last_answer(
    bench: Bench, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, given = await bench.sent("a@b.example"), f"{ids.new_id().hex}-000000"

    async def relayed(envelope: Any, _raw: bytes) -> Receipt:
        return Receipt(outcomes=dict.fromkeys(envelope.recipients, ACCEPTED), provider_id=given)

    monkeypatch.setattr(bench.transport, "send", relayed)
    await bench.turn()
    one = Feedback(kind="bounced", recipient="a@b.example", bounce_type="permanent", enhanced_code="5.1.1")
    # A tag that is not ours is no reason to believe the rest.
    assert await _tell(bench, Told(source=source, tag="x" * 52, provider_id=given, told=(one,))) == 0
    assert await _tell(bench, Told(source="postmark", provider_id=given, told=(one,))) == 0
    assert await _tell(bench, Told(source=source, provider_id=given, told=(one,))) == 1
    assert recipients(await bench.now(message)) == {"a@b.example": "bounced"}


async def test_n16_p05_what_names_no_call_of_ours_suppresses_nobody_and_is_logged(bench: Bench) -> None:
    message, _ = await _handed_over(bench, "a@c.example")
    unknown = tags.write(KEYRING, ids.new_id())
    with structlog.testing.capture_logs() as logs:
        assert (
            await _tell(bench, _bounce(unknown, "a@c.example"), _bounce(None, "a@c.example", provider_id="none")) == 0
        )
    assert [(one["event"], one["ses"]) for one in logs] == [("feedback that names no call of ours", 2)]
    assert "a@c.example" not in repr(logs)
    # A real Message-ID, from a provider that is authenticated, names nothing either.
    (claimed,) = sendgrid.told(
        [made.sendgrid("bounce", None, "a@c.example", **{"smtp-id": message["message_id_header"]})]
    )
    assert claimed.wire_message_id == message["message_id_header"]
    assert await _tell(bench, claimed) == 0
    assert (await bench.now(message))["status"] == "sent"
    assert await _suppressed(bench) == []


async def test_n16_a_call_bounces_only_its_own_recipients_of_its_own_tenant(bench: Bench) -> None:
    mine, _ = await _handed_over(bench, "a@c.example")
    async with new_tenant(bench.server) as other:
        for one in (await other.http.get("/environments")).json()["data"]:
            await other.http.patch(f"/environments/{one['id']}", json={"transport": "smtp"})
        theirs = Bench(bench.server, other)
        message, tag = await _handed_over(theirs, "a@c.example", "b@c.example")
        assert await _tell(bench, _bounce(tag, "stranger@x.example"), _bounce(tag, "a@c.example")) == 2
        assert recipients(await theirs.now(message)) == {"a@c.example": "bounced", "b@c.example": "sent"}
        assert await _suppressed(theirs) == [("a@c.example", "bounce")]
    assert (await bench.now(mine))["status"] == "sent"
    assert await _suppressed(bench) == []


async def test_feedback_by_the_providers_id_alone(bench: Bench) -> None:
    message = await bench.sent("a@b.example")
    bench.transport.script = [{"a@b.example": ACCEPTED}]
    await bench.turn()
    await bench.sql("UPDATE attempts SET provider_id = 'only-once'")
    assert await telling.apply(bench.server.runtime, [_of_smtp("only-once", "a@b.example")]) == 1
    assert (await bench.now(message))["status"] == "bounced"


async def test_an_id_that_was_given_twice_names_nothing(bench: Bench) -> None:
    for to in ("a@b.example", "c@d.example"):
        await bench.sent(to)
        bench.transport.script = [{to: ACCEPTED}]
        await bench.turn()
    await bench.sql("UPDATE attempts SET provider_id = 'twice'")
    assert await telling.apply(bench.server.runtime, [_of_smtp("twice", "a@b.example")]) == 0
    assert await _suppressed(bench) == []


def _of_smtp(provider_id: str, whom: str) -> Told:
    """The scripted transport is called `smtp`."""
    return Told(source="smtp", provider_id=provider_id, told=_bounce(None, whom).told)  # pyright: ignore[reportArgumentType]


async def test_n18_events_before_our_own_answer_was_stored_hold(bench: Bench) -> None:
    """The tag is known when the call begins; what the provider answers is stored after it."""
    message = await bench.sent("a@b.example")
    claimed = await bench.claim()

    async def told_at_once(envelope: Any, raw: bytes) -> Receipt:
        for event in (made.ses_delivery(envelope.tag, "a@b.example"), made.ses("Send", envelope.tag, send={})):
            assert await _tell(bench, *ses.told(event)) == 1
        bench.transport.script = [ACCEPTED]
        return await send_on(envelope, raw)

    send_on = bench.transport.send
    bench.transport.send = told_at_once  # type: ignore[method-assign]
    await transmit.transmit(bench.server.runtime, claimed, transmit.Timing())
    assert (await bench.now(message))["status"] == "delivered"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (lambda tag: made.ses("Send", tag, send={}), "sent"),
        (lambda tag: made.ses_delay(tag, "a@b.example"), "sent"),
        (lambda tag: made.ses_delivery(tag, "a@b.example"), "delivered"),
        (lambda tag: made.ses_bounce(tag, "a@b.example", status="5.1.1"), "bounced"),
        (lambda tag: made.ses("Reject", tag, reject={"reason": "Bad content"}), "rejected"),
    ],
)
async def test_what_nobody_knew_is_learnt_from_the_provider(bench: Bench, event: Any, status: str) -> None:
    message = await bench.sent("a@b.example")
    bench.transport.script = [ConnectionResetError("after the dot")]
    await bench.turn()
    assert (await bench.now(message))["status"] == "unknown"
    await _tell(bench, *ses.told(event(bench.transport.calls[-1][0].tag)))
    after = await bench.now(message)
    assert recipients(after) == {"a@b.example": status}


async def test_who_turned_out_to_have_the_mail_is_not_tried_again(bench: Bench) -> None:
    message = await bench.sent("a@b.example", "c@b.example")
    bench.transport.script = [BUSY]
    await bench.turn()
    await _tell(bench, *ses.told(made.ses_delivery(bench.transport.calls[-1][0].tag, "a@b.example")))
    await bench.make_due()
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert [envelope.recipients for envelope, _ in bench.transport.calls] == [
        ("a@b.example", "c@b.example"),
        ("c@b.example",),
    ]
    assert recipients(await bench.now(message)) == {"a@b.example": "delivered", "c@b.example": "sent"}
    alone = await bench.sent("d@b.example")
    bench.transport.script = [BUSY]
    await bench.turn()
    await _tell(bench, *ses.told(made.ses_bounce(bench.transport.calls[-1][0].tag, "d@b.example", status="5.1.1")))
    await bench.make_due()
    await bench.turn()
    assert (len(bench.transport.calls), (await bench.now(alone))["status"]) == (3, "bounced")


async def test_a_delay_is_told_once_and_ends_nothing(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example", "b@c.example")
    for _ in range(3):
        await _tell(bench, *ses.told(made.ses_delay(tag, "a@c.example")))
    assert recipients(await bench.now(message)) == {"a@c.example": "sent", "b@c.example": "sent"}
    late = [data for kind, data in await events(bench.tenant) if kind == "message.deferred"]
    assert [one["recipients"] for one in late] == [["a@c.example"]]
    assert late[0]["detail"] == "smtp; 421 4.4.1 Unable to connect"
    page = (await bench.tenant.http.get(f"/messages/{message['id']}/events")).json()["data"]
    assert [(one["type"], one["smtp_code"]) for one in page if one["type"] == "deferred"] == [("deferred", 421)]
    await _tell(bench, *ses.told(made.ses_delivery(tag, "b@c.example")), *ses.told(made.ses_delay(tag, "b@c.example")))
    assert (await bench.told()).count("message.deferred") == 1


async def test_what_the_provider_refused_after_taking_it_is_rejected(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example", "b@c.example")
    await _tell(bench, *ses.told(made.ses("Reject", tag, reject={"reason": "Bad content"})))
    after = await bench.now(message)
    assert (after["status"], {one["status"] for one in after["recipients"]}) == ("rejected", {"rejected"})
    rejected = [data for kind, data in await events(bench.tenant) if kind == "message.rejected"]
    assert [(one["reason"], one["detail"]) for one in rejected] == [("transport", "SES refused it: Bad content")]
    assert await _suppressed(bench) == []


async def test_who_is_on_the_providers_list_is_on_ours(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example", "b@c.example")
    await _tell(bench, *ses.told(made.ses_bounce(tag, "a@c.example", subtype="OnAccountSuppressionList")))
    after = await bench.now(message)
    assert recipients(after) == {"a@c.example": "suppressed", "b@c.example": "sent"}
    assert after["recipients"][0]["suppression_reason"] == "provider"
    assert await _suppressed(bench) == [("a@c.example", "provider")]
    # The answer of the next send says so.
    agent = (await bench.tenant.http.get("/inboxes")).json()["data"][0]
    again = await send(bench.tenant.http, agent["id"], to=["a@c.example", "b@c.example"])
    assert [(one["status"], one["suppression_reason"]) for one in again["recipients"]] == [
        ("suppressed", "provider"),
        ("queued", None),
    ]


async def test_who_unsubscribes_at_the_provider_is_written_to_no_more(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example")
    await _tell(bench, *sendgrid.told([made.sendgrid("unsubscribe", tag, "a@c.example")]))
    assert await _suppressed(bench) == [("a@c.example", "unsubscribe")]
    assert (await bench.now(message))["status"] == "sent"


async def test_the_third_bounce_without_a_reason_in_a_week_suppresses(bench: Bench) -> None:
    for count in range(3):
        assert await _suppressed(bench) == []
        _, tag = await _handed_over(bench, "a@c.example")
        told = ses.told(made.ses_bounce(tag, "a@c.example", kind="Undetermined", subtype="Undetermined"))
        # Told twice, it is still one bounce.
        await _tell(bench, *told, *told)
        if count == 0:
            await bench.sql("UPDATE undetermined_bounces SET bounced_at = ARRAY[now() - interval '6 days']")
    page = (await bench.tenant.http.get("/suppressions")).json()["data"]
    assert [(one["email"], one["reason"]) for one in page] == [("a@c.example", "bounce")]
    assert page[0]["detail"] == "3 bounces without a clear reason within 7 days."


async def test_bounces_without_a_reason_are_forgotten_after_a_week(bench: Bench) -> None:
    for _ in range(3):
        await bench.sql(
            """UPDATE undetermined_bounces
               SET bounced_at = ARRAY(SELECT at - interval '5 days' FROM unnest(bounced_at) AS at)"""
        )
        _, tag = await _handed_over(bench, "a@c.example")
        await _tell(bench, *ses.told(made.ses_bounce(tag, "a@c.example", kind="Undetermined", subtype="Undetermined")))
    assert await _suppressed(bench) == []


async def test_an_open_is_told_once(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example")
    first = {"timestamp": "2026-01-09T22:00:19.652Z"}
    for told in (first, {"timestamp": "2026-01-10T00:00:00Z"}):
        await _tell(bench, *ses.told(made.ses("Open", tag, open=told)))
    opened = [data for kind, data in await events(bench.tenant) if kind == "message.opened"]
    assert [(one["message_id"], one["first_at"]) for one in opened] == [(message["id"], "2026-01-09T22:00:19.652Z")]
    assert (await history(bench.tenant.http, message["id"])).count(("opened", "a@c.example")) == 1
    assert (await bench.now(message))["status"] == "sent"


async def test_opens_of_two_recipients_are_two_steps_and_one_event(bench: Bench) -> None:
    message, tag = await _handed_over(bench, "a@c.example", "b@c.example")
    for whom in ("a@c.example", "b@c.example", "b@c.example"):
        await _tell(bench, *sendgrid.told([made.sendgrid("open", tag, whom)]))
    steps = [one for one in await history(bench.tenant.http, message["id"]) if one[0] == "opened"]
    assert steps == [("opened", "a@c.example"), ("opened", "b@c.example")]
    assert (await bench.told()).count("message.opened") == 1


async def test_a_batch_costs_a_few_statements_however_many_it_brings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SendGrid brings hundreds at once."""
    sent = [await _handed_over(bench, f"a{n}@c.example") for n in range(4)]
    asked: list[str] = []
    ours = asyncio.current_task()
    for owner, name in ((Tx, "rows"), (Tx, "run"), (Tx, "row"), (Database, "route")):
        known = getattr(owner, name)

        def counted(self: Any, sql: str, *arguments: object, known: Any = known) -> Any:
            # The server's lanes and chores ask meanwhile.
            if asyncio.current_task() is ours:
                asked.append(sql)
            return known(self, sql, *arguments)

        monkeypatch.setattr(owner, name, counted)
    batch = [made.sendgrid("delivered", tag, f"a{n}@c.example") for n, (_, tag) in enumerate(sent)]
    assert await _tell(bench, *sendgrid.told(batch[:1])) == 1
    alone = len(asked)
    asked.clear()
    assert await _tell(bench, *sendgrid.told(batch)) == 4
    assert len(asked) <= alone
    monkeypatch.undo()
    assert {(await bench.now(message))["status"] for message, _ in sent} == {"delivered"}
