"""A relay that takes its time and keeps a ledger of what it took: what really left the server."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes

from aiosmtpd.smtp import SMTP, Envelope, Session

_SECONDS = 0.2


class Relay:
    """`took` counts mails by subject; they count from the moment before the 250."""

    def __init__(self) -> None:
        self.port = 0
        self.took: Counter[str] = Counter()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(_SECONDS / 2)
        assert isinstance(envelope.content, bytes)
        self.took[message_from_bytes(envelope.content)["Subject"]] += 1
        await asyncio.sleep(_SECONDS / 2)
        return "250 taken"


@asynccontextmanager
async def listening() -> AsyncGenerator[Relay]:
    relay = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(relay, hostname="relay.test", loop=loop), "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
