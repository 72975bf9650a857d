"""What counts as the record that was asked for, and what does not; total over whatever name servers answer."""

import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.domains.judge import judge
from agentpost_server.domains.model import DnsRecord
from agentpost_server.domains.records import Key, Wanted, Way, wanted
from agentpost_server.domains.zone_file import quoted, zone_file
from agentpost_server.ports.domain_provider import Alias, ProviderRecords

_PROVIDER = ProviderRecords(
    cnames=(Alias("tok._domainkey.mail.example", "tok.dkim.amazonses.com"),),
    mail_from="bounces.mail.example",
    mail_from_mx="feedback-smtp.eu-west-1.amazonses.com",
    mail_from_spf="include:amazonses.com",
)
_WAY = Way(mx_host="mx.example.net", spf=("a:mx.example.net", "mx"), spf_required=True, signs=True, provider=_PROVIDER)
_RECORDS = wanted("mail.example", "t0ken", [Key(selector="ap1", public_key="MIIB+/==")], _WAY)


def _one(purpose: str, kind: str = "") -> Wanted:
    """The last: the domain's own SPF stands behind the provider's."""
    return [one for one in _RECORDS if one.purpose == purpose and kind in ("", one.type)][-1]


@pytest.mark.parametrize(
    ("purpose", "kind", "values", "matches"),
    [
        ("ownership", "", ["agentpost-verification=t0ken"], True),
        ("ownership", "", ["other", " agentpost-verification = t0ken "], True),
        ("ownership", "", ["agentpost-verification=T0KEN"], False),
        ("ownership", "", ["agentpost-verification=t0ken2"], False),
        ("dkim", "TXT", ["p=MIIB+/=="], True),
        ("dkim", "TXT", ["v=DKIM1;k=rsa;t=s;p=MIIB +/= ="], True),
        ("dkim", "TXT", ["v=DKIM1; k=ed25519; p=MIIB+/=="], False),
        ("dkim", "TXT", ["v=DKIM1; h=sha1; p=MIIB+/=="], False),
        ("dkim", "TXT", ["v=DKIM1; p="], False),
        ("dkim", "CNAME", ["TOK.dkim.amazonses.com."], True),
        ("dkim", "CNAME", ["tok.dkim.amazonses.com.mail.example"], False),
        ("spf", "", ["v=spf1 a:mx.example.net ~all"], True),
        ("spf", "", ["V=SPF1 include:x.example +A:MX.example.net -all", "unrelated"], True),
        ("spf", "", ["v=spf1 mx -all"], True),
        ("spf", "", ["v=spf1 +all"], True),
        ("spf", "", ["v=spf1 -a:mx.example.net ~all"], False),
        ("spf", "", ["v=spf1 ~all a:mx.example.net"], False),
        ("spf", "", ["v=spf1 a:mx.example.net", "v=spf1 -all"], False),
        ("spf", "", ["v=spf10 a:mx.example.net"], False),
        ("mx", "", ["10 MX.example.net."], True),
        ("mx", "", ["5 mx.example.net", "5 other.example", "9 backup.example"], True),
        ("mx", "", ["1 other.example", "10 mx.example.net"], False),
        ("mx", "", ["0 "], False),
        ("mail_from", "", ["10 feedback-smtp.eu-west-1.amazonses.com"], True),
        ("dmarc", "", ["v=DMARC1; p=reject"], True),
        ("dmarc", "", ["v=DMARC1; sp=reject"], False),
        ("dmarc", "", ["v=DMARC1; p=none", "v=DMARC1; p=none"], False),
    ],
)
def test_what_counts(purpose: str, kind: str, values: list[str], matches: bool) -> None:
    assert judge(_one(purpose, kind), values).matches == matches
    assert not judge(_one(purpose, kind), []).matches


def test_only_what_could_be_meant_is_shown() -> None:
    assert judge(_one("spf"), ["google-site-verification=x", "v=spf1 -all"]).found == ["v=spf1 -all"]
    assert judge(_one("ownership"), ["x"] * 50 + ["agentpost-verification=y\x00"]).found == [
        "agentpost-verification=y\ufffd"
    ]
    shown = judge(_one("dkim", "TXT"), ["p=" + "x" * 60_000] * 50).found
    assert (len(shown), len(shown[0])) == (10, 1000)


@given(st.sampled_from([one for one in _RECORDS if one.type == "TXT"]), st.lists(st.text(max_size=200), max_size=5))
def test_a_strangers_txt_is_judged_whatever_it_is(record: Wanted, values: list[str]) -> None:
    assert judge(record, values).matches in (True, False)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=900))
def test_any_text_survives_a_zone_file(text: str) -> None:
    import dns.rdata

    read = dns.rdata.from_text("IN", "TXT", quoted(text))
    assert b"".join(getattr(read, "strings")).decode() == text  # noqa: B009 a type of its own


def test_a_zone_file_ends_every_host_with_its_dot() -> None:
    """Without it a name server reads the name as one below the zone."""
    records = [
        DnsRecord(
            **{name: getattr(one, name) for name in ("type", "name", "value", "priority", "purpose", "required")},
            ttl=3600,
            status="pending",
            found=[],
        )
        for one in _RECORDS
    ]
    zone = dns.zone.from_text(
        zone_file("mail.example", records), origin="mail.example.", relativize=False, check_origin=False
    )
    hosts = {
        (name.to_text(), rdata.rdtype.name, getattr(rdata, "target", None) or getattr(rdata, "exchange", None))
        for name, _, rdata in zone.iterate_rdatas()
        if rdata.rdtype.name != "TXT"
    }
    assert {(name, kind, str(host)) for name, kind, host in hosts} == {
        ("tok._domainkey.mail.example.", "CNAME", "tok.dkim.amazonses.com."),
        ("bounces.mail.example.", "MX", "feedback-smtp.eu-west-1.amazonses.com."),
        ("mail.example.", "MX", "mx.example.net."),
    }


def test_what_is_asked_for_follows_from_how_mail_goes() -> None:
    def purposes(**changes: object) -> list[tuple[str, str, bool]]:
        given_way = {"mx_host": "mx.example.net", "spf": (), "spf_required": False, "signs": True, "provider": None}
        way = Way(**{**given_way, **changes})  # type: ignore[arg-type]
        keys = [Key(selector="ap1", public_key="x")]
        return [(one.purpose, one.type, one.required) for one in wanted("mail.example", "t", keys, way)]

    assert purposes() == [
        ("ownership", "TXT", True),
        ("dkim", "TXT", True),
        ("mx", "MX", True),
        ("dmarc", "TXT", False),
    ]
    assert ("spf", "TXT", True) in purposes(spf=("a:x",), spf_required=True)
    assert purposes(signs=False, provider=_PROVIDER) == [
        ("ownership", "TXT", True),
        ("dkim", "CNAME", True),
        ("mail_from", "MX", True),
        ("spf", "TXT", True),
        ("mx", "MX", True),
        ("dmarc", "TXT", False),
    ]
