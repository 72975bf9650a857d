"""ARC and DMARC over mail that dkimpy signed and sealed: alignment, policies, chains, and whose word counts."""

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from agentpost_server.mail.authentication import Authentication
from agentpost_server.screening.authentication import (
    Arrival,
    authenticate,
    fails_dmarc,
    is_unauthenticated,
    looks_replayed,
    trust_of,
)
from agentpost_server.screening.authentication.alignment import is_aligned, organizational
from agentpost_server.screening.authentication.lookups import BUDGET_SECONDS
from pace import here
from screening.authentication.mails import AUTHOR, MAIL, rsa_record, sealed, signed, zone
from screening.authentication.zones import DOWN, ZoneResolver

SENDER = "192.0.2.1"
LIST = "list.example"


def published(policy: str = "v=DMARC1; p=reject") -> ZoneResolver:
    """The author's keys, DMARC policy and SPF, and the list's key."""
    resolver = zone()
    resolver.publish(f"_dmarc.{AUTHOR}", policy)
    resolver.publish(AUTHOR, f"v=spf1 ip4:{SENDER} -all")
    for sealer in (LIST, "other.example", "evil.example"):
        resolver.publish(f"arc._domainkey.{sealer}", rsa_record())
    return resolver


async def checked(raw: bytes, resolver: ZoneResolver | None = None, **changes: Any) -> Authentication:
    sealers = changes.pop("arc_sealers", ())
    arrival: dict[str, Any] = {
        "client_ip": "203.0.113.9",
        "helo": "relay.example",
        "mail_from": "bounce@relay.example",
    } | changes
    return await authenticate(
        resolver or published(), Arrival(received_at=datetime.now(UTC), **arrival), raw, arc_sealers=sealers
    )


async def test_an_aligned_signature_passes_dmarc() -> None:
    found = await checked(signed())
    assert (found.dkim, found.dmarc, found.aligned_domain) == ("pass", "pass", AUTHOR)
    assert (found.aligned_by, found.checked_by, found.policy) == (("dkim",), "agentpost", "reject")
    assert trust_of(found, suspect=False) == "verified"
    assert not is_unauthenticated(found)


async def test_an_aligned_envelope_passes_dmarc() -> None:
    found = await checked(MAIL, client_ip=SENDER, mail_from="bounce@author.example")
    assert (found.spf, found.dkim, found.dmarc, found.aligned_by) == ("pass", "none", "pass", ("spf",))


async def test_l_11_what_is_not_the_authors_own_passes_nothing() -> None:
    resolver = published()
    resolver.publish("s._domainkey.evil.example", rsa_record())
    resolver.publish("evil.example", "v=spf1 +all")
    found = await checked(signed(domain="evil.example"), resolver, mail_from="x@evil.example")
    assert (found.spf, found.dkim, found.dmarc, found.aligned_domain) == ("pass", "pass", "fail", None)
    assert (trust_of(found, suspect=False), is_unauthenticated(found)) == ("failed", True)


@pytest.mark.parametrize("domain", ["bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"])
async def test_an_envelope_in_its_own_script_is_asked_about_by_a_labels(domain: str) -> None:
    """RFC 7208 4.3: else who sends so has no SPF, and his own mail fails DMARC."""
    resolver, asked = published(), "xn--bcher-kva.example"
    resolver.publish(asked, f"v=spf1 ip4:{SENDER} -all")
    resolver.publish(f"_dmarc.{asked}", "v=DMARC1; p=reject")
    raw = MAIL.replace(b"ann@author.example", "ann@bücher.example".encode())
    found = await checked(raw, resolver, client_ip=SENDER, mail_from=f"jörg@{domain}")
    assert (found.spf, found.dmarc, found.aligned_domain) == ("pass", "pass", asked)
    forged = await checked(raw, resolver, mail_from=f"jörg@{domain}")
    assert (forged.spf, forged.dmarc) == ("fail", "fail")


async def test_a_signer_in_his_own_script_is_found_by_a_labels() -> None:
    """RFC 8616 5."""
    resolver, asked = published(), "xn--bcher-kva.example"
    resolver.publish(f"s._domainkey.{asked}", rsa_record())
    resolver.publish(f"_dmarc.{asked}", "v=DMARC1; p=reject")
    raw = MAIL.replace(b"ann@author.example", "ann@bücher.example".encode())
    found = await checked(signed(raw, domain="bücher.example"), resolver)
    assert (found.dkim, found.dkim_domain, found.dmarc) == ("pass", asked, "pass")


