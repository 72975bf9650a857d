"""Against an ordinary server (aiosmtpd): plain, STARTTLS and implicit TLS, log-in, and wrong certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
import pytest_asyncio
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from agentpost_server.mail.compose import OutgoingMail, compose
from agentpost_server.mail.model import Address


class Keeping:
    """A handler that keeps what it accepted."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        self.envelopes.append(envelope)
        return "250 2.0.0 kept"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest_asyncio.fixture
async def serve(authority: trustme.CA) -> AsyncIterator[Callable[..., Awaitable[tuple[Keeping, int]]]]:
    running: list[asyncio.Server] = []

    async def start(mode: str, *, name: str = "127.0.0.1", **settings) -> tuple[Keeping, int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        if mode == "starttls":
            settings |= {"tls_context": context, "require_starttls": True}
        handler = Keeping()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(handler, loop=loop, hostname="relay.example", **settings),
            "127.0.0.1",
            0,
            ssl=context if mode == "tls" else None,
        )
        running.append(server)
        return handler, server.sockets[0].getsockname()[1]

    yield start
    for server in running:
        server.close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


RAW = compose(
    OutgoingMail(
        from_address=Address("ann@example.com", "Änn"),
        to=(Address("bob@example.com"),),
        subject="Grüße",
        message_id="<1@x.example>",
        date=datetime(2024, 3, 5, tzinfo=UTC),
        text_body=".\nA line\n..dots\n",
        html_body="<p>é</p>",
    )
)


@pytest.mark.parametrize("mode", ["none", "starttls", "tls"])
async def test_composed_mail_arrives_unchanged(serve, authority, transport_to, envelope_to, mode: str) -> None:
    handler, port = await serve(mode)
    transport = transport_to(port, tls=mode, tls_context=trusting(authority))
    for _ in range(3):
        receipt = await transport.send(envelope_to("bob@example.com", "cid@example.com"), RAW)
        assert [o.status for o in receipt.outcomes.values()] == ["accepted", "accepted"]
    await transport.close()
    assert [e.content for e in handler.envelopes] == [RAW] * 3
    assert handler.envelopes[0].rcpt_tos == ["bob@example.com", "cid@example.com"]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_large_mail_over_tls(serve, authority, transport_to, envelope_to, mode: str) -> None:
    handler, port = await serve(mode)
    raw = (b"z" * 76 + b"\r\n") * 60_000
    receipt = await transport_to(port, tls=mode, tls_context=trusting(authority)).send(envelope_to(), raw)
    assert receipt.outcomes["bob@example.com"].status == "accepted"
    assert handler.envelopes[0].content == raw


@pytest.mark.parametrize(
    "case", ["starttls, unknown authority", "tls, unknown authority", "starttls, other name", "tls, other name"]
)
async def test_a_wrong_certificate_is_deferred(serve, authority, transport_to, envelope_to, case: str) -> None:
    mode, fault = case.split(", ")
    handler, port = await serve(mode, name="other.example" if fault == "other name" else "127.0.0.1")
    context = trusting(authority if fault == "other name" else trustme.CA())
    receipt = await transport_to(port, tls=mode, tls_context=context).send(envelope_to(), RAW)
    (outcome,) = receipt.outcomes.values()
    assert outcome.status == "deferred"
    assert "certificate" in (outcome.detail or "")
    assert handler.envelopes == []


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_log_in(serve, authority, transport_to, envelope_to, password: str) -> None:
    status = {"right": "accepted", "wrong": "deferred"}[password]

    def judge(server, session, envelope, mechanism, data) -> AuthResult:
        return AuthResult(success=data.password == b"right", handled=False)

    handler, port = await serve("starttls", authenticator=judge, auth_required=True)
    transport = transport_to(port, tls="starttls", tls_context=trusting(authority), username="ann", password=password)
    receipt = await transport.send(envelope_to(), RAW)
    (outcome,) = receipt.outcomes.values()
    assert outcome.status == status
    assert "right" not in (outcome.detail or "")
    assert len(handler.envelopes) == (status == "accepted")
