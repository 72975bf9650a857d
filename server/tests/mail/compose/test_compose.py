"""Composed mail means what was asked for: read back by the standard library, whatever the words and files are."""

import hashlib
import re
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.compose import (
    OutgoingAttachment,
    OutgoingMail,
    compose,
    message_needs_smtputf8,
    new_message_id,
)
from agentpost_server.mail.compose.headers import clean
from agentpost_server.mail.model import Address
from pace import here

ANN = Address("ann@example.com", "Ann")
WHEN = datetime(2024, 3, 5, 10, 0, tzinfo=UTC)
TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=300)
WORDS = st.text(
    alphabet=st.one_of(st.characters(min_codepoint=32, max_codepoint=126), st.sampled_from("éß漢🙂 ")), max_size=300
)


def mail(**given_: object) -> OutgoingMail:
    fields: dict[str, object] = {
        "from_address": ANN,
        "to": (Address("bob@example.com"),),
        "message_id": "<m1@x.example>",
    }
    fields |= {"date": WHEN, "text_body": "hi"} | given_
    return OutgoingMail(**fields)  # pyright: ignore[reportArgumentType]


def read(raw: bytes) -> EmailMessage:
    """Parse our own output after checking what every message must be."""
    lines = raw.split(b"\r\n")
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 998
    parsed = cast(EmailMessage, message_from_bytes(raw, policy=policy.default))
    assert not [d for part in parsed.walk() for d in part.defects]
    return parsed


def shape(part: EmailMessage) -> object:
    """`("multipart/mixed", [...])` all the way down."""
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        return part.get_content_type(), [shape(cast(EmailMessage, p)) for p in part.get_payload()]
    return part.get_content_type()


def as_sent(text: str) -> str:
    """How a text reads after transport: LF line ends, one at its end, no lone surrogates."""
    text = re.sub(r"\r\n|\r", "\n", text)
    return text if text.endswith("\n") else text + "\n"


def content(part: EmailMessage) -> str:
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")  # pyright: ignore


def _mailboxes(raw: bytes) -> list[tuple[str, str]]:
    """By the older reader: the newer one loses white space, and letters' company, in long encoded names."""
    found = getaddresses([message_from_bytes(raw)["To"]])
    return [(" ".join(str(make_header(decode_header(name))).split()), email) for name, email in found]


@settings(max_examples=60, deadline=None)
@given(subject=st.one_of(TEXT, WORDS), name=st.one_of(TEXT, WORDS), text=TEXT, html=st.one_of(st.none(), TEXT))
def test_words_come_back_equal(subject: str, name: str, text: str, html: str | None) -> None:
    name = clean(name).strip()[:256]
    raw = compose(
        mail(subject=subject, to=(Address("bob@example.com", name or None), ANN), text_body=text, html_body=html)
    )
    parsed = read(raw)
    assert parsed["subject"] == clean(subject)
    assert _mailboxes(raw) == [(" ".join(name.split()), "bob@example.com"), ("Ann", "ann@example.com")]
    leaves = [p for p in parsed.walk() if not p.is_multipart()]
    assert content(cast(EmailMessage, leaves[0])) == as_sent(text)
    if html is not None:
        assert content(cast(EmailMessage, leaves[1])) == as_sent(html)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, st.binary(max_size=300), st.booleans()), min_size=1, max_size=4))
