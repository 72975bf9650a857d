"""What is told after a mail was handed over: matched by VERP alone, never undone; dead addresses are listed."""

from email.message import EmailMessage
from uuid import UUID

import pytest

from agentpost_server.core import ids
from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ComplaintReport, DeliveryReport
from agentpost_server.outbound import feedback, verp
from agentpost_server.outbound.feedback import Feedback
from harness import KEYRING
from outbound.bench import ACCEPTED, GONE, Bench
from outbound.sending import Json, events, recipients, send

_REPORT = """From: MAILER-DAEMON@b.example
To: <{to}>
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="x"

--x
Content-Type: text/plain

Sorry.

--x
Content-Type: {part}

{fields}

--x--
"""


def dsn(recipient: str, *, to: str = "b@ours.test", action: str = "failed", status: str = "5.1.1") -> DeliveryReport:
    fields = (
        f"Reporting-MTA: dns; b.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}"
    )
    raw = _REPORT.format(to=to, kind="delivery-status", part="message/delivery-status", fields=fields)
    report = parse(raw.replace("\n", "\r\n").encode()).report
    assert isinstance(report, DeliveryReport)
    return report


def arf(recipient: str, kind: str = "abuse") -> ComplaintReport:
    fields = f"Feedback-Type: {kind}\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: <{recipient}>"
    raw = _REPORT.format(to="b@ours.test", kind="feedback-report", part="message/feedback-report", fields=fields)
    report = parse(raw.replace("\n", "\r\n").encode()).report
    assert isinstance(report, ComplaintReport)
    return report


async def _transmission(bench: Bench) -> UUID:
    """The last call's, read from its envelope as a bounce would name it."""
    found = verp.read(KEYRING, bench.transport.calls[-1][0].mail_from)
    assert found is not None
    return found


async def _report(bench: Bench, transmission_id: UUID, report: DeliveryReport | ComplaintReport) -> UUID | None:
    async with bench.server.database.work([bench.organization_id]) as tx:
        return await feedback.apply_report(tx, bench.organization_id, transmission_id, report)


async def _handed_over(bench: Bench, *to: str) -> Json:
    made = await bench.sent(*to)
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    return made


async def _suppressed(bench: Bench) -> list[tuple[str, str]]:
    page = (await bench.tenant.http.get("/suppressions")).json()["data"]
    return [(one["email"], one["reason"]) for one in page]


async def test_a_dsn_to_the_verp_address_bounces_its_recipient_and_lists_a_dead_address(bench: Bench) -> None:
    made = await _handed_over(bench, "Ann@b.example", "c@b.example")
    about = await _report(bench, await _transmission(bench), dsn("ann@B.example"))
    assert about == ids.decode("msg", made["id"])
    after = await bench.now(made)
    assert recipients(after) == {"Ann@b.example": "bounced", "c@b.example": "sent"}
    assert await _suppressed(bench) == [("ann@b.example", "bounce")]
    bounced = [data for kind, data in await events(bench.tenant) if kind == "message.bounced"]
    assert [(one["bounce_type"], one["bounced_recipients"][0]["code"]) for one in bounced] == [("permanent", "5.1.1")]


async def test_reports_may_come_twice_and_in_any_order(bench: Bench) -> None:
    made = await _handed_over(bench, "a@b.example")
    transmission_id = await _transmission(bench)
    for report in (arf("a@b.example"), dsn("a@b.example"), dsn("a@b.example", action="delivered"), arf("a@b.example")):
        await _report(bench, transmission_id, report)
    assert (await bench.now(made))["status"] == "complained"
    assert (await bench.told()).count("message.complained") == 1
    assert "message.bounced" not in await bench.told()
    assert await _suppressed(bench) == [("a@b.example", "complaint")]


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
async def test_each_code_that_means_a_dead_address_suppresses_it(bench: Bench, status: str) -> None:
    await _handed_over(bench, "a@b.example")
    await _report(bench, await _transmission(bench), dsn("a@b.example", status=status))
    assert await _suppressed(bench) == [("a@b.example", "bounce")]


async def test_a_complaint_that_is_taken_back_is_none(bench: Bench) -> None:
    """RFC 6430."""
    made = await _handed_over(bench, "a@b.example")
    await _report(bench, await _transmission(bench), arf("a@b.example", kind="not-spam"))
    assert (await bench.now(made))["status"] == "sent"
    assert await _suppressed(bench) == []


