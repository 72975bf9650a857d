"""What all sessions of one receiver share: the host's face, the mailroom, the counts, the tasks under way."""

import asyncio
import ssl
from pathlib import Path

from agentpost_server.inbound.smtp.connections import Connections
from agentpost_server.inbound.smtp.conversation import Host
from agentpost_server.inbound.smtp.data import DataReader
from agentpost_server.inbound.smtp.mailroom import Mailroom
from agentpost_server.inbound.smtp.stats import SmtpStats


class Reception:
    """Made by SmtpServer on its event loop; `quiet` is set while there is neither a connection nor a task."""

    def __init__(
        self, host: Host, mailroom: Mailroom, *, tls: ssl.SSLContext | None, spool_folder: Path | None
    ) -> None:
        self.host = host
        self.mailroom = mailroom
        self.tls = tls
        self.spool_folder = spool_folder
        self.loop = asyncio.get_running_loop()
        self.greeting = f"220 {host.hostname} ESMTP\r\n".encode("ascii")
        self.connections = Connections(host.limits)
        self.stats = SmtpStats()
        self.tasks: set[asyncio.Task[None]] = set()
        self.draining = False
        self.quiet = asyncio.Event()

    def new_reader(self) -> DataReader:
        limits = self.host.limits
        return DataReader(
            max_octets=limits.max_message_octets, memory_octets=limits.memory_octets, folder=self.spool_folder
        )

    def note_progress(self) -> None:
        """A connection or a task ended."""
        if self.draining and not self.connections.sessions and not self.tasks:
            self.quiet.set()