def test_files_come_back_equal(files: list[tuple[str, bytes, bool]]) -> None:
    attachments = tuple(
        OutgoingAttachment(filename=n, mime_type="application/pdf", content=c, inline=i, content_id=f"c{k}@x")
        for k, (n, c, i) in enumerate(files)
    )
    parsed = read(compose(mail(html_body="<p>x</p>", attachments=attachments)))
    found = {p["content-id"]: p for p in parsed.walk() if p["content-id"]}
    for k, (name, octets, inline) in enumerate(files):
        part = cast(EmailMessage, found[f"<c{k}@x>"])
        assert part.get_payload(decode=True) == octets
        assert part.get_content_disposition() == ("inline" if inline else "attachment")
        assert part.get_filename() == (clean(name).strip()[:200] or "attachment") or len(name) > 200


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_no_value_can_add_a_field(subject: str, value: str) -> None:
    hostile = f"{subject}\r\nBcc: x@y.z\n\nbody"
    names = [
        k.lower() for k in read(compose(mail(subject=hostile, headers=(("X-A", value + hostile), ("X:B\r\n", "c")))))
    ]
    assert "bcc" not in names
    assert names.count("subject") == names.count("x-a") == 1
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, "text/plain"),
        ({"text_body": None, "html_body": "<p>"}, "text/html"),
        ({"text_body": None}, "text/plain"),
        ({"html_body": "<p>"}, ("multipart/alternative", ["text/plain", "text/html"])),
        ({"files": "a"}, ("multipart/mixed", ["text/plain", "image/png"])),
        ({"files": "i"}, ("multipart/mixed", ["text/plain", "image/png"])),
        (
            {"html_body": "<p>", "files": "i"},
            ("multipart/related", [("multipart/alternative", ["text/plain", "text/html"]), "image/png"]),
        ),
        ({"text_body": None, "html_body": "<p>", "files": "i"}, ("multipart/related", ["text/html", "image/png"])),
        (
            {"html_body": "<p>", "files": "iaa"},
            (
                "multipart/mixed",
                [
                    ("multipart/related", [("multipart/alternative", ["text/plain", "text/html"]), "image/png"]),
                    "image/png",
                    "image/png",
                ],
            ),
        ),
    ],
)
def test_only_the_levels_that_are_needed(given_: dict[str, str], expected: object) -> None:
    files = tuple(
        OutgoingAttachment(filename="a.png", mime_type="image/png", content=b"x", inline=kind == "i")
        for kind in given_.pop("files", "")
    )
    assert shape(read(compose(mail(**given_, attachments=files)))) == expected


def test_equal_input_gives_equal_octets_and_boundaries_meet_no_content() -> None:
    first = compose(mail(html_body="<p>x</p>"))
    assert first == compose(mail(html_body="<p>x</p>"))
    boundary = re.search(rb'boundary="([^"]+)"', first)
    assert boundary
    text = f"--{boundary[1].decode()}--\r\nContent-Type: text/evil\r\n\r\nx"
    parsed = read(compose(mail(text_body=text, html_body="<p>x</p>")))
    assert shape(parsed) == ("multipart/alternative", ["text/plain", "text/html"])
    assert content(cast(EmailMessage, parsed.get_payload(0))) == as_sent(text)


def test_ascii_stays_readable_and_long_lines_are_encoded() -> None:
    assert b"7bit\r\n\r\nhi\r\n" in compose(mail())
    for text in ("x" * 998 + "\n", "y\n" * 5):
        assert b"7bit" in compose(mail(text_body=text))
    for text in ("x" * 999, "grün " * 30, "\0", "漢字" * 500, "." * 3000):
        parsed = read(compose(mail(text_body=text)))
        assert parsed["content-transfer-encoding"] != "7bit"
        assert content(parsed) == as_sent(text)


def test_headers_fold_at_78_columns() -> None:
    many = tuple(Address(f"person{i}@example.com", f"Person Number {i}") for i in range(60))
    ids = tuple(f"<{i:040}@example.com>" for i in range(10))
    raw = compose(mail(to=many, references=ids, subject="word " * 60 + "é", headers=(("X-Long", "abc " * 200),)))
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    parsed = read(raw)
    assert [a.addr_spec for a in parsed["to"].addresses] == [a.email for a in many]
    assert parsed["references"].split() == list(ids)


def test_values_that_cannot_be_folded_are_encoded() -> None:
    parsed = read(compose(mail(subject="s" * 5000, headers=(("X-Long", "v" * 998),))))
    assert parsed["subject"] == "s" * 5000
    assert parsed["x-long"] == "v" * 998
    assert read(compose(mail(subject="=?utf-8?q?x?=")))["subject"] == "=?utf-8?q?x?="


