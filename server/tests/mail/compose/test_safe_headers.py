"""Row H-27: fields that route, authenticate or steer are the server's alone."""

import pytest

from agentpost_server.mail.safe_headers import check_headers, is_denied


@pytest.mark.parametrize(
    "name",
    [
        "Bcc",
        "Received",
        "Return-Path",
        "DKIM-Signature",
        "Content-Type",
        "content-transfer-encoding",
        "Sender",
        "X-SES-Configuration-Set",
        "ARC-Seal",
        "Authentication-Results",
        "From",
        "TO",
        "Cc",
        "Date",
        "Subject",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Resent-Bcc",
        "MIME-Version",
        "X-AgentPost-Id",
        "Reply-To",
        "X-SMTPAPI",
        "X-PM-Tag",
        "X-Mailgun-Variables",
        "Delivered-To",
        "Auto-Submitted",
    ],
)
def test_h27_denied_names(name: str) -> None:
    checked = check_headers({"X-Fine": "1", name: "x"})
    assert checked.pairs == ()
    assert [(e.field, e.code) for e in checked.errors] == [(f"headers.{name}", "unsafe_header")]
    assert is_denied(name.upper())


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\r\nBcc", "Ünicode", "X" * 77, "X\0"])
def test_names_that_are_none(name: str) -> None:
    (error,) = check_headers({name: "x"}).errors
    assert error.field.isprintable()


@pytest.mark.parametrize(
    "value", ["a\r\nBcc: x@y", "a\nb", "a\rb", "\0", "\x0b", "\x85", "\u2028", "\ud800", "é" * 500]
)
def test_values_that_could_end_a_line(value: str) -> None:
    assert len(check_headers({"X-A": value}).errors) == 1


def test_fine_headers_come_back_in_order() -> None:
    headers = {
        "X-Ticket": "7",
        "x-ticket": "8",
        "List-Unsubscribe": "<https://a.example/u>",
        "X-Emoji": "🙂",
        "X-Empty": "",
    }
    assert check_headers(headers).pairs == tuple(headers.items())


def test_counts_and_octets_are_bounded() -> None:
    assert check_headers({f"X-{i}": "" for i in range(51)}).errors[0].field == "headers"
    assert check_headers({f"X-{i}": "v" * 900 for i in range(20)}).errors[0].field == "headers"
