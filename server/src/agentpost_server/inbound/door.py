"""The SMTP door as a service of the process: the receiver with this house's limits, TLS and mailroom."""

import asyncio
import socket
import ssl
from pathlib import Path

from agentpost_server.inbound.mailroom import InboxMailroom
from agentpost_server.inbound.smtp import SmtpLimits, SmtpServer, SmtpStats, server_context
from agentpost_server.runtime import Runtime
from agentpost_server.settings import Settings, SettingsError


class SmtpDoor:
    """Listens once started; `port` is the bound one. `sock` is bound already, or None: then settings say where."""

    def __init__(self, runtime: Runtime, sock: socket.socket | None = None) -> None:
        self._runtime = runtime
        self._sock = sock
        self._server: SmtpServer | None = None
        self.port = 0

    async def start(self) -> None:
        settings, spool = self._runtime.settings, self._runtime.spool_folder
        if spool is not None:
            await asyncio.to_thread(spool.mkdir, mode=0o700, parents=True, exist_ok=True)
        self._server = await SmtpServer.start(
            settings.host,
            settings.smtp_port,
            mailroom=InboxMailroom(self._runtime),
            limits=_limits(settings),
            hostname=self._runtime.smtp_hostname,
            tls=_tls(settings),
            sock=self._sock,
            spool_folder=spool,
        )
        self.port = self._server.port

    @property
    def stats(self) -> SmtpStats | None:
        """The receiver's totals; None before the start."""
        return self._server.stats if self._server is not None else None

    async def close(self, grace_seconds: float = 10) -> None:
        if self._server is not None:
            await self._server.close(grace_seconds)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """None: STARTTLS is not offered. Raises SettingsError."""
    certificate, key = settings.smtp_tls_certificate, settings.smtp_tls_key
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise SettingsError("AGENTPOST_SMTP_TLS_CERTIFICATE and AGENTPOST_SMTP_TLS_KEY go together: set both or none.")
    try:
        return server_context(Path(certificate), Path(key))
    except OSError as error:  # an SSLError is one
        raise SettingsError(f"AGENTPOST_SMTP_TLS_CERTIFICATE and its key cannot be used: {error}.") from error


def _limits(settings: Settings) -> SmtpLimits:
    return SmtpLimits(
        max_message_octets=settings.max_receive_octets,
        max_connections=settings.smtp_max_connections,
        max_connections_per_network=settings.smtp_max_connections_per_network,
        refuse_bare_newlines=settings.smtp_refuse_bare_newlines,
    )
