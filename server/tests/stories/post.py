"""What stories are told with: a mail client, a webhook receiver, a socket, and patience with an end."""

import asyncio
import json
import smtplib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any, TypeVar

from websockets.asyncio.client import connect

from harness import Tenant

T = TypeVar("T")


async def mail_in(
    port: int, to: str, *, sender: str = "ann@example.com", subject: str, text: str, **headers: str
) -> str:
    """Hand a mail to the server as any mail client would. Answers its Message-ID."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = headers.pop("message_id", f"<{abs(hash((to, subject, text)))}@example.com>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    await asyncio.to_thread(_send, port, message)
    return str(message["Message-ID"])


def _send(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        assert smtp.send_message(message) == {}


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 10) -> T:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(seconds):
        while True:
            if (found := await look()) is not None:
                return found
            await asyncio.sleep(0.02)


async def first_message(tenant: Tenant, inbox_id: str, **filters: str) -> dict[str, Any]:
    """The newest message of an inbox that the filters let through, read whole."""

    async def look() -> dict[str, Any] | None:
        page = (await tenant.http.get(f"/inboxes/{inbox_id}/messages", params=filters)).json()
        return page["data"][0] if page["data"] else None

    found = await eventually(look)
    return (await tenant.http.get(f"/messages/{found['id']}")).json()


@asynccontextmanager
async def webhook_receiver() -> AsyncGenerator[tuple[str, "asyncio.Queue[tuple[dict[str, str], bytes]]"]]:
    """A URL on this machine, and the requests that came to it."""
    came: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")[1:-2]
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                came.put_nowait((headers, body))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", came
    finally:
        server.close()


@asynccontextmanager
async def socket_events(tenant: Tenant, **subscription: Any) -> AsyncGenerator[Callable[[], Awaitable[dict[str, Any]]]]:
    """A WebSocket that has subscribed; call it for the next event's envelope."""
    url = tenant.server.url.replace("http", "ws", 1) + "/ws"
    headers = {"Authorization": f"Bearer {tenant.organization.live_key}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        await socket.send(json.dumps({"type": "subscribe", **subscription}))
        assert json.loads(await socket.recv())["type"] == "subscribed"

        async def next_event() -> dict[str, Any]:
            while True:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
                if frame["type"] == "event":
                    return frame["data"]

        yield next_event
