"""Whatever a mail or the DNS holds: a result, never an exception, at a bounded cost."""

import contextlib
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.authentication import Authentication
from agentpost_server.ports.resolver import MailExchanger
from agentpost_server.providers.dns import DnsResolver
from agentpost_server.screening.authentication import Arrival, authenticate, is_unauthenticated, trust_of
from agentpost_server.screening.authentication.alignment import is_aligned
from agentpost_server.screening.authentication.keys import read_key
from agentpost_server.screening.authentication.lookups import Lookups
from agentpost_server.screening.authentication.spf import check_spf
from agentpost_server.screening.authentication.spf_record import SpfSyntaxError, read_record
from agentpost_server.screening.authentication.tags import read_tags
from dns_server import name_server
from pace import here
from screening.authentication.mails import signed, zone
from screening.authentication.zones import DOWN, ZoneResolver


async def spf(zone: dict[tuple[str, str], Any], *, client_ip: str = "192.0.2.1") -> tuple[str, ZoneResolver]:
    resolver = ZoneResolver(zone)
    found = await check_spf(Lookups(resolver), client_ip=client_ip, mail_from="a@x.example", helo="h.example")
    return found, resolver


async def test_s_47_an_include_that_includes_itself_ends() -> None:
    found, resolver = await spf({("x.example", "TXT"): [b"v=spf1 include:x.example -all"]})
    assert (found, len(resolver.asked)) == ("permerror", 11)


async def test_s_47_eleven_look_ups_are_too_many() -> None:
    mechanisms = " ".join(f"a:a{n}.example" for n in range(11))
    hosts = {(f"a{n}.example", "A"): ["192.0.2.9"] for n in range(11)}
    assert (await spf({("x.example", "TXT"): [f"v=spf1 {mechanisms} -all".encode()], **hosts}))[0] == "permerror"
    fewer = mechanisms.rpartition(" ")[0]
    assert (await spf({("x.example", "TXT"): [f"v=spf1 {fewer} -all".encode()], **hosts}))[0] == "fail"


async def test_s_47_three_look_ups_for_nothing_are_too_many() -> None:
    assert (await spf({("x.example", "TXT"): [b"v=spf1 a:a.a a:b.b a:c.c -all"]}))[0] == "permerror"
    assert (await spf({("x.example", "TXT"): [b"v=spf1 a:a.a a:b.b -all"]}))[0] == "fail"


@pytest.mark.parametrize(
    "text", [b"v=spf1 " + b"a " * 5_000_000, b"v=spf1 " + b"%{i}" * 2_500_000, b"v=spf1 " + b"x" * 10_000_000]
)
async def test_s_47_a_record_of_ten_megabytes_is_permerror(text: bytes) -> None:
    began = time.monotonic()
    assert (await spf({("x.example", "TXT"): [text]}))[0] == "permerror"
    assert time.monotonic() - began < here(0.5)


async def test_s_47_what_grows_by_its_macros_is_cut() -> None:
    redirect = f"v=spf1 exists:{'%{s}.' * 9_000}x.example -all".encode()
    began = time.monotonic()
    assert (await spf({("x.example", "TXT"): [redirect]}))[0] in ("fail", "permerror")
    assert time.monotonic() - began < here(0.5)


async def test_s_47_an_alias_chain_without_an_end_is_permerror() -> None:
    """Where a name server shows it. Most say SERVFAIL, which is nobody's fault that we could prove (RFC 7208 4.4)."""
    async with name_server({("x.example", "CNAME"): ["y.example."], ("y.example", "CNAME"): ["x.example."]}) as server:
        lookups = Lookups(DnsResolver(server.address))
        assert await check_spf(lookups, client_ip="192.0.2.1", mail_from="a@x.example", helo="h") == "permerror"
    assert (await spf({("x.example", "TXT"): DOWN}))[0] == "temperror"


async def test_a_crowd_of_mail_hosts_is_permerror() -> None:
    hosts = [MailExchanger(n, f"m{n}.example") for n in range(1000)]
    found, resolver = await spf({("x.example", "TXT"): [b"v=spf1 mx -all"], ("x.example", "MX"): hosts})
    assert (found, len(resolver.asked)) == ("permerror", 2)


_SPF_TEXT = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            """a mx ptr -all ?ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{ir}.%{v}.x.example a/0//0 include:x.example
            redirect=%{d2} exp=%{l}.x.example ip4:999.1.1.1 a:%{ m=%{h} mx:/1""".split()
        ),
        max_size=12,
    ).map(lambda terms: " ".join(terms).encode()),
)


