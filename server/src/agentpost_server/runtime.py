"""The opened ports of one process. `app` makes it; verbs that do I/O take it; verbs that only write take a Tx."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from agentpost_server.core.secrets import Keyring
from agentpost_server.db import Database
from agentpost_server.mail.dkim_sign import Signer
from agentpost_server.ports.blobs import Blobs
from agentpost_server.ports.bus import Bus
from agentpost_server.ports.domain_provider import DomainProvider
from agentpost_server.ports.mail_objects import MailObjects
from agentpost_server.ports.queue import MessageQueue
from agentpost_server.ports.resolver import Resolver
from agentpost_server.ports.tally import Tally
from agentpost_server.ports.topics import Topics
from agentpost_server.ports.transport import MailTransport
from agentpost_server.settings import Settings


class Runtime(msgspec.Struct, kw_only=True):
    """Everything that outlives a request. `count(organization_id, counter, amount)` adds to the usage counters."""

    settings: Settings
    keyring: Keyring
    database: Database
    blobs: Blobs
    bus: Bus
    tally: Tally
    resolver: Resolver
    transports: Mapping[str, MailTransport]
    count: Callable[[UUID, str, int], None]
    now: Callable[[], datetime]
    public_url: str
    smtp_hostname: str
    failover: tuple[str, ...] = ()
    """Transports that take over, in this order, what the chosen one surely did not accept."""
    signer: Signer | None = None
    """Who signs mail from the shared domain."""
    domain_providers: Mapping[str, DomainProvider] = {}
    """By the transport whose provider must know a domain before it sends for it."""
    queue: MessageQueue | None = None
    """Where the notifications of SES arrive."""
    topics: Topics | None = None
    mail_objects: MailObjects | None = None
    """Where SES stores mail."""
    spool_folder: Path | None = None
    """Where mail above 256 KiB waits until it is whole: on the disk of the blobs, so that keeping it is a link."""
