"""The TLS side of STARTTLS: a context that is good enough for strangers, and a check of those that others make."""

import asyncio
import ssl
from pathlib import Path


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or later, no renegotiation, no compression, any or no server name. Raises ssl.SSLError or OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(certificate, key)
    return context


def require_modern(context: ssl.SSLContext) -> None:
    """Raises ValueError when the context would speak TLS 1.1 or older; switches renegotiation off."""
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        raise ValueError("The TLS context of the SMTP receiver must have minimum_version TLSv1_2 or later.")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION


async def upgrade(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext, *, handshake_seconds: float
) -> asyncio.Transport | None:
    """The encrypted transport, or None when the handshake failed or took too long."""
    loop = asyncio.get_running_loop()
    try:
        return await loop.start_tls(
            transport, protocol, context, server_side=True, ssl_handshake_timeout=handshake_seconds
        )
    except (OSError, EOFError):
        # ssl.SSLError and time-outs are OSErrors.
        return None