async def test_spf_of_the_null_sender_is_that_of_helo() -> None:
    resolver = published()
    resolver.publish("mx.author.example", f"v=spf1 ip4:{SENDER} -all")
    found = await checked(MAIL, resolver, client_ip=SENDER, mail_from="", helo="mx.author.example")
    assert (found.spf, found.dmarc) == ("pass", "pass")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("v=DMARC1; p=none", ("fail", "none")),
        ("v=DMARC1;p=quarantine;pct=0", ("fail", "quarantine")),
        ("v=DMARC1; p=nonsense", ("none", None)),
        ("v=DMARC1; p=nonsense; rua=mailto:d@author.example", ("fail", "none")),
        ("v=DMARC2; p=reject", ("none", None)),
        ("p=reject; v=DMARC1", ("none", None)),
        ("v=spf1 -all", ("none", None)),
    ],
)
async def test_policies_are_read_as_the_rfc_says(policy: str, expected: tuple[str, str | None]) -> None:
    found = await checked(MAIL, published(policy))
    assert (found.dmarc, found.policy) == expected


async def test_two_records_are_none() -> None:
    resolver = published()
    resolver.publish(f"_dmarc.{AUTHOR}", "v=DMARC1; p=reject", "v=DMARC1; p=none")
    assert (await checked(MAIL, resolver)).dmarc == "none"


async def test_a_subdomain_follows_sp_of_the_domain_above() -> None:
    resolver = published("v=DMARC1; p=none; sp=reject")
    raw = MAIL.replace(b"ann@author", b"ann@mail.author")
    found = await checked(raw, resolver)
    assert (found.dmarc, found.policy) == ("fail", "reject")
    resolver.publish(f"_dmarc.mail.{AUTHOR}", "v=DMARC1; p=quarantine")
    assert (await checked(raw, resolver)).policy == "quarantine"


async def test_strict_alignment_wants_the_very_domain() -> None:
    raw = MAIL.replace(b"ann@author", b"ann@mail.author")
    assert (await checked(signed(raw))).dmarc == "pass"
    resolver = published()
    resolver.publish(f"_dmarc.mail.{AUTHOR}", "v=DMARC1; p=reject; adkim=s")
    assert (await checked(signed(raw), resolver)).dmarc == "fail"


def test_l_13_a_public_suffix_is_nobodys_domain() -> None:
    assert organizational("a.b.example.co.uk") == "example.co.uk"
    assert is_aligned("mail.example.co.uk", "example.co.uk", strict=False)
    for evil, victim in (("co.uk", "victim.co.uk"), ("evil.co.uk", "victim.co.uk"), ("evil.github.io", "v.github.io")):
        assert not is_aligned(evil, victim, strict=False)
    assert not is_aligned("", "", strict=False)


async def test_s_46_a_name_server_that_is_away_makes_temperror() -> None:
    resolver = published()
    for name in (f"_dmarc.{AUTHOR}", f"s._domainkey.{AUTHOR}", "relay.example"):
        resolver.zone[name, "TXT"] = DOWN
    found = await checked(signed(), resolver)
    assert (found.spf, found.dkim, found.dmarc) == ("temperror",) * 3
    assert (trust_of(found, suspect=False), is_unauthenticated(found)) == ("unverified", False)


async def test_s_46_five_seconds_are_all_that_a_mail_may_cost() -> None:
    assert BUDGET_SECONDS == 5
    resolver = published()

    async def never(name: str, kind: str) -> None:
        await asyncio.sleep(60)

    resolver.before = never
    began = time.monotonic()
    with patch("agentpost_server.screening.authentication.check.BUDGET_SECONDS", 0.2):
        found = await checked(sealed(signed(), LIST, "dmarc=pass"), resolver)
    assert time.monotonic() - began < here(1.5)
    assert (found.spf, found.dkim, found.dmarc, found.arc) == ("temperror", "temperror", "temperror", "fail")


