"""Path syntax: what MAIL and RCPT take, what is a relay attempt, and that no octets raise anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.inbound.smtp import addresses
from agentpost_server.inbound.smtp.parameters import parse_mail
from agentpost_server.inbound.smtp.replies import CommandError


def rcpt(argument: bytes, *, smtputf8: bool = False) -> str:
    """The address, or the code of the refusal."""
    try:
        path, _ = addresses.split_path(argument, b"TO:", b"501 5.5.4 x\r\n")
        return addresses.recipient(path, smtputf8=smtputf8, hostname="mx.us.test")
    except CommandError as refusal:
        return refusal.reply[:9].decode()


def mail(argument: bytes, *, smtputf8: bool = False) -> str:
    try:
        path, _ = addresses.split_path(argument, b"FROM:", b"501 5.5.4 x\r\n")
        return addresses.sender(path, smtputf8=smtputf8)
    except CommandError as refusal:
        return refusal.reply[:9].decode()


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        (b"TO:<a%b@us.test>", "550 5.7.1"),
        (b"TO:<us.test!b>", "501 5.1.3"),
        (b"TO:<us!b@us.test>", "550 5.7.1"),
        (b'TO:<"b@other"@us.test>', "550 5.7.1"),
        (b"TO:<@us.test:b@other.test>", "550 5.7.1"),
        (b"TO:<b@[ipv6:::1]>", "550 5.7.1"),
        (b"TO:<b@[127.0.0.1]>", "550 5.7.1"),
        (b"TO:<a@b@us.test>", "550 5.7.1"),
        (b"TO:<b@us.test.>", "501 5.1.3"),
        (b"TO:<b@>", "501 5.1.3"),
        (b"TO:<b>", "501 5.1.3"),
        (b"TO:<>", "501 5.1.3"),
        (b"TO:<b@us..test>", "501 5.1.3"),
        (b"TO:<b@-us.test>", "501 5.1.3"),
        (b"TO:<b@us.test\0>", "501 5.1.3"),
        (b"TO:<b c@us.test>", "501 5.1.3"),
        (b"TO:<.b@us.test>", "501 5.1.3"),
        (b"TO:<" + b"b" * 65 + b"@us.test>", "501 5.1.3"),
        (b"TO:<b@" + b"u" * 64 + b".test>", "501 5.1.3"),
        (b"TO:<b@us.test", "501 5.5.4"),
        (b"TO:b@us.test", "501 5.5.4"),
        (b"TO:<b@us.test>x", "501 5.5.4"),
    ],
)
def test_S_25_relay_forms_and_bad_recipients(argument: bytes, answer: str) -> None:  # noqa: N802
    assert rcpt(argument) == answer


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        (b"TO:<b+tag@us.test>", "b+tag@us.test"),
        (b"to: <B@Us.Test>", "B@Us.Test"),
        (b'TO:<"b c"@us.test>', '"b c"@us.test'),
        (b'TO:<"b\\"c>"@us.test>', '"b\\"c>"@us.test'),
        (b"TO:<PostMaster>", "PostMaster@mx.us.test"),
        (b"TO:<" + b"b" * 64 + b"@us.test>", "b" * 64 + "@us.test"),
    ],
)
def test_good_recipients(argument: bytes, answer: str) -> None:
    assert rcpt(argument) == answer


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        (b"FROM:<>", ""),
        (b"FROM:<a..b.@_x.test>", "a..b.@_x.test"),
        (b"FROM:<bounce+" + b"v" * 80 + b"=x@y.test>", "bounce+" + "v" * 80 + "=x@y.test"),
        (b"FROM:<" + b"a" * 1000 + b"@x.test>", "501 5.1.7"),
        (b'FROM:<"a\r\nb"@x.test>', "501 5.1.7"),
        (b'FROM:<"a', "501 5.5.4"),
        (b"FROM:<a@[192.0.2.1]>", "501 5.1.7"),
        (b"FROM:<@x.test:a@y.test>", "501 5.1.7"),
        ("FROM:<é@x.test>".encode(), "553 5.6.7"),
    ],
)
def test_S_30_senders(argument: bytes, answer: str) -> None:  # noqa: N802
    assert mail(argument) == answer


def test_S_30_utf8_addresses_need_smtputf8_and_valid_utf8() -> None:  # noqa: N802
    assert mail("FROM:<é@пример.test>".encode(), smtputf8=True) == "é@пример.test"
    assert mail(b"FROM:<\xff@x.test>", smtputf8=True) == "501 5.1.7"
    assert mail("FROM:<a\u0085b@x.test>".encode(), smtputf8=True) == "501 5.1.7"
    assert rcpt("TO:<é@us.test>".encode()) == "553 5.6.7"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b" SIZE=99999999999", "552 5.3.4"),
        (b" SIZE=-1", "501 5.5.4"),
        (b" SIZE=1" + b"0" * 100, "501 5.5.4"),
        (b" SIZE=1 SIZE=1", "501 5.5.4"),
        (b" SIZE=", "501 5.5.4"),
        (b" SIZE", "501 5.5.4"),
        (b" BODY=BINARYMIME", "501 5.5.4"),
        (b" SMTPUTF8=1", "501 5.5.4"),
        (b" RET=FULL", "555 5.5.4"),
        (b" AUTH=<>", "555 5.5.4"),
    ],
)
def test_S_16_bad_parameters(text: bytes, answer: str) -> None:  # noqa: N802
    with pytest.raises(CommandError) as caught:
        parse_mail(text, max_octets=1000)
    assert caught.value.reply[:9].decode() == answer


def test_parameters() -> None:
    given_ = parse_mail(b" size=1000 body=8bitmime smtputf8", max_octets=1000)
    assert (given_.declared_octets, given_.body8bit, given_.smtputf8) == (1000, True, True)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text('<>"@\\.a %![]é', max_size=30).map(str.encode)), st.booleans())
def test_any_octets_are_an_address_or_a_refusal(octets: bytes, smtputf8: bool) -> None:
    for text in (rcpt(b"TO:<" + octets + b">", smtputf8=smtputf8), mail(b"FROM:<" + octets + b">", smtputf8=smtputf8)):
        assert "\r" not in text
        assert "\n" not in text
        assert "\0" not in text