@pytest.mark.parametrize("status", ["5.7.1", "5.2.2", "4.4.7", "5.4.4", "5.1.0", "5.1.8"])
async def test_blocks_full_boxes_and_routing_faults_suppress_nobody(bench: Bench, status: str) -> None:
    made = await _handed_over(bench, "a@b.example")
    await _report(bench, await _transmission(bench), dsn("a@b.example", status=status))
    assert (await bench.now(made))["status"] == "bounced"
    assert await _suppressed(bench) == []


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded"])
async def test_what_ends_nothing_changes_nothing(bench: Bench, action: str) -> None:
    made = await _handed_over(bench, "a@b.example")
    await _report(bench, await _transmission(bench), dsn("a@b.example", action=action, status="4.0.0"))
    assert (await bench.now(made))["status"] == "sent"


async def test_a_forwarded_recipient_is_meant_when_there_was_one_only(bench: Bench) -> None:
    made = await _handed_over(bench, "a@b.example")
    await _report(bench, await _transmission(bench), dsn("a.new@elsewhere.example"))
    assert (await bench.now(made))["status"] == "bounced"
    two = await _handed_over(bench, "a@c.example", "d@c.example")
    await _report(bench, await _transmission(bench), dsn("stranger@elsewhere.example"))
    assert (await bench.now(two))["status"] == "sent"


async def test_p05_feedback_for_a_call_that_never_was_moves_nothing(bench: Bench) -> None:
    made = await _handed_over(bench, "a@b.example")
    assert await _report(bench, ids.new_id(), dsn("a@b.example")) is None
    # Another tenant's transmission is as unknown: row-level security and the query both say so.
    async with bench.server.database.work([ids.new_id()]) as tx:
        told = [Feedback(kind="bounced", recipient="a@b.example", bounce_type="permanent", enhanced_code="5.1.1")]
        assert await feedback.apply(tx, bench.organization_id, await _transmission(bench), told) is None
    assert (await bench.now(made))["status"] == "sent"
    assert await _suppressed(bench) == []


async def test_n18_a_bounce_that_overtakes_the_settling_stays(bench: Bench) -> None:
    made = await bench.sent("a@b.example")
    claimed = await bench.claim()

    async def bounce_at_once(envelope, raw):
        bench.transport.calls.append((envelope, raw))
        await _report(bench, claimed[0].id, dsn("a@b.example"))
        return await send_on(envelope, raw)

    send_on = bench.transport.send
    bench.transport.send = bounce_at_once  # type: ignore[method-assign]
    bench.transport.script = [ACCEPTED]
    from agentpost_server.outbound import transmit

    await transmit.transmit(bench.server.runtime, claimed, transmit.Timing())
    assert (await bench.now(made))["status"] == "bounced"


async def test_a_refusal_at_the_relay_lists_a_dead_address_too(bench: Bench) -> None:
    await bench.sent("a@b.example")
    bench.transport.script = [GONE]
    await bench.turn()
    assert await _suppressed(bench) == [("a@b.example", "bounce")]


async def test_the_suppressed_are_left_out_and_a_send_to_them_alone_is_refused(bench: Bench) -> None:
    await bench.tenant.http.post("/suppressions", json={"email": "Ann@B.example"})
    made = await bench.sent("ann@b.example", "c@b.example")
    assert recipients(made) == {"ann@b.example": "suppressed", "c@b.example": "queued"}
    assert made["recipients"][0]["suppression_reason"] == "manual"
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    assert bench.transport.calls[0][0].recipients == ("c@b.example",)
    assert (await bench.now(made))["status"] == "sent"
    answer = await bench.tenant.http.post(
        f"/inboxes/{made['inbox_id']}/messages", json={"to": ["ANN@b.example"], "text_body": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "all_recipients_suppressed")
    assert len((await bench.tenant.http.get("/messages")).json()["data"]) == 1


async def test_the_list_is_kept_by_hand_too(bench: Bench) -> None:
    http = bench.tenant.http
    made = await http.post("/suppressions", json={"email": "x@y.example"})
    again = await http.post("/suppressions", json={"email": "X@Y.example", "reason": "manual"})
    assert (made.status_code, again.status_code, again.json()) == (201, 200, made.json())
    one = made.json()
    assert (await http.get(f"/suppressions/{one['id']}")).json() == one
    wrong = await http.post("/suppressions", json={"email": "not an address"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "email")
    assert (await http.delete(f"/suppressions/{one['id']}")).status_code == 204
    assert (await http.get(f"/suppressions/{one['id']}")).status_code == 404
    agent_mail = await bench.sent("x@y.example")
    assert (await send(http, agent_mail["inbox_id"], to=["x@y.example"]))["status"] == "queued"


def test_an_out_of_office_that_quotes_a_bounce_is_no_report() -> None:
    """L-08."""
    mail = EmailMessage()
    mail["Subject"] = "Automatic reply"
    mail.set_content("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n")
    assert parse(mail.as_bytes()).report is None