@pytest.mark.parametrize(
    "author",
    [
        b"From: Ann <ann@author.example>\r\nFrom: Eve <eve@evil.example>\r\n",
        b"From:\r\n",
        b"From: friends: ann@author.example;\r\n",
        b"From: ann@author.example, eve@evil.example\r\n",
        b"",
    ],
    ids=["two", "empty", "group", "two addresses", "none"],
)
async def test_s_52_from_that_is_not_one_author_is_authenticated_by_nothing(author: bytes) -> None:
    raw = MAIL.replace(b"From: Ann <ann@author.example>\r\n", b"")
    found = await checked(author + raw, client_ip=SENDER, mail_from="bounce@author.example")
    assert (found.dmarc, found.aligned_domain, found.author_domain) == ("permerror", None, None)
    assert (trust_of(found, suspect=False), is_unauthenticated(found), fails_dmarc(found)) == ("failed", True, True)


# ARC.


def _listed(raw: bytes) -> bytes:
    """What a list makes of a mail before it seals it: no signature of its author holds any more."""
    return raw.replace(b"Subject: Hello", b"Subject: [list] Hello")


SEEN = f"dmarc=pass header.from={AUTHOR}"


async def test_a_chain_holds_and_counts_for_nothing_by_itself() -> None:
    found = await checked(sealed(_listed(signed()), LIST, SEEN))
    assert (found.arc, found.dmarc, found.arc_sealer) == ("pass", "fail", None)
    assert (trust_of(found, suspect=False), is_unauthenticated(found)) == ("failed", True)


async def test_a_listed_sealer_who_saw_dmarc_pass_stands_in_for_it() -> None:
    found = await checked(sealed(_listed(signed()), LIST, SEEN), arc_sealers=(LIST,))
    assert (found.arc, found.dmarc, found.arc_sealer) == ("pass", "fail", LIST)
    assert (trust_of(found, suspect=False), is_unauthenticated(found)) == ("unverified", False)


@pytest.mark.parametrize(
    "seen",
    [
        "dmarc=fail header.from=author.example",
        "dmarc=pass header.from=evil.example",
        "dmarc=passing",
        'spf=pass smtp.mailfrom="x dmarc=pass"@evil.example',
        "spf=pass (dmarc=pass) smtp.mailfrom=evil.example",
        "spf=pass",
    ],
)
async def test_a_listed_sealer_who_saw_nothing_good_does_not(seen: str) -> None:
    found = await checked(sealed(_listed(signed()), LIST, seen), arc_sealers=(LIST,))
    assert (found.arc, found.arc_sealer) == ("pass", None)


async def test_a_stranger_before_the_listed_sealer_is_not_believed() -> None:
    invented = sealed(MAIL, "evil.example", SEEN)
    passed_on = sealed(invented, LIST, "arc=pass", "dmarc=fail header.from=author.example")
    found = await checked(passed_on, arc_sealers=(LIST,))
    assert (found.arc, found.arc_sealer) == ("pass", None)
    both = await checked(passed_on, arc_sealers=(LIST, "evil.example"))
    assert both.arc_sealer == "evil.example"


async def test_a_chain_whose_newest_seal_is_a_strangers_is_not_believed() -> None:
    raw = sealed(sealed(_listed(signed()), LIST, SEEN), "evil.example", "arc=pass", SEEN)
    assert (await checked(raw, arc_sealers=(LIST,))).arc_sealer is None


async def test_a_mail_that_was_changed_behind_the_seal_breaks_the_chain() -> None:
    raw = sealed(signed(), LIST, SEEN)
    assert (await checked(raw)).arc == "pass"
    assert (await checked(raw.replace(b"another", b"other"))).arc == "fail"
    assert (
        await checked(raw.replace(b"ARC-Authentication-Results: i=1; ", b"ARC-Authentication-Results: i=1; x"))
    ).arc == "fail"


def _three() -> bytes:
    raw = sealed(signed(), LIST, SEEN)
    for sealer in ("other.example", LIST):
        raw = sealed(raw, sealer, "arc=pass", SEEN)
    return raw


async def test_a_chain_of_three_holds() -> None:
    assert (await checked(_three())).arc == "pass"


async def test_every_seal_must_hold_not_only_the_newest() -> None:
    first = sealed(MAIL, LIST, SEEN)
    forged = re.sub(rb"(ARC-Seal: i=1;.*?\sb=)(.)", lambda found: found[1] + _swapped(found[2]), first, flags=re.DOTALL)
    assert forged != first
    for raw, expected in ((first, "pass"), (forged, "fail")):
        passed_on = sealed(raw, "other.example", "arc=pass", SEEN)
        found = await checked(passed_on, arc_sealers=(LIST, "other.example"))
        assert (found.arc, found.arc_sealer) == (expected, LIST if expected == "pass" else None)


