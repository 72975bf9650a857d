"""A composed mail taken apart: nothing of it is lost, whoever must not be seen is not, and what is lost is refused."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.mail.compose import OutgoingAttachment, OutgoingMail, compose
from agentpost_server.mail.compose.headers import clean
from agentpost_server.mail.model import Address
from agentpost_server.providers.composed import CannotCarry, ComposedMail, Shown, read_composed, shown_to
from agentpost_server.providers.postmark.shape import messages_of
from agentpost_server.providers.sendgrid.shape import request_of
from providers.transports.letters import envelope, letter, people

LOCAL = st.text("abcxyz019._-+", min_size=1, max_size=10).filter(lambda s: s.strip(".") == s and ".." not in s)
# Readers take single quotes around a whole name for quoting.
NAME = st.none() | st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="'"), min_size=1, max_size=30
)
PERSON = st.builds(lambda local, name: Address(email=f"{local}@one.example", name=name), LOCAL, NAME)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")) | st.just("\n"), min_size=1, max_size=300)
FILE = st.builds(
    OutgoingAttachment,
    filename=st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20).map(lambda stem: f"{stem}.bin"),
    mime_type=st.sampled_from(["application/pdf", "text/plain", "image/png"]),
    content=st.binary(max_size=300),
)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


@given(
    to=st.lists(PERSON, max_size=4, unique_by=lambda one: one.email),
    cc=st.lists(PERSON, max_size=2, unique_by=lambda one: one.email),
    subject=st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60),
    text=st.none() | TEXT,
    html=TEXT,
    files=st.lists(FILE, max_size=3),
)
def test_what_is_composed_is_read_back(
    to: list[Address], cc: list[Address], subject: str, text: str | None, html: str, files: list[OutgoingAttachment]
) -> None:
    mail = OutgoingMail(
        from_address=Address(email="ann@example.com", name="Ann"),
        to=tuple(to),
        cc=tuple(cc),
        subject=subject,
        message_id="<1@example.com>",
        date=datetime(2026, 3, 1, tzinfo=UTC),
        text_body=text,
        html_body=html,
        attachments=tuple(files),
        headers=(("X-Own", "Grüße"),),
    )
    read = read_composed(compose(mail))
    assert ([one.email for one in read.to], [one.email for one in read.cc]) == (
        [one.email for one in to],
        [one.email for one in cc],
    )
    assert read.subject == clean(subject)
    assert [one.content for one in read.attachments] == [one.content for one in files]
    assert [one.name or "" for one in read.to] == [clean(one.name or "").strip() for one in to]
    assert (read.text_body, read.html_body) == (text and _ended(text), _ended(html))
    assert dict(read.headers) == {"Message-ID": "<1@example.com>", "X-Own": "=?utf-8?b?R3LDvMOfZQ==?="}
    everyone = [one.email for one in (*to, *cc)] or ["blind@one.example"]
    msgspec.json.encode(request_of(read, envelope(*everyone)))
    msgspec.json.encode(messages_of(read, shown_to(read, everyone), tag="t", stream="outbound"))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text_body": None, "html_body": "<b>x</b>"},
        {"text_body": "", "html_body": None},
        {"to": (), "cc": ()},
        {"subject": ""},
        {"subject": "=?utf-8?q?no?= Ünï" * 20},
        {"text_body": "x" * 5000 + "\n.\n"},
        {"headers": (("List-Unsubscribe", "<https://x.example/u/abc>"), ("X-Twice", "1"), ("X-Twice", "2"))},
        {"references": tuple(f"<{n}@x.example>" for n in range(60)), "in_reply_to": "<59@x.example>"},
        {"attachments": (OutgoingAttachment(filename="ü.pdf", mime_type="application/pdf", content=b"%PDF" * 9999),)},
        {
            "html_body": '<img src="cid:logo">',
            "attachments": (
                OutgoingAttachment(
                    filename="l.png",
                    mime_type="image/png",
                    content=b"\x89PNG\r\n\x1a\n",
                    inline=True,
                    content_id="logo",
                ),
            ),
        },
    ],
    ids=str,
)
def test_ordinary_mails_are_never_refused(fields: dict[str, object]) -> None:
    read = read_composed(letter(**fields))
    wanted = fields.get("attachments", ())
    assert isinstance(wanted, tuple)
    assert [(one.content, one.disposition == "inline") for one in read.attachments] == [
        (one.content, one.inline) for one in wanted
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: x\r\n\r\nno author\r\n",
        letter(text_body="x" * 1_100_000),
        letter().replace(b"To: bob@one.example", b"To: b\xc3\xbcb@one.example"),
        b"From: a@example.com\r\nFrom: b@example.com\r\n\r\nx\r\n",
    ],
    ids=["empty", "authorless", "long", "wide", "two"],
)
def test_what_cannot_be_read_back_in_full_is_refused(raw: bytes) -> None:
    with pytest.raises(CannotCarry, match="without loss"):
        read_composed(raw)


def _mail(to: tuple[Address, ...] = (), cc: tuple[Address, ...] = ()) -> ComposedMail:
    return msgspec.structs.replace(read_composed(letter()), to=to, cc=cc)


def test_who_sees_whom() -> None:
    mail = _mail(people("a@x.example", "b@x.example"), people("c@x.example"))
    assert shown_to(mail, ["a@x.example", "c@x.example", "d@x.example"]) == [
        Shown(people("a@x.example"), people("c@x.example"), ("d@x.example",))
    ]
    # An API that demands a To gets those of Cc, who are to be seen anyway.
    assert shown_to(mail, ["c@x.example", "d@x.example"]) == [Shown(people("c@x.example"), (), ("d@x.example",))]
    assert shown_to(mail, ["d@x.example", "e@x.example"]) == [
        Shown(people("d@x.example")),
        Shown(people("e@x.example")),
    ]


def test_somebody_who_stands_twice_is_one_recipient() -> None:
    mail = _mail(people("A@x.example", "a@X.example".lower()), people("a@x.example"))
    assert [one.emails() for one in shown_to(mail, ["a@x.example"])] == [("a@x.example",)]
