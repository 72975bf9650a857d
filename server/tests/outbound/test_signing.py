"""Who signs what at the call: the From domain's own key, the server's for the shared domain, nobody where it is not
ours to sign. dkimpy verifies what went out."""

import re
from collections.abc import AsyncGenerator

import dkim
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agentpost_server.domains import store_keys
from agentpost_server.mail.dkim_sign import Signer, public_record
from agentpost_server.opening import signer_of
from agentpost_server.outbound import verp
from agentpost_server.ports.transport import Outcome, TransportLimits
from agentpost_server.settings import SettingsError, load
from harness import KEYRING
from outbound.bench import ACCEPTED, Bench, Scripted
from outbound.own_domain import KEYS, inbox_on, verified
from outbound.sending import send

SHARED = Signer(domain="agentpost.test", selector="s1", key=generate_private_key(public_exponent=65537, key_size=2048))
KEYS["s1._domainkey.agentpost.test."] = public_record(SHARED.key)


@pytest_asyncio.fixture
async def signed(bench: Bench) -> AsyncGenerator[Bench]:
    """A server that has a key for the shared domain."""
    bench.server.runtime.signer = SHARED
    yield bench
    bench.server.runtime.signer = None


def signature(raw: bytes) -> dict[str, str] | None:
    """The tags of the one signature on top, once it has verified."""
    if not raw.startswith(b"DKIM-Signature:"):
        return None
    assert raw.count(b"DKIM-Signature:") == 1
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: KEYS[name.decode()].encode())
    field = re.split(rb"\r\n(?!\s)", raw, maxsplit=1)[0].decode()
    parts = (part.partition("=") for part in field.partition(":")[2].split(";"))
    return {name.strip(): value for name, _, value in parts}


async def _out(bench: Bench, inbox_id: str | None = None) -> tuple[bytes, bytes]:
    """The raw mail as the API shows it, and as it went out."""
    to = ["a@b.example"]
    made = await (send(bench.tenant.http, inbox_id, to=to) if inbox_id else bench.sent(*to))
    bench.transport.script = [ACCEPTED]
    await bench.turn()
    return (await bench.tenant.http.get(f"/messages/{made['id']}/raw")).content, bench.transport.calls[-1][1]


async def test_mail_from_the_shared_domain_is_signed_by_the_servers_key(signed: Bench) -> None:
    kept, gone = await _out(signed)
    assert gone.endswith(kept)
    tags = signature(gone)
    assert tags is not None
    assert (tags["d"], tags["s"]) == ("agentpost.test", "s1")


async def test_without_a_key_nothing_is_signed(bench: Bench) -> None:
    kept, gone = await _out(bench)
    assert gone == kept


async def test_an_own_domain_signs_alone_and_so_does_what_stands_below_it(signed: Bench) -> None:
    name = await verified(signed)
    for domain in (name, f"sub.{name}"):
        agent = await inbox_on(signed, domain)
        _, gone = await _out(signed, agent["id"])
        tags = signature(gone)
        assert tags is not None
        assert tags["d"] == name


async def test_the_key_of_the_moment_of_the_call_signs(signed: Bench) -> None:
    name = await verified(signed)
    agent = await inbox_on(signed, name)
    await send(signed.tenant.http, agent["id"], to=["a@b.example"])
    key = generate_private_key(public_exponent=65537, key_size=2048)
    KEYS[f"new._domainkey.{name}."] = public_record(key)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    async with signed.server.database.transaction(signed.organization_id) as tx:
        domain_id = await tx.value("SELECT id FROM domains")
        sealed = signed.server.runtime.keyring.seal("dkim", pem)
        await store_keys.insert(
            tx, signed.organization_id, domain_id, selector="new", public_key="", private_key=sealed
        )
        await store_keys.activate(tx, signed.organization_id, domain_id, "new", overlap_seconds=600)
    signed.transport.script = [ACCEPTED]
    await signed.turn()
    tags = signature(signed.transport.calls[0][1])
    assert tags is not None
    assert tags["s"] == "new"


