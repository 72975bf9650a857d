"""Our signatures as another implementation reads them: dkimpy verifies what we signed, and nothing that was changed."""

import re
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.compose import OutgoingMail, compose, new_message_id
from agentpost_server.mail.dkim_sign import Signer, SigningKey, canonical_body, load_key, public_record, sign
from agentpost_server.mail.model import Address

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RSA = generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = [
    Signer(domain="ours.example", selector="ap1", key=RSA),
    Signer(domain="ours.example", selector="ap2", key=Ed25519PrivateKey.generate()),
]
RAW = (
    b"From: Ann <ann@ours.example>\r\nTo: bob@b.example\r\nSubject: A  folded\r\n\tsubject\r\n"
    b"Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <1@ours.example>\r\nX-Mine: yes\r\n\r\n"
    b"Hello  there\t \r\n\r\nBye\r\n\r\n\r\n"
)
both = pytest.mark.parametrize("signer", SIGNERS, ids=["rsa", "ed25519"])


def verifies(mail: bytes, signer: Signer) -> bool:
    """As a receiver finds it, asking the DNS for our record."""
    asked: list[bytes] = []

    def txt(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return public_record(signer.key).encode()

    try:
        # The wire ends a last line that had no end (RFC 5321 4.1.1.4).
        good = bool(dkim.verify(mail if mail.endswith(b"\r\n") else mail + b"\r\n", dnsfunc=txt))
    except dkim.MessageFormatError:
        return False
    assert asked in ([], [f"{signer.selector}._domainkey.{signer.domain}.".encode()])
    return good


@both
def test_what_we_sign_verifies(signer: Signer) -> None:
    field = sign(RAW, signer, now=NOW)
    assert field.startswith(b"DKIM-Signature: v=1; ")
    assert field.endswith(b"\r\n")
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert verifies(field + RAW, signer)


@both
@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@ours.example\r\n\r\n",
        b"From: a@ours.example\r\n\r\n\r\n\r\n",
        b"From: a@ours.example\r\n\r\n \r\n\t\r\n",
        b"From: a@ours.example\r\n\r\nno line end",
        b"From: a@ours.example\r\n\r\nblanks and no line end \t ",
        b"From: a@ours.example\r\nTO:b@b.example\r\nX-Empty:\r\n\r\n.\r\n..\r\n",
        b"From: a@ours.example\r\nTo: a@b.example\r\nTo: c@d.example\r\n\r\nx\r\n",
    ],
)
def test_every_ending_of_a_body_and_odd_fields_verify(signer: Signer, raw: bytes) -> None:
    assert verifies(sign(raw, signer, now=NOW) + raw, signer)


@both
@pytest.mark.parametrize(
    "name", [b"From", b"To", b"Cc", b"Subject", b"Date", b"Message-ID", b"Reply-To", b"References"]
)
def test_nobody_adds_a_second_field_of_what_says_who_and_what(signer: Signer, name: bytes) -> None:
    signed = sign(RAW, signer, now=NOW) + RAW
    assert not verifies(name + b": evil@evil.example\r\n" + signed, signer)


@both
def test_a_body_cannot_be_lengthened(signer: Signer) -> None:
    field = sign(RAW, signer, now=NOW)
    assert b"l=" not in re.split(rb"[;\s]+", field)
    assert not verifies(field + RAW + b"more\r\n", signer)


def test_what_unsubscribes_is_signed_and_what_a_relay_adds_is_not_forbidden() -> None:
    raw = b"List-Unsubscribe: <https://x.example/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + RAW
    field = sign(raw, SIGNERS[0], now=NOW)
    names = field.partition(b"h=")[2].partition(b";")[0]
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(re.split(rb"[:\s]+", names))
    assert not verifies(field + raw.replace(b"/u/1", b"/u/2"), SIGNERS[0])
    assert verifies(b"Received: from a by b\r\n" + field + b"List-Post: <mailto:l@x.example>\r\n" + raw, SIGNERS[0])


names = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=60)
texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=2000)


@settings(max_examples=40, deadline=None)
@given(signer=st.sampled_from(SIGNERS), subject=names, name=names, text=texts, html=st.none() | texts)
def test_any_composed_mail_verifies(signer: Signer, subject: str, name: str, text: str, html: str | None) -> None:
    raw = compose(
        OutgoingMail(
            from_address=Address(email="ann@ours.example", name=name or None),
            to=(Address(email="bob@b.example"),),
            subject=subject,
            message_id=new_message_id("ours.example"),
            date=NOW,
            text_body=text,
            html_body=html,
        )
    )
    assert verifies(sign(raw, signer, now=NOW) + raw, signer)


_BLANK = b" \t\r\n"


@settings(max_examples=60, deadline=None)
@given(signer=st.sampled_from(SIGNERS), place=st.integers(0, len(RAW) - 1), octet=st.sampled_from(b"aZ09.:<@-"))
def test_one_changed_octet_does_not_verify(signer: Signer, place: int, octet: int) -> None:
    """All but what relaxed canonicalization leaves open (blanks, a field name's case), and an unsigned field."""
    changed = RAW[:place] + bytes([octet]) + RAW[place + 1 :]
    field = sign(RAW, signer, now=NOW)
    open_to_change = RAW[place] in _BLANK or changed.lower() == RAW.lower() or b"X-Mine: yes" not in changed
    assert open_to_change or not verifies(field + changed, signer)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b".", b"\r", b"\n", b"  \r\n"])).map(b"".join))
def test_bodies_are_canonical_as_the_rfc_says_line_by_line(body: bytes) -> None:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    assert canonical_body(body) == b"".join(line + b"\r\n" for line in lines)


def test_a_body_of_ten_million_blanks_or_line_ends_costs_no_more_than_another() -> None:
    for body in (
        b" " * 10_000_000 + b"x",
        b"\r\n" * 5_000_000 + b"x\r\n",
        b"x" + b"\r\n" * 5_000_000,
        b"\n" * 10_000_000,
    ):
        assert len(canonical_body(body)) <= len(body) + 2


def _pem(key: SigningKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("key", [RSA, SIGNERS[1].key], ids=["rsa", "ed25519"])
def test_a_key_is_read_from_pem(key: SigningKey) -> None:
    read = load_key(_pem(key))
    assert isinstance(read, RSAPrivateKey) is isinstance(key, RSAPrivateKey)
    assert public_record(read) == public_record(key)


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "not a private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key in PEM"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519"),
        (_pem(generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits; at least 2048"),
    ],
)
def test_a_wrong_key_is_refused_with_a_sentence(pem: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_key(pem)
