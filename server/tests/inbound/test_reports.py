"""Reports that come as mail to an inbox: ours when they quote our signed header, and never by anything else."""

import asyncio
import smtplib
from email.message import EmailMessage

from agentpost_server.core import ids
from agentpost_server.mail import trace_header
from harness import KEYRING, Tenant
from outbound.sending import Json, inbox, recipients, send, settled, until


async def _sent(tenant: Tenant, stranger: Tenant, count: int = 1) -> tuple[Json, Json, list[str]]:
    """A mail that was delivered to `count` inboxes of a stranger, with the sender's inbox."""
    ours = await inbox(tenant.http, "agent")
    theirs = [(await inbox(stranger.http, f"them{n}"))["email"] for n in range(count)]
    message = await send(tenant.http, ours["id"], to=theirs)
    return ours, await settled(tenant.http, message["id"], "delivered"), theirs


async def _quoted(tenant: Tenant, message: Json) -> str:
    """The header section of the mail as it went out."""
    raw = (await tenant.http.get(f"/messages/{message['id']}/raw")).text
    return raw.partition("\r\n\r\n")[0].replace("\r\n", "\n") + "\n"


def _report(about: str, quoted: str | None, kind: str = "delivery-status", *, subject: str = "Undelivered") -> bytes:
    fields = {
        "delivery-status": f"Reporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; {about}\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n",
        "feedback-report": "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"
        + (f"Original-Rcpt-To: <{about}>\n" if about else ""),
    }[kind]
    returned = "" if quoted is None else f"--x\nContent-Type: text/rfc822-headers\n\n{quoted}\n"
    return (
        (
            f"From: MAILER-DAEMON@x.example\nTo: agent\nSubject: {subject}\nMIME-Version: 1.0\n"
            f'Content-Type: multipart/report; report-type={kind}; boundary="x"\n\n'
            "--x\nContent-Type: text/plain\n\nSorry.\n\n"
            f"--x\nContent-Type: message/{kind}\n\n{fields}\n{returned}--x--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


async def _arrives(tenant: Tenant, box: Json, raw: bytes, count: int = 1) -> Json:
    """Sent to the inbox by the null sender; the message that it became there."""
    await asyncio.to_thread(_deliver, tenant.server.smtp_port, box["email"], raw)
    path = f"/inboxes/{box['id']}/messages?labels=received"
    page = await until(tenant.http, path, lambda page: len(page["data"]) == count)
    return page["data"][0]


def _deliver(port: int, to: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.sendmail("", [to], raw)


async def _suppressed(tenant: Tenant) -> list[tuple[str, str]]:
    page = (await tenant.http.get("/suppressions")).json()["data"]
    return sorted((one["email"], one["reason"]) for one in page)


async def test_a_bounce_at_an_inbox_that_quotes_our_signed_header_is_acted_on_and_kept(
    tenant: Tenant, stranger: Tenant
) -> None:
    ours, message, theirs = await _sent(tenant, stranger, 2)
    kept = await _arrives(tenant, ours, _report(theirs[0], await _quoted(tenant, message)))
    assert kept["loop_class"] == "bounce"
    after = await settled(tenant.http, message["id"], "bounced")
    assert recipients(after) == {theirs[0]: "bounced", theirs[1]: "delivered"}
    assert await _suppressed(tenant) == [(theirs[0], "bounce")]


async def test_a_complaint_at_somebody_elses_inbox_finds_whose_mail_it_is_about(
    tenant: Tenant, stranger: Tenant
) -> None:
    """Providers send them to the operator's address, without saying who complained."""
    _, message, theirs = await _sent(tenant, stranger)
    operator = await inbox(stranger.http, "abuse-desk")
    await _arrives(stranger, operator, _report("", await _quoted(tenant, message), "feedback-report"))
    await settled(tenant.http, message["id"], "complained")
    assert await _suppressed(tenant) == [(theirs[0], "complaint")]
    assert await _suppressed(stranger) == []


async def test_who_complained_of_a_mail_to_several_is_not_guessed(tenant: Tenant, stranger: Tenant) -> None:
    ours, message, _ = await _sent(tenant, stranger, 2)
    await _arrives(tenant, ours, _report("", await _quoted(tenant, message), "feedback-report"))
    assert (await settled(tenant.http, message["id"], "delivered"))["status"] == "delivered"
    assert await _suppressed(tenant) == []


async def test_l06_a_report_without_our_signature_moves_nothing(tenant: Tenant, stranger: Tenant) -> None:
    """A true Message-ID, a header with a wrong MAC, a MAC for another message: none is ours."""
    ours, message, theirs = await _sent(tenant, stranger)
    quoted = await _quoted(tenant, message)
    trace = next(line for line in quoted.split("\n") if line.startswith(trace_header.TRACE_HEADER))
    unsigned = trace[:-6] + ("AAAAAA" if trace[-6:] != "AAAAAA" else "BBBBBB")
    elsewhere = trace_header.sign(KEYRING, ids.new_id(), ids.decode("inb", ours["id"]))
    unknown = trace_header.sign(KEYRING, ids.decode("msg", message["id"]), ids.new_id())
    forged = [
        None,
        quoted.replace(trace + "\n", ""),
        quoted.replace(trace, unsigned),
        quoted.replace(trace, f"{trace_header.TRACE_HEADER}: {elsewhere}"),
        quoted.replace(trace, f"{trace_header.TRACE_HEADER}: {unknown}"),
    ]
    for count, one in enumerate(forged, 1):
        await _arrives(tenant, ours, _report(theirs[0], one, subject=f"Undelivered {count}"), count)
    assert recipients(await settled(tenant.http, message["id"], "delivered")) == {theirs[0]: "delivered"}
    assert await _suppressed(tenant) == []


async def test_a_report_names_only_recipients_of_the_message(tenant: Tenant, stranger: Tenant) -> None:
    ours, message, _ = await _sent(tenant, stranger, 2)
    await _arrives(tenant, ours, _report("somebody@else.example", await _quoted(tenant, message)))
    assert await _suppressed(tenant) == []
    assert (await settled(tenant.http, message["id"], "delivered"))["status"] == "delivered"


async def test_l08_m37_an_answer_that_quotes_everything_and_a_forwarded_bounce_are_no_reports(
    tenant: Tenant, stranger: Tenant
) -> None:
    ours, message, theirs = await _sent(tenant, stranger)
    quoted = await _quoted(tenant, message)
    away = EmailMessage()
    away["From"], away["To"], away["Subject"] = theirs[0], ours["email"], "Out of office"
    away["Auto-Submitted"] = "auto-replied"
    away.set_content(_report(theirs[0], quoted).decode())
    await _arrives(tenant, ours, away.as_bytes())
    forward = EmailMessage()
    forward["From"], forward["To"], forward["Subject"] = theirs[0], ours["email"], "Fwd: Undelivered"
    forward.set_content("See below.")
    forward.add_attachment(_report(theirs[0], quoted), maintype="application", subtype="octet-stream")
    nested = forward.as_bytes().replace(b"application/octet-stream", b"message/rfc822")
    await _arrives(tenant, ours, nested, 2)
    assert await _suppressed(tenant) == []
    assert recipients(await settled(tenant.http, message["id"], "delivered")) == {theirs[0]: "delivered"}