async def test_a_key_that_no_longer_opens_holds_up_nobodys_mail(signed: Bench) -> None:
    agent = await inbox_on(signed, await verified(signed))
    await signed.sql("UPDATE dkim_keys SET private_key = 'sealed by a secret that is gone'")
    for inbox_id in (agent["id"], None):
        _, gone = await _out(signed, inbox_id)
        assert (signature(gone) is None) is (inbox_id is not None)


async def test_a_large_mail_is_signed_too(signed: Bench) -> None:
    await signed.sent("a@b.example", text_body="A line of a long letter.\n" * 20_000)
    signed.transport.script = [ACCEPTED]
    await signed.turn()
    raw = signed.transport.calls[0][1]
    assert len(raw) > 262_144
    assert signature(raw) is not None


async def test_what_the_provider_signs_and_what_stays_here_are_left_alone(
    signed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = TransportLimits(max_recipients=50, max_octets=41_943_040, signs_dkim=True)
    monkeypatch.setattr(signed.transport, "limits", limits, raising=False)
    _, gone = await _out(signed)
    assert signature(gone) is None
    made = await signed.sent("delivered@sandbox.test")
    await signed.turn()
    assert b"DKIM-Signature" not in (await signed.tenant.http.get(f"/messages/{made['id']}/raw")).content


async def test_each_transport_of_a_failover_is_asked_whether_it_signs(signed: Bench) -> None:
    class Provider(Scripted):
        name = "provider"
        limits = TransportLimits(max_recipients=50, max_octets=41_943_040, signs_dkim=True)

    runtime = signed.server.runtime
    provider = Provider(ACCEPTED)
    runtime.transports, runtime.failover = {**runtime.transports, "provider": provider}, ("provider",)
    try:
        await signed.sent("a@b.example")
        signed.transport.script = [Outcome(status="deferred", transport_fault=True)]
        await signed.turn()
        await signed.turn()
    finally:
        runtime.failover = ()
    assert signature(signed.transport.calls[0][1]) is not None
    assert signature(provider.calls[0][1]) is None


@pytest.mark.parametrize("can_receive", [True, False])
async def test_reports_come_home_to_a_domain_that_receives_here_else_to_ours(bench: Bench, can_receive: bool) -> None:
    name = await verified(bench, can_receive=can_receive)
    agent = await inbox_on(bench, name)
    await _out(bench, agent["id"])
    mail_from = bench.transport.calls[0][0].mail_from
    assert mail_from.rpartition("@")[2] == (name if can_receive else "agentpost.test")
    assert verp.read(KEYRING, mail_from) is not None


@pytest.mark.parametrize(
    ("selector", "content", "said"),
    [
        ("s1", None, "DKIM_KEY_FILE names .*gone.pem, which cannot be read: No such file"),
        ("s1", b"rubbish", "DKIM_KEY_FILE names .*: it is not a private key in PEM"),
        ("", b"x", "belong together"),
        ("a b", b"x", "DKIM_SELECTOR must be"),
    ],
)
def test_a_wrong_key_of_the_server_stops_the_start(
    tmp_path_factory: pytest.TempPathFactory, selector: str, content: bytes | None, said: str
) -> None:
    path = tmp_path_factory.mktemp("keys") / ("gone.pem" if content is None else "key.pem")
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        signer_of(load({}, dkim_selector=selector, dkim_key_file=str(path)))


def test_the_servers_key_is_read_at_the_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    path.write_bytes(SHARED.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    read = signer_of(load({}, dkim_selector="s1", dkim_key_file=str(path), shared_domain="Mail.Example"))
    assert read is not None
    assert (read.domain, public_record(read.key)) == ("mail.example", public_record(SHARED.key))
    assert signer_of(load({})) is None
