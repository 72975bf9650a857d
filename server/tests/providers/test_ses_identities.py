"""SES as a DomainProvider: against moto where it plays along, and a stand-in for the operations that it lacks."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agentpost_server.ports.domain_provider import Alias, ProviderError
from agentpost_server.providers.aws import AwsAccount
from agentpost_server.providers.ses import SesIdentities
from agentpost_server.providers.sigv4 import Credentials

_KEYS = Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="secret")
_PREFIX = "/v2/email/identities"


class Ses:
    """The three operations of the SESv2 API, as its public reference describes them."""

    def __init__(self) -> None:
        self.identities: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str]] = []
        self.throttles = False

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
        self.calls.append((method, path))
        if self.throttles:
            return 429, "TooManyRequestsException", {"message": "slow down"}
        if method == "POST":
            name = body["EmailIdentity"]
            if name in self.identities:
                return 400, "AlreadyExistsException", {"message": name}
            dkim = {"Status": "PENDING", "Tokens": ["a", "b", "c"], "SigningAttributesOrigin": "AWS_SES"}
            self.identities[name] = {"VerifiedForSendingStatus": False, "DkimAttributes": dkim}
            return 200, "", {}
        name, _, tail = path.removeprefix(f"{_PREFIX}/").partition("/")
        if name not in self.identities:
            return 404, "NotFoundException", {"message": name}
        if tail == "mail-from":
            assert body["BehaviorOnMxFailure"] == "USE_DEFAULT_VALUE"
            self.identities[name]["MailFromAttributes"] = {"MailFromDomain": body["MailFromDomain"]}
        return 200, "", {} if tail else self.identities[name]


@asynccontextmanager
async def stand_in() -> AsyncGenerator[tuple[Ses, SesIdentities]]:
    ses = Ses()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = next((int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-length")), 0)
        raw = await reader.readexactly(length)
        status, kind, answer = ses.answer(method, path, json.loads(raw or b"{}"))
        body = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nx-amzn-ErrorType: {kind}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = AwsAccount(region="eu-west-1", endpoint=f"http://127.0.0.1:{port}", credentials=_KEYS)
    identities = SesIdentities(account)
    yield ses, identities
    await identities.close()
    server.close()


async def test_a_domain_is_made_known_once_and_its_records_told() -> None:
    async with stand_in() as (ses, identities):
        first = await identities.records("mail.example")
        assert first.cnames[0] == Alias("a._domainkey.mail.example", "a.dkim.amazonses.com")
        assert len(first.cnames) == 3
        assert (first.mail_from, first.mail_from_mx, first.mail_from_spf) == (
            "bounces.mail.example", "feedback-smtp.eu-west-1.amazonses.com", "include:amazonses.com",
        )  # fmt: skip
        assert not first.ready
        before = len(ses.calls)
        ses.identities["mail.example"]["VerifiedForSendingStatus"] = True
        ses.identities["mail.example"]["DkimAttributes"]["Status"] = "SUCCESS"
        assert (await identities.records("mail.example")).ready
        assert ses.calls[before:] == [("GET", f"{_PREFIX}/mail.example")]


async def test_an_identity_of_the_accounts_own_is_left_as_it_is() -> None:
    async with stand_in() as (ses, identities):
        ses.identities["mail.example"] = {
            "VerifiedForSendingStatus": True,
            "DkimAttributes": {"Status": "SUCCESS", "Tokens": ["own"], "SigningAttributesOrigin": "EXTERNAL"},
            "MailFromAttributes": {"MailFromDomain": "Send.mail.example"},
        }
        found = await identities.records("mail.example")
        assert (found.cnames, found.mail_from, found.ready) == ((), "send.mail.example", True)
        assert [method for method, _ in ses.calls] == ["GET"]


async def test_what_sends_already_gets_no_mail_from_of_ours() -> None:
    """Any tenant may name any domain, and has proven nothing of it when SES is first asked."""
    async with stand_in() as (ses, identities):
        sends = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS", "Tokens": ["a"]}}
        ses.identities["mail.example"] = dict(sends)
        found = await identities.records("mail.example")
        assert (found.mail_from, len(found.cnames), found.ready) == ("", 1, True)
        assert ses.identities["mail.example"] == sends


async def test_what_cannot_be_learnt_is_a_provider_error() -> None:
    async with stand_in() as (ses, identities):
        ses.throttles = True
        with pytest.raises(ProviderError, match="TooManyRequests"):
            await identities.records("mail.example")
    nobody = SesIdentities(AwsAccount(region="eu-west-1", endpoint="http://127.0.0.1:1", credentials=_KEYS))
    with pytest.raises(ProviderError):
        await nobody.records("mail.example")
    await nobody.close()


async def test_moto_knows_our_create_and_get() -> None:
    """Up to the call that moto does not have."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    identities = SesIdentities(AwsAccount(region="eu-west-1", endpoint=f"http://{host}:{port}", credentials=_KEYS))
    with pytest.raises(ProviderError):
        await identities.records("mail.example")
    client = identities._client  # pyright: ignore[reportPrivateUsage]
    assert (await client.call("get_email_identity", EmailIdentity="mail.example"))["IdentityType"] == "DOMAIN"
    await identities.close()
    server.stop()