@settings(max_examples=200, deadline=None)
@given(_SPF_TEXT, st.text(max_size=80), st.text(max_size=80), st.sampled_from(["192.0.2.1", "2001:db8::1", "nonsense"]))
async def test_any_record_and_any_envelope_give_a_result(
    text: bytes, mail_from: str, helo: str, client_ip: str
) -> None:
    resolver = ZoneResolver({("x.example", "TXT"): [b"v=spf1 " + text], ("x.example", "A"): ["192.0.2.1"]})
    for sender in (mail_from, "a@x.example"):
        found = await check_spf(Lookups(resolver), client_ip=client_ip, mail_from=sender, helo=helo)
        assert found in ("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror")
    assert len(resolver.asked) < 300


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_record_is_read_or_refused(text: bytes) -> None:
    read_tags(text)
    read_key(text)
    with contextlib.suppress(SpfSyntaxError):
        read_record(b"v=spf1 " + text)


@settings(max_examples=200)
@given(st.text(max_size=300), st.text(max_size=300), st.booleans())
def test_any_two_names_are_aligned_or_not(one: str, other: str, strict: bool) -> None:
    assert is_aligned(one, other, strict=strict) == is_aligned(other, one, strict=strict)


_LINES = st.lists(
    st.sampled_from(
        [
            b"From: a@author.example",
            b"From",
            b"DKIM-Signature: v=1; a=rsa-sha256; d=author.example; s=s; h=from; bh=AA==; b=AA==",
            b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed; d=author.example; s=e; h=from:; bh=AA==; b=AA==; x=1",
            b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=author.example; s=s; b=AA==",
            b"ARC-Message-Signature: i=1; a=rsa-sha256; d=author.example; s=s; h=from; bh=AA==; b=AA==",
            b"ARC-Authentication-Results: i=1; x; dmarc=pass",
            b" folded; b=",
            b"",
            b"\x00\xff",
            b"l=" * 40,
        ]
    ),
    max_size=12,
).map(b"\r\n".join)
_RAW = st.one_of(st.binary(max_size=400), _LINES)


async def _authenticated(raw: bytes) -> Authentication:
    arrival = Arrival(mail_from="a@author.example", received_at=datetime.now(UTC), client_ip="192.0.2.1", helo="h")
    return await authenticate(zone(), arrival, raw, arc_sealers=("author.example",))


@settings(max_examples=200, deadline=None)
@given(_RAW)
async def test_any_octets_give_a_result(raw: bytes) -> None:
    found = await _authenticated(raw)
    assert found.aligned_domain is None
    assert trust_of(found, suspect=False) in ("unverified", "failed")
    assert is_unauthenticated(found)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 5000), st.binary(min_size=1, max_size=3))
async def test_no_change_to_what_is_signed_passes(place: int, octets: bytes) -> None:
    """But for blanks, which relaxed canonicalization leaves open, and the case of field names."""
    raw = signed()
    start = raw.index(b"From: ")
    place = start + place % (len(raw) - start)
    changed = raw[:place] + octets + raw[place + len(octets) :]
    found = await _authenticated(changed)
    same = [re.sub(rb"[ \t\r\n]+", b"", one).lower() for one in (raw, changed)]
    assert found.dkim != "pass" or same[0] == same[1]


@pytest.mark.parametrize(
    "raw",
    [
        b"DKIM-Signature: " + b"a=b;" * 2_000_000 + b"\r\nFrom: a@author.example\r\n\r\n",
        b"DKIM-Signature: v=1; b=" + b" " * 8_000_000 + b"\r\nFrom: a@author.example\r\n\r\n",
        b"X: y\r\n" * 1_000_000 + b"From: a@author.example\r\n\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=author.example; s=s; h="
        + b"from:" * 12_000
        + b"; bh=AA==; b=AA==\r\n\r\n",
        b"ARC-Seal: i=1; a=rsa-sha256\r\n" * 15_000 + b"From: a@author.example\r\n\r\n",
        b"ARC-Authentication-Results: i=1; " + b"((((" * 100_000 + b"\r\nFrom: a@author.example\r\n\r\n",
        b"\r" * 8_000_000,
        b"\n" * 8_000_000,
        b"From: " + b'"' * 400_000 + b"\r\n\r\n",
    ],
    ids=["tags", "blanks", "fields", "names", "seals", "comments", "cr", "lf", "quotes"],
)
async def test_s_48_a_monstrous_header_costs_no_more_than_reading_it(raw: bytes) -> None:
    began = time.monotonic()
    assert (await _authenticated(raw)).dkim in ("none", "permerror", "fail")
    assert time.monotonic() - began < here(3)
