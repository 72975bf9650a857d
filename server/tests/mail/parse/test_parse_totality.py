"""No bytes make the parser raise, and all that it says can be stored and sent between processes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mail.parse.mails import checked, mail, multipart

SEEDS = [
    mail("From: =?utf-8?q?A=C3=A9?= <a@b.example>", 'To: "x, y" <c@d.example>', "Date: Mon, 2 Nov 2026 10:00:00 +0000"),
    multipart(
        "b",
        "Content-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain; format=flowed\n\nhi \nyou\n"
        "--c\nContent-Type: text/html; charset=utf-8\n"
        "Content-Transfer-Encoding: quoted-printable\n\n<p>=C3=A9</p>\n--c--\n",
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename*0*=utf-8''a%20; filename*1=b.pdf\n"
        "Content-Transfer-Encoding: base64\nContent-ID: <x@y>\n\nJVBERi0x\n",
    ),
    multipart(
        "r",
        "\nno\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n",
        "Content-Type: text/rfc822-headers\n\nMessage-ID: <a@b>\n",
        subtype="report",
    ),
]
JUNK = [
    b"\x00",
    b"\xff",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"=?",
    b"?=",
    b"--b",
    b"--c--",
    b'"',
    b"(",
    b"<",
    b";",
    b"*0*=",
    b"=",
    b":",
    b" ",
]
FRAGMENTS = [
    b"From: ", b"To: ", b"Content-Type: multipart/mixed; boundary=", b"Content-Type: text/", b"charset=", b"utf-16",
    b"iso-2022-kr", b"hz", b"b", b"Content-Transfer-Encoding: base64", b"Content-Disposition: attachment; filename",
    b"Message-ID: <", b"References: ", b"Date: ", b"Subject: =?utf-8?b?", b"=?utf-16?q?=D8=00?=", b"a@b.example", *JUNK,
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes(raw: bytes) -> None:
    checked(raw)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40), st.booleans())
def test_fragments_of_mail_in_any_order(fragments: list[bytes], null_sender: bool) -> None:
    checked(b"".join(fragments), null_sender=null_sender)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 30), st.sampled_from(JUNK)), min_size=1, max_size=8),
)
def test_mutated_mails(seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    raw = bytearray(seed)
    for position, length, junk in edits:
        start = position % (len(raw) + 1)
        raw[start : start + length] = junk
    checked(bytes(raw))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2_000))
def test_truncated_mails(seed: bytes, length: int) -> None:
    checked(seed[:length])
