"""DKIM as receivers must read it: what others sign verifies, what was changed or is weak does not."""

import base64
import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import dkim
import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.authentication import CheckResult
from agentpost_server.screening.authentication.dkim import Outcome, check_dkim, summary
from agentpost_server.screening.authentication.fields import body_hash, split
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.signatures import Bodies
from pace import here
from screening.authentication.mails import AUTHOR, MAIL, pem, rsa_record, signed, signed_ed, zone
from screening.authentication.suites import DKIMPY, suite_file
from screening.authentication.zones import DOWN, ZoneResolver


async def outcomes(raw: bytes, resolver: ZoneResolver, at: datetime | None = None) -> list[Outcome]:
    mail = split(raw)
    return await check_dkim(Lookups(resolver), mail, Bodies(mail), at=at or datetime.now(UTC), in_thread=False)


async def result(raw: bytes, resolver: ZoneResolver | None = None) -> CheckResult:
    return summary(await outcomes(raw, resolver or zone()))


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
async def test_mail_that_another_signed_verifies(header: bytes, body: bytes) -> None:
    raw = signed(how=(header, body))
    assert await outcomes(raw, zone()) == [Outcome("pass", AUTHOR)]
    assert await result(raw.replace(b"another", b"an other")) == "fail"
    assert await result(raw.replace(b"Hello  there", b"Hello, there")) == "fail"


async def test_ed25519_verifies() -> None:
    assert await result(signed_ed()) == "pass"
    assert await result(signed_ed().replace(b"another", b"other")) == "fail"


async def test_one_good_signature_is_enough() -> None:
    assert await result(b"DKIM-Signature: v=1; nonsense\r\n" + signed()) == "pass"
    assert await result(signed(signed(), domain="gone.example")) == "pass"


async def test_unsigned_mail_is_none_and_asks_nobody() -> None:
    resolver = zone()
    assert await result(MAIL, resolver) == "none"
    assert not resolver.asked


async def test_s_48_no_more_than_ten_signatures_are_looked_at() -> None:
    many = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=from; bh=AA==; b=AA==\r\n" % n for n in range(1000)
    )
    resolver = zone()
    began = time.monotonic()
    assert len(await outcomes(many + signed(), resolver)) == 10
    assert len(resolver.asked) == 10
    assert time.monotonic() - began < here(1)


async def test_s_48_a_key_of_512_bits_proves_nothing() -> None:
    # Nobody's library makes such a key any more: a modulus of 512 bits, in DER by hand.
    weak = base64.b64encode(bytes.fromhex("3048024100" + "c5" * 64 + "0203010001")).decode()
    assert await result(signed(), zone(s=f"v=DKIM1; p={weak}")) == "permerror"
    assert await result(signed(bits=1024, selector="k"), zone(k=rsa_record(1024))) == "pass"


async def test_s_48_a_signature_over_a_part_of_the_body_is_not_believed() -> None:
    raw = signed(length=True)
    assert b" l=" in raw
    assert await outcomes(raw, zone()) == [Outcome("permerror", AUTHOR, partial=True)]
    assert (await outcomes(raw.replace(re.findall(rb" l=\d+", raw)[0], b" l=0"), zone()))[0].partial


async def test_s_48_from_must_be_signed_and_stand_there_once() -> None:
    raw = signed()
    assert await result(raw.replace(b"from", b"form")) == "permerror"
    assert await result(b"From: Eve <eve@evil.example>\r\n" + raw) == "permerror"
    assert await result(raw.replace(b"From: Ann", b"X-From: Ann")) == "permerror"


async def test_s_48_an_expired_signature_fails() -> None:
    raw = signed()
    # The tags are in the signature itself: changing them breaks it, but the time is looked at first.
    late = raw.replace(b"v=1;", b"v=1; x=9999999999;", 1)
    assert (await outcomes(late, zone()))[0].result == "fail"
    resolver = zone()
    past = raw.replace(b"v=1;", b"v=1; x=1000000000;", 1)
    past = re.sub(rb" t=\d+;", b"", past)
    assert (await outcomes(past, resolver))[0].result == "fail"
    assert not resolver.asked
    before = datetime.now(UTC) - timedelta(days=365 * 30)
    await outcomes(past, resolver, at=before)
    assert resolver.asked


async def test_s_48_a_key_record_beyond_any_bound_is_no_key() -> None:
    began = time.monotonic()
    assert await result(signed(), zone(s=rsa_record() + " " * 1_000_000)) == "permerror"
    assert await result(signed(), zone(s=rsa_record() + ";" * 1_000_000)) == "permerror"
    assert time.monotonic() - began < here(0.5)


