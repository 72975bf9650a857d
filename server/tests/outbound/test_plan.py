"""Which transport a recipient goes by, and which calls that makes."""

import pytest

from agentpost_server.core.secrets import Keyring
from agentpost_server.outbound import verp
from agentpost_server.outbound.plan import is_allowed, plan, transport_of

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
    assert transport_of(email, kind=kind, transport="smtp", allowed=["me@x.org", "@example.com"]) == expected


def test_an_empty_list_allows_nobody() -> None:
    assert not is_allowed("a@example.com", [])


def test_one_call_for_each_domain_and_no_more_recipients_than_it_carries() -> None:
    routes = [(f"{n}@a.example", "smtp") for n in range(5)] + [("x@b.example", "smtp"), ("echo@sandbox.test", "local")]
    calls = plan(KEYRING, "ours.test", routes, lambda transport: 2 if transport == "smtp" else 50)
    assert [(one.transport, one.domain, len(one.recipients)) for one in calls] == [
        ("smtp", "a.example", 2),
        ("smtp", "a.example", 2),
        ("smtp", "a.example", 1),
        ("smtp", "b.example", 1),
        ("local", "sandbox.test", 1),
    ]
    assert [verp.read(KEYRING, one.mail_from) for one in calls] == [one.id for one in calls]
    assert {one.mail_from.rpartition("@")[2] for one in calls} == {"ours.test"}
