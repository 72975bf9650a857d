"""Rows H-28, H-29 and L-14: what an API caller may call an address, and which spellings are one mailbox."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.address import (
    AddressError,
    canonical,
    needs_smtputf8,
    parse_address,
    without_tag,
)
from agentpost_server.mail.homograph import is_mixed_script, to_unicode
from agentpost_server.mail.model import Address


@pytest.mark.parametrize(
    ("given_", "email", "name"),
    [
        ("a@b", "a@b", None),
        ("Ann <a@b.com>", "a@b.com", "Ann"),
        ("Dr. Ann O'Neil <a@b.com>", "a@b.com", "Dr. Ann O'Neil"),
        ('"Lee, Ann" <a@b.com>', "a@b.com", "Lee, Ann"),
        (r'"A \"B\" \\ C" <a@b.com>', "a@b.com", 'A "B" \\ C'),
        ('"(not a comment)" <a@b.com>', "a@b.com", "(not a comment)"),
        ("Ann (at (work)) <a@b.com> (really)", "a@b.com", "Ann"),
        ("a@b.com (Ann)", "a@b.com", None),
        ("<a@b.com>", "a@b.com", None),
        ("Ann.Lee+x@Example.COM", "Ann.Lee+x@example.com", None),
        ("ann@sandbox.test", "ann@sandbox.test", None),
        ("ann@x.example", "ann@x.example", None),
        ("root@localhost", "root@localhost", None),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example", None),
        ("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example", None),
        ("jörg@example.com", "jörg@example.com", None),
        ("!#$%&'*+-/?=^_`{|}~@b.com", "!#$%&'*+-/?=^_`{|}~@b.com", None),
        ("x" * 64 + "@b.com", "x" * 64 + "@b.com", None),
    ],
)
def test_accepts_what_every_program_reads_alike(given_: str, email: str, name: str | None) -> None:
    assert parse_address(given_) == Address(email=email, name=name)


@pytest.mark.parametrize(
    "given_",
    [
        '"a@evil.com x"@ours.com',
        "a@b.com,c@d.com",
        "a@b.com, c@d.com",
        "Ann <a@b.com>, Bob <c@d.com>",
        "<a@b.com>c@d.com",
        "<a@b.com><c@d.com>",
        "<<a@b.com>>",
        "<@relay.com:a@b.com>",
        "=?utf-8?q?a=40b?=@c",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        "a@b.com\0",
        "a@b.com\r\nBcc: x@y.com",
        "a\n@b.com",
        "a@b..com",
        "a@.b.com",
        "a@b.com.",
        "a@-b.com",
        "a@b_c.com",
        ".a@b.com",
        "a.@b.com",
        "a..b@c.com",
        "a b@c.com",
        "x" * 65 + "@b.com",
        "ü" * 33 + "@b.com",
        "a@" + "x" * 64 + ".com",
        "a@" + ".".join(["x" * 50] * 5) + ".com",
        "a@" + "x." * 127 + "x",
        "x" * 60 + "@" + ".".join(["y" * 60] * 4),
        "a@b@c.com",
        "a@",
        "@b.com",
        "",
        "Ann",
        "Ann <>",
        "Ann <a@b.com",
        "Ann a@b.com>",
        "Lee, Ann <a@b.com>",
        "a@evil.com <a@b.com>",
        '"Ann <a@b.com>',
        '"Ann" Lee <a@b.com>',
        "Ann (never closed <a@b.com>",
        "a\u200bb@c.com",
        "a\u202eb@c.com",
        "a\ud800@c.com",
        "a@xn--zzzzzzzz\u00ad-.com",
        "a@xn--a.com",
        "a@①②⑦.⓪.⓪.①",
        "Ann\x07 <a@b.com>",
        "N" * 300 + " <a@b.com>",
        "(" * 100_000,
    ],
)
def test_h28_refuses_what_two_programs_could_read_differently(given_: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_address(given_)
    assert "\n" not in str(refusal.value)


def test_object_form_takes_the_name_as_it_is() -> None:
    assert parse_address(Address(email="a@B.com", name=" Lee, Ann <x> ")) == Address("a@b.com", "Lee, Ann <x>")
    assert parse_address(Address(email="a@b.com", name="")) == Address("a@b.com", None)
    for bad in (Address("Ann <a@b.com>"), Address("a@b.com", "x\r\nBcc: y@z"), Address("a@b.com", "\u2028")):
        with pytest.raises(AddressError):
            parse_address(bad)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from('ab@.<>"\\(),:; =?[]é\u200d\r\n\0İßΣ'), max_size=40))
def test_reading_is_total_and_stable(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(address) == address
    assert parse_address(address.email).email == address.email
    assert not set('\r\n\0<>",') & set(address.email)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.com", "ann@example.COM"),
        ("ann@bücher.example", "Ann@xn--bcher-kva.example"),
        ("ann@example.com.", "ann@example.com"),
        ("jo\u0308rg@example.com", "J\u00d6RG@example.com"),
        ("\uff41nn@BÜCHER.example".replace("\uff41", "a"), "ann@bu\u0308cher.example"),
    ],
)
def test_l14_spellings_of_one_mailbox(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_l14_dots_and_tags_are_not_folded_by_the_rule_itself() -> None:
    assert canonical("a.nn@x.com") != canonical("ann@x.com")
    assert canonical("ann+tag@x.com") == "ann+tag@x.com"
    assert without_tag("ann+tag+more@x.com") == "ann@x.com"
    assert without_tag("+tag@x.com") == "+tag@x.com"
    assert without_tag("ann@x.com") == "ann@x.com"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_l14_canonical_is_total_and_idempotent(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)


def test_only_a_local_part_outside_ascii_needs_smtputf8() -> None:
    assert needs_smtputf8("jörg@example.com")
    assert not needs_smtputf8("ann@xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("domain", "mixed"),
    [
        ("example.com", False),
        ("bücher.example", False),
        ("pаypal.com", True),  # Cyrillic а
        ("xn--pypal-4ve.com", True),
        ("аррӏе.com", True),  # all Cyrillic look-alikes
        ("кто.рф", False),
        ("москва.рф", False),
        ("москва.com", False),
        ("日本語テスト.jp", False),
        ("sonyソニー.jp", False),
        ("한국google.kr", False),
        ("gοοgle.com", True),  # Greek ο
        ("xn--.com", False),
    ],
)
def test_h29_mixed_scripts_are_seen(domain: str, mixed: bool) -> None:
    assert is_mixed_script(domain) is mixed


def test_h29_both_forms_can_be_shown() -> None:
    assert parse_address("a@pаypal.com").email == "a@xn--pypal-4ve.com"
    assert to_unicode("xn--pypal-4ve.com") == "pаypal.com"
    assert to_unicode("xn--\ud800.com") == "xn--\ud800.com"
