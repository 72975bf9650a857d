"""Mails made of their parts: the header fields that every mail program writes, and those that a case changes."""

from datetime import UTC, datetime

from agentpost_server.mail.parse import parse
from agentpost_server.screening import Facts, Verdict, judge

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
INBOX = "support@agents.example"
FACTS = Facts(received_at=AT, recipients=(INBOX,), helo="mx1.example.com")
_USUAL = {
    "Received": "from mx1.example.com by mx.agents.example; Mon, 2 Mar 2026 10:00:00 +0000",
    "From": "Ann Smith <ann@example.com>",
    "To": INBOX,
    "Subject": "The report for March",
    "Date": "Mon, 2 Mar 2026 09:59:58 +0000",
    "Message-ID": "<20260302.1@example.com>",
    "MIME-Version": "1.0",
}
WORDS = "We looked at the numbers that you sent on Friday and they agree with ours, so we can close the month now. "


def made(body: str = WORDS, kind: str = "text/plain; charset=utf-8", /, **fields: str | None) -> bytes:
    """`reply_to="…"` sets Reply-To; None leaves a usual field out; `also` adds lines as they are."""
    also = fields.pop("also", None)
    values: dict[str, str | None] = {**_USUAL, "Content-Type": kind}
    values |= {name.replace("_", "-").title(): value for name, value in fields.items() if name != "message_id"}
    if "message_id" in fields:
        values["Message-ID"] = fields["message_id"]
    lines = [f"{name}: {value}" for name, value in values.items() if value is not None]
    return "\r\n".join([*lines, *([also] if also else []), "", body]).encode()


def page(html: str, /, **fields: str | None) -> bytes:
    return made(f"<html><body>{html}</body></html>", "text/html; charset=utf-8", **fields)


def both(text: str, html: str, /, **fields: str | None) -> bytes:
    body = (
        f"--b0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--b0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b0--\r\n"
    )
    return made(body, 'multipart/alternative; boundary="b0"', **fields)


def with_file(name: str, kind: str, content: str, text: str = WORDS, /, **fields: str | None) -> bytes:
    body = (
        f"--b0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f'--b0\r\nContent-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"\r\n{content}\r\n--b0--\r\n"
    )
    return made(body, 'multipart/mixed; boundary="b0"', **fields)


def verdict(raw: bytes, facts: Facts = FACTS, *, null_sender: bool = False) -> Verdict:
    return judge(parse(raw, null_sender), facts)


def names(found: Verdict) -> set[str]:
    return {one.name for one in found.factors}