def _swapped(character: bytes) -> bytes:
    return b"B" if character == b"A" else b"A"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"i=2;", b"i=4;"),
        (b"i=3;", b"i=2;"),
        (b"cv=pass;", b"cv=fail;"),
        (b"cv=none;", b"cv=pass;"),
        (b"i=1;", b"i=0;"),
    ],
    ids=["gap", "twice", "cv=fail", "cv of the first", "zero"],
)
async def test_s_50_a_chain_with_a_wrong_structure_fails_and_asks_nobody(was: bytes, becomes: bytes) -> None:
    resolver = published()
    raw = _three()
    assert was in raw
    assert (await checked(raw.replace(was, becomes), resolver)).arc == "fail"
    assert not [name for name, _ in resolver.asked if name.startswith("arc.")]


async def test_s_50_a_chain_of_51_sets_fails_and_asks_nobody() -> None:
    sets = b"".join(
        b"ARC-Seal: i=%d; a=rsa-sha256; cv=%s; d=list.example; s=arc; b=AA==\r\n"
        b"ARC-Message-Signature: i=%d; a=rsa-sha256; d=list.example; s=arc; h=from; bh=AA==; b=AA==\r\n"
        b"ARC-Authentication-Results: i=%d; list.example; none\r\n" % (n, b"none" if n == 1 else b"pass", n, n)
        for n in range(51, 0, -1)
    )
    resolver = published()
    assert (await checked(sets + MAIL, resolver)).arc == "fail"
    assert not [name for name, _ in resolver.asked if name.startswith("arc.")]


# What it means.


async def test_l_12_a_signature_alone_does_not_vouch_for_whom_it_is_sent_to() -> None:
    found = await checked(signed())
    assert looks_replayed(found, ["victim@ours.example"], ["bot@ours.example"])
    assert not looks_replayed(found, ["Bot+tag@ours.example"], ["bot@ours.example"])
    assert trust_of(found, suspect=True) == "unverified"


async def test_l_12_the_authors_own_envelope_does() -> None:
    found = await checked(signed(), client_ip=SENDER, mail_from="ann@author.example")
    assert found.aligned_by == ("spf", "dkim")
    assert not looks_replayed(found, ["blind@ours.example"], [])


async def test_l_12_a_signature_over_a_part_of_the_body_is_suspect() -> None:
    found = await checked(signed(length=True), client_ip=SENDER, mail_from="ann@author.example")
    assert (found.dmarc, found.dkim) == ("pass", "permerror")
    assert looks_replayed(found, ["bot@ours.example"], ["bot@ours.example"])


# What a provider told.


async def _told(raw: bytes, resolver: ZoneResolver | None = None, **told: Any) -> Authentication:
    return await checked(
        raw, resolver, client_ip=None, mail_from="b@author.example", told=Authentication(checked_by="ses", **told)
    )


async def test_a_providers_verdict_is_kept_and_marked() -> None:
    found = await _told(MAIL, spf="pass", dkim="pass", dmarc="pass")
    assert (found.spf, found.dkim, found.dmarc, found.checked_by) == ("pass", "pass", "pass", "ses")
    assert found.aligned_domain == AUTHOR
    assert (await _told(signed(), spf="fail", dkim="pass", dmarc="fail")).aligned_domain is None


async def test_a_provider_that_says_nothing_of_dmarc_has_it_completed() -> None:
    by_envelope = await _told(MAIL, spf="pass", dkim="none")
    assert (by_envelope.dmarc, by_envelope.aligned_by, by_envelope.checked_by) == ("pass", ("spf",), "ses")
    by_signature = await _told(signed(), spf="fail", dkim="pass")
    assert (by_signature.dmarc, by_signature.aligned_by) == ("pass", ("dkim",))
    # It says that a signature passed, not whose: that it is the author's, the mail itself must show.
    assert (await _told(MAIL, spf="fail", dkim="pass")).dmarc == "fail"


async def test_what_nobody_could_ask_is_no_failure() -> None:
    found = await checked(MAIL, client_ip=None)
    assert (found.spf, found.dmarc) == ("none", "none")
    assert is_unauthenticated(found)
