"""One greeted connection to a server: aiosmtplib opens it, secures it and logs in; the dialogue on it is driven by us.

aiosmtplib's own `sendmail` is not used because it cannot tell whether the final dot had left when the line broke.
"""

import asyncio
import socket
import ssl
from typing import Final, cast

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from agentpost_server.providers.smtp.relay import SmtpRelay

# Everything that a peer, a resolver or a certificate can make the library raise.
LINE_ERRORS: Final = (SMTPException, OSError, TimeoutError, ValueError, RuntimeError, EOFError)
_CHUNK: Final = 64 * 1024


class TlsFailedError(SMTPException):
    """STARTTLS was offered, and came to nothing."""


class Connection:
    """An open line. `needs_reset` = an envelope was begun on it and not ended by a mail."""

    def __init__(self, client: SMTP, relay: SmtpRelay) -> None:
        if client.transport is None or client.protocol is None:
            raise SMTPServerDisconnected("The connection was lost while it was opened")
        # A cast, as uvloop's transports do not derive from asyncio's classes.
        transport, protocol = cast(asyncio.WriteTransport, client.transport), client.protocol
        # Told to wait until nothing is buffered, so that what was drained has really left this process.
        transport.set_write_buffer_limits(high=1, low=0)
        self._client = client
        self._relay = relay
        self._transport = transport
        self._protocol = protocol
        self._writer = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())
        self.mails = 0
        self.idle_since = 0.0
        self.needs_reset = False

    @property
    def host(self) -> str:
        return self._relay.host

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    def offers(self, extension: str) -> bool:
        return self._client.supports_extension(extension)

    @property
    def size_limit(self) -> int | None:
        """The SIZE that the peer declared (RFC 1870), None for none or no fixed one."""
        declared = self._client.esmtp_extensions.get("size", "")
        return int(declared) or None if declared.isascii() and declared.isdigit() and len(declared) < 16 else None

    async def command(self, *words: bytes, seconds: float | None = None) -> SMTPResponse:
        """One command, its reply. Raises LINE_ERRORS; a 421 also closes the line."""
        return await self._client.execute_command(*words, timeout=seconds or self._relay.command_seconds)

    async def expect_reply(self) -> "asyncio.Task[SMTPResponse]":
        """Listen before the content is written: some peers refuse in the middle of it, and a quick one answers the dot
        before the loop has come round. The library drops what comes while nobody listens, so the task must have begun.
        """
        reply = asyncio.get_running_loop().create_task(self._protocol.read_response())
        try:
            await asyncio.sleep(0)
        except BaseException:
            reply.cancel()
            raise
        return reply

    async def write(self, octets: bytes, reply: "asyncio.Task[SMTPResponse]") -> bool:
        """Write all and wait until it has left; False when a reply, or the end of the line, came first."""
        for start in range(0, len(octets), _CHUNK):
            if reply.done() or not self.is_open:
                return False
            self._writer.write(octets[start : start + _CHUNK])
            if self._transport.get_write_buffer_size() and not await self._drained(reply):
                return False
        return not reply.done()

    async def wait_for(self, reply: "asyncio.Task[SMTPResponse]", seconds: float) -> SMTPResponse:
        """The reply. Raises LINE_ERRORS, TimeoutError after `seconds`."""
        done, _ = await asyncio.wait({reply}, timeout=seconds)
        if not done:
            raise TimeoutError("The server did not answer in time")
        return reply.result()

    def write_now(self, octets: bytes) -> None:
        self._writer.write(octets)

    def abort(self) -> None:
        """Drop the line at once; nothing that is still buffered is sent."""
        self._transport.abort()
        self._client.close()

    async def quit(self, seconds: float) -> None:
        """Part politely, briefly."""
        try:
            await self._client.execute_command(b"QUIT", timeout=seconds)
        except LINE_ERRORS:
            pass
        finally:
            self.abort()

    async def _drained(self, reply: "asyncio.Task[SMTPResponse]") -> bool:
        drained = asyncio.get_running_loop().create_task(self._writer.drain())
        try:
            await asyncio.wait(
                {drained, reply}, timeout=self._relay.command_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if reply.done():
                return False
            if not drained.done():
                raise TimeoutError("The server stopped reading the content")
            drained.result()
            return True
        finally:
            if not drained.done():
                drained.cancel()
            elif not drained.cancelled():
                drained.exception()


async def open_connection(
    relay: SmtpRelay, tls_context: ssl.SSLContext | None, sock: socket.socket | None = None
) -> Connection:
    """Connect (unless `sock` is), greet, secure, log in. Raises LINE_ERRORS; nothing is left open then."""
    client = SMTP(
        hostname=relay.host,
        port=relay.port if sock is None else None,
        sock=sock,
        username=relay.username,
        password=relay.password,
        local_hostname=relay.local_hostname,
        timeout=relay.connect_seconds,
        use_tls=relay.tls == "tls",
        start_tls=relay.tls == "starttls",
        tls_context=tls_context,
    )
    try:
        async with asyncio.timeout(relay.connect_seconds):
            await client.connect()
            if relay.tls == "opportunistic":
                await _secure_if_offered(client)
            if client.is_ehlo_or_helo_needed:
                await _greet(client)
        return Connection(client, relay)
    except BaseException:
        if client.transport is not None:
            cast(asyncio.WriteTransport, client.transport).abort()
        client.close()
        if sock is not None:
            sock.close()
        raise


async def _secure_if_offered(client: SMTP) -> None:
    await _greet(client)
    if not client.supports_extension("starttls"):
        return
    try:
        await client.starttls()
    except LINE_ERRORS as error:
        raise TlsFailedError(f"TLS failed: {reason_of(error)}") from error


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


def reason_of(error: BaseException) -> str:
    """One sentence for people: what happened to the line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The server's certificate is not trusted: {error.verify_message}"
    if isinstance(error, SMTPResponseException):
        return f"The server answered {error.code} {error.message}"
    if isinstance(error, SMTPException):
        return error.message
    if isinstance(error, TimeoutError):
        return str(error) or "The server did not answer in time"
    return str(error) or type(error).__name__