@pytest.mark.parametrize(
    "record",
    [
        "v=DKIM1; p=",
        "v=DKIM2; p=AAAA",
        "v=DKIM1; k=rsa; p=not base64!",
        "v=DKIM1; k=dsa; p=AAAA",
        "nonsense",
        rsa_record(extra="s=tlsrpt; "),
        rsa_record(extra="h=sha1; "),
        rsa_record(extra="k=ed25519; "),
    ],
)
async def test_a_key_that_is_revoked_or_not_for_this_is_no_key(record: str) -> None:
    assert await result(signed(), zone(s=record)) == "permerror"


async def test_two_keys_under_one_name_are_none() -> None:
    resolver = zone()
    resolver.publish(f"s._domainkey.{AUTHOR}", rsa_record(), rsa_record())
    assert await result(signed(), resolver) == "permerror"


async def test_a_signer_who_is_testing_counts_as_unsigned() -> None:
    testing = zone(s=rsa_record(extra="t=y; "))
    assert await result(signed(), testing) == "none"
    assert await result(signed().replace(b"another", b"other"), testing) == "none"


async def test_a_strict_key_refuses_identities_below_its_domain() -> None:
    raw = dkim.sign(MAIL, b"s", AUTHOR.encode(), pem(), identity=b"@mail.author.example") + MAIL
    assert await result(raw) == "pass"
    assert await result(raw, zone(s=rsa_record(extra="t=s; "))) == "fail"


async def test_a_name_server_that_is_away_is_temperror() -> None:
    resolver = zone()
    resolver.zone[f"s._domainkey.{AUTHOR}", "TXT"] = DOWN
    assert await result(signed(), resolver) == "temperror"


@pytest.mark.parametrize(
    "change",
    [
        (b"a=rsa-sha256", b"a=rsa-sha1"),
        (b"d=author.example", b"d=author..example"),
        (b"i=@author.example", b"i=@evil.example"),
    ],
)
async def test_old_algorithms_and_odd_names_are_permerror(change: tuple[bytes, bytes]) -> None:
    raw = signed()
    assert change[0] in raw
    assert await result(raw.replace(*change)) == "permerror"


async def test_ten_megabytes_and_ten_signatures_cost_two_readings_of_the_body() -> None:
    raw = MAIL + b"some \t words  here \r\n" * 500_000
    raw = signed(raw)
    field = raw[: raw.index(b"From: Ann")]
    began = time.monotonic()
    assert await result(field * 9 + raw) == "pass"
    assert time.monotonic() - began < here(3)


_PIECES = st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b".", b"  \r\n", b"\r\n\r\n", b"x" * 70])).map(b"".join)


@settings(max_examples=200, deadline=None)
@given(_PIECES, st.sampled_from([1, 3, 7, 64 * 1024]), st.booleans())
def test_bodies_are_canonical_as_dkimpy_has_them(body: bytes, size: int, relaxed: bool) -> None:
    """Whatever piece of it is read at a time. The wire ends every last line (RFC 5321 4.1.1.4)."""
    body += b"\r\n" if body else b""
    expected = (Relaxed if relaxed else Simple).canonicalize_body(body)
    with patch("agentpost_server.screening.authentication.fields._PIECE", size):
        assert body_hash(split(b"A: b\r\n\r\n" + body), relaxed=relaxed) == hashlib.sha256(expected).digest()


def _vector(name: str) -> bytes:
    return suite_file(DKIMPY, f"dkim/tests/data/{name}")


def _suite_zone() -> ZoneResolver:
    resolver = ZoneResolver()
    resolver.publish("test._domainkey.football.example.com", _vector("test.txt").decode())
    resolver.publish(
        "brisbane._domainkey.football.example.com", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    )
    return resolver


@pytest.mark.parametrize("name", ["rfc6376.signed.msg", "rfc6376.signed.rsa.msg"])
async def test_the_signed_vectors_of_dkimpy_verify(name: str) -> None:
    """The mail of RFC 6376, by Ed25519 (RFC 8463, whose key it is) and RSA, with 1,024 bits and simple all through."""
    raw = _vector(name)
    found = await outcomes(raw, _suite_zone())
    assert found == [Outcome("pass", "football.example.com")] * raw.count(b"DKIM-Signature:")
    assert await result(raw.replace(b"hungry", b"thirsty"), _suite_zone()) == "fail"


async def test_a_vector_whose_signature_was_changed_does_not_verify() -> None:
    assert await result(_vector("rfc6376.signed.no_t.msg"), _suite_zone()) == "fail"


@pytest.mark.parametrize("bits", [1024, 2048])
@pytest.mark.parametrize("form", ["pub", "pub.rsa"])
async def test_keys_are_read_in_both_forms_that_are_published(bits: int, form: str) -> None:
    """SubjectPublicKeyInfo, and the bare RSAPublicKey of RFC 6376 3.6.1."""
    record = _vector(f"{bits}_testkey_wo_markers.{form}.txt").decode().strip()
    raw = _vector("test.message").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    field = dkim.sign(raw, b"s", AUTHOR.encode(), _vector(f"{bits}_testkey.key"))
    assert await result(field + raw, zone(s=record)) == "pass"
