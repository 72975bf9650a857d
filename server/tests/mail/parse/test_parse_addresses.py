"""Address headers of the wild, and the attacks that live on reading them in two ways. S-52, M-19, H-29."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentpost_server.mail.addresses import read_addresses
from agentpost_server.mail.findings import Findings
from agentpost_server.mail.model import Address
from mail.parse.mails import checked, mail
from pace import here


def emails(field: str) -> list[str]:
    return [address.email for address in read_addresses([field], Findings())[0]]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a@b.example", [Address("a@b.example")]),
        ("<a@b.example>", [Address("a@b.example")]),
        ("a@b.example (Ann)", [Address("a@b.example", "Ann")]),
        ("Ann (x) <a@b.example>", [Address("a@b.example", "Ann")]),
        ('"Doe, \\"J\\"" <a@b.example>', [Address("a@b.example", 'Doe, "J"')]),
        ('"Ann \\\\" <a@b.example>', [Address("a@b.example", "Ann \\")]),
        ("'Ann' <a@b.example>", [Address("a@b.example", "Ann")]),
        ("=?utf-8?q?x=40evil.example=2C?= <a@b.example>", [Address("a@b.example", "x@evil.example,")]),
        ('"=?utf-8?b?w4Q=?=" <a@b.example>', [Address("a@b.example", "Ä")]),
        ("<@r.example,@s.example:a@b.example>", [Address("a@b.example")]),
        ('"a b"@c.example', [Address('"a b"@c.example')]),
        ('"ab"@c.example', [Address("ab@c.example")]),
        ("a@[192.0.2.1]", [Address("a@[192.0.2.1]")]),
        ("a@b.example; c@d.example", [Address("a@b.example"), Address("c@d.example")]),
        ("undisclosed-recipients:;", []),
        (
            "G: a@b.example, N <c@d.example>;, e@f.example",
            [Address("a@b.example"), Address("c@d.example", "N"), Address("e@f.example")],
        ),
        ("Ann a@b.example", [Address("a@b.example", "Ann")]),
        ("a@bücher.example", [Address("a@xn--bcher-kva.example")]),
        ("jörg@b.example", [Address("jörg@b.example")]),
        ("Ann <a@b.example", [Address("a@b.example", "Ann")]),
        ("Ann <a@b.example, Bob <c@d.example>", [Address("a@b.example", "Ann"), Address("c@d.example", "Bob")]),
        ("mailto:a@b.example", [Address("a@b.example")]),
    ],
)
def test_address_forms(field: str, expected: list[Address]) -> None:
    assert list(read_addresses([field], Findings())[0]) == expected


@pytest.mark.parametrize(
    "field",
    [
        "",
        "<>",
        "Ann",
        "a@",
        "@b",
        "a@b..example",
        "a@-",
        "a b <x y@c.example>",
        "a@b\x00.example",
        '"',
        "(",
        "<<<>>>",
        ",,,;;;::",
    ],
)
def test_what_names_no_mailbox_gives_none(field: str) -> None:
    assert emails(field) == []


def test_text_that_looks_like_an_address_before_the_real_one_is_a_name() -> None:
    found, _ = read_addresses(["boss@ours.example <a@evil.example>"], Findings())
    assert found == (Address("a@evil.example", "boss@ours.example"),)
    assert emails('"boss@ours.example" <a@evil.example>') == ["a@evil.example"]
    assert emails("=?utf-8?q?a=40ours.example?= <a@evil.example>") == ["a@evil.example"]
    assert emails("a@evil.example(<boss@ours.example>,)") == ["a@evil.example"]


def test_an_ambiguous_field_gives_every_candidate() -> None:
    assert emails("<a@b.example>c@d.example") == ["a@b.example", "c@d.example"]
    assert emails("<a@b.example><c@d.example>") == ["a@b.example", "c@d.example"]
    assert emails("a@b.example c@d.example") == ["a@b.example", "c@d.example"]


def test_s52_two_from_fields() -> None:
    parsed = checked(mail("From: a@b.example", "From: c@d.example"))
    assert parsed.from_address == Address("a@b.example")
    assert parsed.from_count == 2
    assert [address.email for address in parsed.from_addresses] == ["a@b.example", "c@d.example"]
    assert "double_from" in parsed.flags
    assert not parsed.single_author


def test_s52_one_from_with_two_addresses() -> None:
    parsed = checked(mail("From: a@b.example, c@d.example", "Sender: a@b.example"))
    assert parsed.from_count == 1
    assert "double_from" in parsed.flags
    assert not parsed.single_author


@pytest.mark.parametrize("field", ["From:", "From: ", "From: <>", "From: nobody", "X-From: a@b.example"])
def test_s52_empty_from(field: str) -> None:
    parsed = checked(mail(field, "To: a@b.example"))
    assert parsed.from_address is None
    assert "from_missing" in parsed.defects
    assert parsed.parse_status == "defective"
    assert not parsed.single_author


def test_s52_group_in_from() -> None:
    parsed = checked(mail("From: Team: a@b.example;"))
    assert parsed.from_address == Address("a@b.example")
    assert "from_group" in parsed.defects
    assert not parsed.single_author


@pytest.mark.parametrize(
    "fields",
    [
        ["From: a@b.example, junk junk <c@>"],
        ["From: a@b.example," + " <x@>," * 1_500 + "c@d.example"],
        ["From: a@b.example (" + "x" * 300_000 + "), c@d.example"],
        ["From: a@b.example", *["X: y"] * 2_500, "From: c@d.example"],
    ],
)
def test_s52_an_author_who_may_hide_another_is_not_single(fields: list[str]) -> None:
    parsed = checked(mail(*fields))
    assert parsed.from_address is not None
    assert parsed.from_address.email == "a@b.example"
    assert not parsed.single_author


def test_h29_mixed_script_domain_is_flagged() -> None:
    assert "mixed_script" in checked(mail("From: a@p\u0430ypal.example")).flags
    assert "mixed_script" not in checked(mail("From: a@bücher.example")).flags


def test_m19_a_hundred_thousand_addresses() -> None:
    listed = ", ".join(f"u{n}@e.example" for n in range(100_000))
    parsed = checked(mail("From: a@b.example", "To: " + listed))
    assert len(parsed.to) == 1_000
    assert (parsed.to[0].email, parsed.to[-1].email) == ("u0@e.example", "u999@e.example")
    assert parsed.parse_status == "limited"
    assert "address_limit" in parsed.defects


def test_m19_a_hundred_thousand_to_fields() -> None:
    parsed = checked(mail("From: a@b.example", *[f"To: u{n}@e.example" for n in range(100_000)]))
    assert len(parsed.to) == 1_000
    assert len(parsed.headers) <= 2_000
    assert {"address_limit", "header_limit"} <= set(parsed.defects)


def test_m19_nested_groups_and_comments() -> None:
    parsed = checked(
        mail("From: " + "(" * 5_000 + "x" + ")" * 5_000 + " a@b.example", "To: " + "g:" * 5_000 + "c@d.example")
    )
    assert parsed.from_address is not None
    assert parsed.from_address.email == "a@b.example"
    assert [address.email for address in parsed.to] == ["c@d.example"]
    assert checked(mail("From: a@b.example " + "(" * 100_000)).from_address is not None


@pytest.mark.parametrize("unit", ["a@b ", "a b ", "a@-,", '"a,', "<a@b", "a@b<", "(a", "a:", "[", "=?q?q?a@b?= "])
def test_m19_no_repetition_is_quadratic(unit: str) -> None:
    field = unit * ((256 << 10) // len(unit))
    started = time.process_time()
    found, _ = read_addresses([field, field], Findings())
    assert time.process_time() - started < here(3.0)
    assert len(found) <= 1_000


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet='ab@.<>",;:()[]\\ =?é\x00', max_size=60), max_size=4))
def test_any_address_fields_give_mailboxes_only(fields: list[str]) -> None:
    for address in read_addresses(fields, Findings())[0]:
        local, at, domain = address.email.rpartition("@")
        assert at
        assert local
        assert domain == domain.lower()
        assert not set(address.email) & set("\r\n\x00<>")
