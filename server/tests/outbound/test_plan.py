"""Which transport a recipient goes by, and which calls that makes."""

from typing import Any

import pytest

from agentpost_server.core.errors import Invalid
from agentpost_server.core.secrets import Keyring
from agentpost_server.mail.model import Address
from agentpost_server.outbound import verp
from agentpost_server.outbound.carriers import carriers, most_octets, of_octets, of_wide_addresses
from agentpost_server.outbound.plan import LOCAL, is_allowed, plan, transports_of
from agentpost_server.ports.transport import MailTransport, OutgoingEnvelope, Receipt, TransportLimits

KEYRING = Keyring((b"a secret of the tests, 32 bytes long",))


@pytest.mark.parametrize(
    ("kind", "email", "expected"),
    [
        ("live", "a@example.com", "smtp"),
        ("live", "echo+x@Sandbox.test", "local"),
        ("test", "a@example.com", "local"),
        ("dev", "me@x.org", "smtp"),
        ("dev", "Me@X.org", "smtp"),
        ("dev", "you@x.org", "local"),
        ("dev", "any@example.com", "smtp"),
        ("dev", "any@sub.example.com", "local"),
    ],
)
def test_what_must_not_leave_goes_by_the_local_network(kind: str, email: str, expected: str) -> None:
    found = transports_of(email, kind=kind, transports=("smtp",), allowed=["me@x.org", "@example.com"])
    assert found == (expected,)


def test_an_empty_list_allows_nobody() -> None:
    assert not is_allowed("a@example.com", [])


def _limits(**fields: Any) -> TransportLimits:
    return TransportLimits(**{"max_recipients": 50, "max_octets": 10_000, **fields})


def test_one_call_for_each_domain_and_no_more_recipients_than_any_of_its_transports_carries() -> None:
    real = ("smtp", "ses")
    routes = [(f"{n}@a.example", real) for n in range(5)] + [("x@b.example", real), ("echo@sandbox.test", (LOCAL,))]
    limits = {"smtp": _limits(), "ses": _limits(max_recipients=2), LOCAL: _limits()}
    calls = plan(KEYRING, "ours.test", routes, limits)
    assert [(one.transports, one.domain, len(one.recipients)) for one in calls] == [
        (real, "a.example", 2),
        (real, "a.example", 2),
        (real, "a.example", 1),
        (real, "b.example", 1),
        ((LOCAL,), "sandbox.test", 1),
    ]
    assert [verp.read(KEYRING, one.mail_from) for one in calls] == [one.id for one in calls]
    assert {one.mail_from.rpartition("@")[2] for one in calls} == {"ours.test"}


def test_a_provider_that_writes_the_to_field_gets_everybody_at_once() -> None:
    limits = {"sendgrid": _limits(writes_recipients=True), "smtp": _limits()}
    emails = ["a@a.example", "b@b.example"]
    for transports in (("sendgrid",), ("smtp", "sendgrid")):
        calls = plan(KEYRING, "ours.test", [(one, transports) for one in emails], limits)
        assert [one.recipients for one in calls] == [("a@a.example", "b@b.example")]


class Fake:
    """A transport that is only asked what it carries."""

    def __init__(self, name: str, **fields: Any) -> None:
        self.name = name
        self.limits = _limits(**fields)

    async def send(self, envelope: OutgoingEnvelope, raw: bytes) -> Receipt:
        raise AssertionError("nobody calls it")

    async def close(self) -> None: ...


HERE: dict[str, MailTransport] = {
    LOCAL: Fake(LOCAL),
    "smtp": Fake("smtp", max_octets=20_000),
    "ses": Fake("ses", signs_dkim=True, smtputf8=True),
}


@pytest.mark.parametrize(
    ("chosen", "failover", "expected"),
    [
        ("smtp", (), ("smtp",)),
        ("smtp", ("ses", "smtp"), ("smtp", "ses")),
        ("ses", ("smtp", "ses", "gone"), ("ses", "smtp")),
        ("gone", ("ses",), ("ses",)),
        ("gone", ("other",), ("gone",)),
        (LOCAL, ("ses",), (LOCAL,)),
    ],
)
def test_the_chosen_one_first_then_those_that_take_over_without_repeats(
    chosen: str, failover: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert carriers(chosen, failover, HERE) == expected


def test_a_wide_address_goes_by_what_carries_it_or_is_refused_by_its_field() -> None:
    plain, wide = Address(email="a@a.example"), Address(email="zoë@a.example")
    assert of_wide_addresses(("smtp", "ses"), HERE, {"to": [plain]}) == ("smtp", "ses")
    assert of_wide_addresses(("smtp", "ses"), HERE, {"to": [plain], "cc": [plain, wide]}) == ("ses",)
    with pytest.raises(Invalid, match=r"zoë@a\.example has .* the transport smtp cannot carry") as refused:
        of_wide_addresses(("smtp",), HERE, {"to": [plain], "cc": [plain, wide]})
    assert [(one.field, one.code) for one in refused.value.errors] == [("cc[1]", "recipient_needs_smtputf8")]


def test_sizes_are_the_transports_own_less_the_signature_that_we_add() -> None:
    assert most_octets(("smtp", "ses"), HERE, 50_000) == 20_000 - 1024
    assert most_octets(("ses",), HERE, 50_000) == 10_000
    assert most_octets(("gone",), HERE, 50_000) == 50_000
    assert most_octets(("smtp",), HERE, 5_000) == 5_000
    assert of_octets(("ses", "smtp"), HERE, 10_001) == ("smtp",)
    assert of_octets(("ses", "smtp"), HERE, 10_000) == ("ses", "smtp")