def test_long_reference_chains_keep_both_ends() -> None:
    ids = [f"<{i}@x>" for i in range(500)]
    parsed = read(
        compose(mail(references=(*ids, "<499@x>", "no id", "<a b@x>", "<a@b>\r\nX: y"), in_reply_to="<499@x>"))
    )
    assert parsed["references"].split() == ids[:20] + ids[-20:]
    assert parsed["in-reply-to"] == "<499@x>"
    assert "in-reply-to" not in read(compose(mail(in_reply_to="garbage")))


def test_smtputf8_only_for_local_parts() -> None:
    plain = mail(to=(Address("bob@xn--bcher-kva.example", "Bücher 🙂"),), subject="é", text_body="é")
    assert not message_needs_smtputf8(plain)
    assert compose(plain).isascii()
    wide = mail(to=(Address("jörg@example.com", "Jörg"),))
    assert message_needs_smtputf8(wide)
    assert "<jörg@example.com>".encode() in compose(wide)


def test_nobody_named_is_undisclosed() -> None:
    assert read(compose(mail(to=())))["to"] == "undisclosed-recipients:;"
    assert read(compose(mail(to=(), cc=(ANN,))))["to"] is None


def test_unattended_and_unsubscribe_fields() -> None:
    parsed = read(compose(mail(auto_submitted="auto-replied", list_unsubscribe="https://x.example/u/1")))
    assert parsed["auto-submitted"] == "auto-replied"
    assert parsed["x-auto-response-suppress"] == "All"
    assert parsed["list-unsubscribe"] == "<https://x.example/u/1>"
    assert parsed["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    own = compose(
        mail(list_unsubscribe="https://x.example/u", headers=(("List-Unsubscribe", "<https://mine.example>"),))
    )
    assert own.count(b"List-Unsubscribe") == 1
    for url in ("javascript:x", "https://x\r\nBcc: y", "https://x>,<y"):
        with pytest.raises(ValueError):
            compose(mail(list_unsubscribe=url))


def test_attached_mail_is_embedded_when_it_may_be() -> None:
    inner = compose(mail(subject="inner"))

    def one(octets: bytes) -> EmailMessage:
        file = OutgoingAttachment(filename="m.eml", mime_type="message/rfc822", content=octets)
        return cast(EmailMessage, read(compose(mail(attachments=(file,)))).get_payload(1))

    assert one(inner).get_content_type() == "message/rfc822"
    assert cast(EmailMessage, one(inner).get_payload(0))["subject"] == "inner"
    for odd in (b"Subject: \xff\r\n\r\n", b"a\nb", b"x" * 999):
        assert one(odd).get_content_type() == "application/octet-stream"
        assert one(odd).get_payload(decode=True) == odd


@pytest.mark.parametrize(
    "mime_type", ["", "text", "text/plain\r\nX: y", "multipart/mixed", "message/partial", "a/b/c", "é/x"]
)
def test_odd_types_become_octet_streams(mime_type: str) -> None:
    file = OutgoingAttachment(filename="a", mime_type=mime_type, content=b"--x")
    part = cast(EmailMessage, read(compose(mail(attachments=(file,)))).get_payload(1))
    assert part.get_content_type() == "application/octet-stream"


def test_ten_megabytes_come_back_equal() -> None:
    octets = hashlib.shake_256(b"x").digest(10 << 20)
    file = OutgoingAttachment(filename="big.bin", mime_type="application/octet-stream", content=octets)
    started = time.process_time()
    raw = compose(mail(attachments=(file,)))
    assert time.process_time() - started < here(5)
    body = raw.rpartition(b"\r\n\r\n--")[0].rpartition(b"\r\n\r\n")[2]
    lines = body.split(b"\r\n")
    assert all(len(a) == 76 for a, _ in pairwise(lines))
    import base64

    assert base64.b64decode(body) == octets


def test_message_ids_are_fresh_and_well_formed() -> None:
    ids = {new_message_id("mail.example.com") for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"<[0-9a-f]{32}@mail\.example\.com>", i) for i in ids)
