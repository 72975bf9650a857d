"""Our trace lines: right in form, safe from injection, and alone in our name (S-49)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.findings import Findings
from agentpost_server.mail.headers import read_section
from agentpost_server.mail.trace import render_trace, shown_raw

AT = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
AUTHENTICATION = {"spf": "pass", "dkim": "pass", "dmarc": "fail", "arc": "none", "aligned_domain": "example.com"}


def trace(**changes: str | None) -> bytes:
    fields: dict[str, str | None] = {
        "mail_from": "ann@example.com",
        "rcpt_to": "bob@mail.example",
        "helo": "mx.example.com",
        "client_ip": "192.0.2.1",
        "hostname": "in.mail.example",
        "protocol": "ESMTPS",
        "queue_id": "Q1",
        "authserv_id": "in.mail.example",
    }
    return render_trace(received_at=AT, authentication=AUTHENTICATION, **(fields | changes))  # pyright: ignore[reportArgumentType]


def names(raw: bytes) -> list[str]:
    return [name for name, _ in read_section(raw, 0, len(raw), Findings())[0].fields]


def test_the_trace_is_as_the_standards_say() -> None:
    assert trace().decode() == (
        "Return-Path: <ann@example.com>\r\n"
        "Received: from mx.example.com ([192.0.2.1])\r\n"
        "\tby in.mail.example (AgentPost) with ESMTPS id Q1\r\n"
        "\tfor <bob@mail.example>;\r\n"
        "\tMon, 02 Nov 2026 10:00:00 +0000\r\n"
        "Authentication-Results: in.mail.example;\r\n"
        "\tspf=pass smtp.mailfrom=example.com;\r\n"
        "\tdkim=pass header.d=example.com;\r\n"
        "\tdmarc=fail header.from=example.com;\r\n"
        "\tarc=none\r\n"
    )


def test_what_is_not_known_is_left_out() -> None:
    rendered = trace(mail_from="", rcpt_to=None, helo=None, client_ip="2001:db8::1")
    assert rendered.startswith(b"Return-Path: <>\r\nReceived: from unknown ([IPv6:2001:db8::1])\r\n\tby")
    assert b"\tfor" not in rendered
    bare = render_trace(
        mail_from="", rcpt_to=None, helo=None, client_ip=None, hostname="h", protocol="SMTP", queue_id="1",
        received_at=AT, authserv_id="h", authentication={},
    )  # fmt: skip
    assert bare.endswith(b"Authentication-Results: h;\r\n\tnone\r\n")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["mail_from", "rcpt_to", "helo", "client_ip", "queue_id", "protocol"]), st.text(max_size=40))
def test_no_value_brings_in_a_field(field: str, value: str) -> None:
    for text in (value, f"x\r\nBcc: evil@e.example{value}", f"x\n\n{value}", f"{value}\x00\r)"):
        rendered = trace(**{field: text})
        assert names(rendered) == ["Return-Path", "Received", "Authentication-Results"]
        assert rendered.count(b"\n") == rendered.count(b"\r\n") <= 10
        assert max(map(len, rendered.split(b"\r\n"))) < 998


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: in.mail.example; spf=pass\r\n",
        b"AUTHENTICATION-results : In.Mail.Example 1; dkim=pass\r\n",
        b"Authentication-Results:\r\n\t(a (nested) comment) in.mail.example;\r\n\tdmarc=pass\r\n",
        b'Authentication-Results: "in.mail.example"; spf=pass\r\n',
        b'Authentication-Results: "in\\.mail.example"; spf=pass\r\n',
        b"Authentication-Results: in.mail.example.; spf=pass\r\n",
        b"Authentication-Results: (unclosed in.mail.example; spf=pass\r\n",
        b"Authentication-Results: \r\n",
        b"Return-Path: <forged@e.example>\r\n",
        b"return-path:\r\n <forged@e.example>\r\n",
    ],
)
def test_s49_forged_lines_of_ours_are_left_out(forged: bytes) -> None:
    for original in (
        forged + b"From: a@b.example\r\n\r\nbody",
        b"From: a@b.example\r\n" + forged + b"\r\nbody",
        b"From: a@b.example\r\n" + forged + forged + b"To: c@d.example\r\n\r\nbody",
    ):
        shown = shown_raw(trace(), original, "in.mail.example")
        assert shown.startswith(trace())
        rest = shown.removeprefix(trace())
        assert rest == original.replace(forged, b"")


def test_s49_what_others_said_and_all_bodies_stay() -> None:
    original = (
        b"Authentication-Results: mx.example.com; spf=pass\r\n"
        b"Authentication-Results: (in.mail.example) other.example; spf=pass\r\n"
        b"X-Authentication-Results: in.mail.example; spf=pass\r\n"
        b"From: a@b.example\r\n\r\n"
        b"Authentication-Results: in.mail.example; spf=pass\r\nReturn-Path: <a>\r\n"
    )
    assert shown_raw(b"T: 1\r\n", original, "IN.mail.example") == b"T: 1\r\n" + original


@pytest.mark.parametrize("original", [b"", b"\r\n", b"\r\nbody", b"\n\n", b"no header at all", b"From: a\n\nbody\n"])
def test_odd_originals_are_kept_byte_for_byte(original: bytes) -> None:
    assert shown_raw(b"T: 1\r\n", original, "h") == b"T: 1\r\n" + original
