"""Every transport with its other side, for the suite that all must pass; and Amazon as moto plays it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from harness import Server, new_tenant
from providers.scripted_peer import ScriptedPeer
from providers.transports import peers, ses_line
from providers.transports.direct_peer import DirectPeer
from providers.transports.local_peer import open_local

KINDS = ("local", "smtp", "direct", "ses", "sendgrid", "postmark", "mailgun")
Open = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Amazon on loopback, with one verified identity: example.com."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "sesv2",
        endpoint_url=url,
        region_name=ses_line.REGION,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key=ses_line.SECRET,
    )
    client.create_email_identity(EmailIdentity="example.com")
    yield url
    server.stop()


@pytest.fixture
def nobodys_url() -> str:
    """Where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


@pytest_asyncio.fixture
async def open_peer(server: Server, moto_url: str, nobodys_url: str) -> AsyncIterator[Open]:
    """`await open_peer(kind)`; with `away=True` the transport's other side is not there."""
    async with AsyncExitStack() as ends:

        async def start(kind: str, *, away: bool = False) -> Any:
            url = nobodys_url if away else None
            if kind == "local":
                return await open_local(await ends.enter_async_context(new_tenant(server)))
            if kind in ("smtp", "direct"):
                return await _smtp(ends, url, DirectPeer if kind == "direct" else peers.SmtpPeer)
            peer = await (peers.ses(moto_url, url) if kind == "ses" else getattr(peers, kind)(url))
            ends.push_async_callback(peer.stand_in.stop)
            ends.push_async_callback(peer.transport.close)
            return peer

        yield start


async def _smtp(ends: AsyncExitStack, away: str | None, kind: type[peers.SmtpPeer]) -> peers.SmtpPeer:
    scripted = ScriptedPeer()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, limit=2**20)
    ends.callback(listening.close)
    ends.callback(scripted.over.set)
    port = int(away.rpartition(":")[2]) if away else listening.sockets[0].getsockname()[1]
    peer = kind(scripted, port)
    ends.push_async_callback(peer.transport.close)
    return peer


@pytest_asyncio.fixture
async def peer(request: pytest.FixtureRequest, open_peer: Open) -> Any:
    """The transport that the test is asked of."""
    return await open_peer(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `peer` is asked of every transport."""
    if "peer" in metafunc.fixturenames:
        metafunc.parametrize("peer", KINDS, indirect=True)
