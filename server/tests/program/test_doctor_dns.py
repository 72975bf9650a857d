"""The doctor and the DNS: a real name server on loopback that answers wrongly, badly, or not at all."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agentpost_server.accounts.organizations import create_organization
from agentpost_server.cli.doctor import domains, names, services
from agentpost_server.cli.doctor.model import Finding
from agentpost_server.core import ids
from agentpost_server.db import Database
from agentpost_server.providers.dns import DnsResolver
from databases import new_database
from dns_server import SERVFAIL, SILENCE, NameServer, name_server
from harness import KEYRING
from program.doctoring import SECRET, by_name, installation, told

HOST, ADDRESS, REVERSE = "mx.mail.example", "192.0.2.10", "10.2.0.192.in-addr.arpa"


@pytest_asyncio.fixture
async def server() -> AsyncGenerator[NameServer]:
    async with name_server() as running:
        running.zone |= {
            ("mail.example", "MX"): [f"10 {HOST}."],
            (HOST, "A"): [ADDRESS],
            (REVERSE, "PTR"): [f"{HOST}."],
        }
        running.txt("mail.example", f"v=spf1 a:{HOST} ~all")
        running.txt("_dmarc.mail.example", "v=DMARC1; p=none")
        yield running


async def asked(server: NameServer, **settings: Any) -> dict[str, Finding]:
    """All that is asked of the DNS for the shared domain."""
    one = installation(
        Path("/nonexistent"),
        **{"shared_domain": "mail.example", "smtp_hostname": HOST, "dns_servers": server.address, **settings},
    )
    resolver = DnsResolver(server.address)
    found = [await each(one, resolver) for each in (names.name_servers, names.shared_domain, names.mail_host)]
    return by_name([finding for part in found for finding in part])


async def test_what_stands_right_is_in_order(server: NameServer) -> None:
    found = await asked(server, direct=True)
    unsigned = found.pop("shared-domain-dkim")
    told(unsigned, "warning", "not signed", "AGENTPOST_DKIM_SELECTOR")
    assert {one.status for one in found.values()} == {"ok"}, found


@pytest.mark.parametrize("values", [None, ["10 mx.elsewhere.example."], ["5 mx.elsewhere.example.", f"10 {HOST}."]])
async def test_an_mx_that_does_not_lead_here_fails_and_is_told_with_the_record(
    server: NameServer, values: list[str] | None
) -> None:
    del server.zone["mail.example", "MX"]
    if values:
        server.zone["mail.example", "MX"] = values
    found = await asked(server)
    told(found["shared-domain-mx"], "failed", f"Publish: mail.example MX 10 {HOST}")
    told(found["shared-domain-mx"], "failed", values[0].strip(".") if values else "there is none")


async def test_mail_by_ses_must_lead_to_ses(server: NameServer) -> None:
    found = await asked(server, ses_region="eu-west-1", ses_inbound_bucket="s3://mail-in")
    told(found["shared-domain-mx"], "failed", "MX 10 inbound-smtp.eu-west-1.amazonaws.com")
    told(found["mail-host"], "not_checked", f"nobody looks {HOST} up")


async def test_spf_and_dmarc_that_miss(server: NameServer) -> None:
    server.txt("mail.example", "v=spf1 include:elsewhere.example -all")
    del server.zone["_dmarc.mail.example", "TXT"]
    found = await asked(server, direct=True)
    told(found["shared-domain-spf"], "failed", "include:elsewhere.example", f"v=spf1 a:{HOST} ~all")
    told(found["shared-domain-dmarc"], "warning", "v=DMARC1; p=none")
    found = await asked(server, relay_url="smtps://relay.example", spf_mechanism="include:relay.example")
    told(found["shared-domain-spf"], "warning", "v=spf1 include:relay.example ~all")
    assert "shared-domain-spf" not in await asked(server), "where no mail leaves in our name, none is needed"


async def test_a_dkim_record_with_another_key_fails(server: NameServer, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    server.txt("s1._domainkey.mail.example", "v=DKIM1; k=ed25519; p=AAAA")
    found = await asked(server, dkim_selector="s1", dkim_key_file=tmp_path / "key.pem")
    told(found["shared-domain-dkim"], "failed", "p=AAAA", "Publish: s1._domainkey.mail.example TXT v=DKIM1; k=ed25519")


async def test_a_mail_host_without_address_and_addresses_without_name(server: NameServer) -> None:
    server.zone[HOST, "AAAA"] = ["2001:db8::25"]
    told((await asked(server, direct=True))["reverse-dns"], "failed", "2001:db8::25 has no name", "PTR")
    told((await asked(server))["reverse-dns"], "warning", "2001:db8::25")
    del server.zone[HOST, "AAAA"]
    server.zone[REVERSE, "PTR"] = ["pool-10.provider.example."]
    told((await asked(server))["reverse-dns"], "warning", ADDRESS, HOST)
    server.zone["pool-10.provider.example", "A"] = [ADDRESS]
    told((await asked(server))["reverse-dns"], "ok", "pool-10.provider.example")
    del server.zone[HOST, "A"]
    told((await asked(server))["mail-host"], "failed", f"{HOST} has no address", "Publish an A record")


async def test_what_cannot_be_learnt_is_not_called_wrong(server: NameServer) -> None:
    for kind in ("MX", "TXT"):
        server.zone["mail.example", kind] = SERVFAIL
    server.zone[HOST, "A"] = SERVFAIL
    found = await asked(server, direct=True)
    for name in ("shared-domain-mx", "shared-domain-spf", "mail-host"):
        told(found[name], "not_checked", "could not be learnt")


async def test_a_silent_name_server_is_named_and_costs_seconds(server: NameServer, tmp_path: Path) -> None:
    server.zone["mail.example", "MX"] = SILENCE
    one = installation(tmp_path, shared_domain="mail.example", dns_servers=server.address)
    [found] = await names.name_servers(one, DnsResolver(server.address))
    told(found, "failed", "do not answer", "AGENTPOST_DNS_SERVERS")


async def test_blocklists_are_asked_for_their_test_entries(server: NameServer, tmp_path: Path) -> None:
    server.zone |= {
        ("2.0.0.127.good.example", "A"): ["127.0.0.2"],
        ("2.0.0.127.closed.example", "A"): ["127.255.255.254"],
        ("2.0.0.127.all.example", "A"): ["127.0.0.2"],
        ("1.0.0.127.all.example", "A"): ["127.0.0.2"],
        ("2.0.0.127.down.example", "A"): SERVFAIL,
    }
    zones = ("good", "closed", "all", "dead", "down")
    one = installation(tmp_path, spam_dnsbl=",".join(f"{zone}.example" for zone in zones))
    found = by_name(await services.blocklists(one, DnsResolver(server.address)))
    told(found["dnsbl:good.example"], "ok")
    told(found["dnsbl:closed.example"], "failed", "refuses")
    told(found["dnsbl:all.example"], "failed", "or everything")
    told(found["dnsbl:dead.example"], "failed", "lists nothing")
    told(found["dnsbl:down.example"], "failed", "does not answer")


async def test_every_tenants_domain_is_looked_at_anew(postgres: str, tmp_path: Path, server: NameServer) -> None:
    url = await new_database(postgres, "doctor_domains")
    database = await Database.open(url, KEYRING.password, size=1)
    tokens: dict[str, str] = {}
    for number, status in enumerate(("verified", "verified", "pending", "verified")):
        made = await create_organization(database, f"Org {number}")
        async with database.transaction(made.organization_id) as tx:
            name = f"d{number}.example"
            tokens[name] = await tx.value(
                """INSERT INTO domains (organization_id, environment_id, id, domain, status) VALUES ($1, $2, $3, $4, $5)
                   RETURNING token""",
                *(made.organization_id, made.live_environment_id, ids.new_id(), name, status),
            )
    await database.close()
    server.zone["d0.example", "MX"] = server.zone["d1.example", "MX"] = [f"10 {HOST}."]
    server.txt("_agentpost.d0.example", f"agentpost-verification={tokens['d0.example']}")
    server.zone["_agentpost.d3.example", "TXT"] = SERVFAIL
    one = installation(
        tmp_path,
        database_url=url,
        secret_key=SECRET,
        public_url="https://mail.example",
        dns_servers=server.address,
        smtp_hostname=HOST,
    )
    found = by_name(await domains.domains(one))
    told(found["domain:d0.example"], "ok", "verified; all 2 required records")
    told(found["domain:d1.example"], "failed", "_agentpost.d1.example TXT", tokens["d1.example"])
    told(found["domain:d2.example"], "warning", "pending", "d2.example MX", "_agentpost.d2.example")
    told(found["domain:d3.example"], "not_checked", "could not be learnt")
