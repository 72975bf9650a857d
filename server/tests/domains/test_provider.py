"""A domain whose mail leaves by a provider that must know it: its records, its word, and its silence."""

from datetime import timedelta

import msgspec
import pytest

from agentpost_server.ports.domain_provider import Alias, ProviderError, ProviderRecords
from agentpost_server.ports.transport import TransportLimits
from domains.living import Owner, publish


class Provider:
    """A DomainProvider as the test wishes it."""

    def __init__(self) -> None:
        self.silent = False
        self.asked = ProviderRecords()

    async def records(self, domain: str) -> ProviderRecords:
        if self.silent:
            raise ProviderError("slow down")
        self.asked = msgspec.structs.replace(
            self.asked,
            cnames=(Alias(f"tok._domainkey.{domain}", "tok.dkim.amazonses.com"),),
            mail_from=f"bounces.{domain}",
            mail_from_mx="feedback-smtp.eu-west-1.amazonses.com",
            mail_from_spf="include:amazonses.com",
        )
        return self.asked

    async def close(self) -> None: ...


class Transport:
    """Only what a domain asks of one."""

    name = "ses"
    limits = TransportLimits(max_recipients=50, max_octets=1_000_000, signs_dkim=True, own_return_path=False)


@pytest.fixture
def provider(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Provider:
    made, runtime = Provider(), owner.server.runtime
    monkeypatch.setattr(runtime, "domain_providers", {"ses": made})
    monkeypatch.setattr(runtime, "transports", {**runtime.transports, "ses": Transport()})
    return made


async def test_its_records_and_its_word_are_needed_to_send(owner: Owner, provider: Provider) -> None:
    found = await owner.added()
    path = f"/domains/{found['id']}"
    provider.silent = True
    changed = (await owner.tenant.http.patch(path, json={"transport": "ses"})).json()
    assert (changed["status"], changed["can_send"], changed["can_receive"]) == ("verifying", False, True)
    assert {one["purpose"] for one in changed["records"]} == {"ownership", "mx", "dmarc"}
    assert (await owner.look(found))["can_send"] is False

    provider.silent = False
    asked = await owner.look(found)
    assert [(one["purpose"], one["type"], one["required"]) for one in asked["records"]][1:4] == [
        ("dkim", "CNAME", True),
        ("mail_from", "MX", True),
        ("spf", "TXT", True),
    ]
    publish(owner.names, asked)
    waiting = await owner.look(found)
    assert (waiting["status"], waiting["can_send"]) == ("verifying", False)
    provider.asked = msgspec.structs.replace(provider.asked, ready=True)
    assert (await owner.look(found))["status"] == "verified"
    refused = await owner.tenant.http.post(f"{path}/rotate-dkim")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_its_silence_takes_nothing_away(owner: Owner, provider: Provider) -> None:
    provider.asked = ProviderRecords(ready=True)
    made = await owner.add()
    await owner.tenant.http.patch(f"/domains/{made['id']}", json={"transport": "ses"})
    publish(owner.names, await owner.look(made))
    assert (await owner.look(made))["status"] == "verified"
    provider.silent = True
    await owner.age(made, timedelta(hours=100))
    for _ in range(4):
        assert (await owner.look(made))["can_send"]
