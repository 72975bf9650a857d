"""The composition root: the one place that picks providers, mounts doors and says which role runs what."""

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from agentpost_server import __version__
from agentpost_server.accounts import api as accounts_api
from agentpost_server.accounts import records_api
from agentpost_server.accounts.authenticate import Authenticator
from agentpost_server.accounts.request import (
    authorise,
    provide_caller,
    provide_effect,
    provide_runtime,
    provide_tenant,
)
from agentpost_server.core.secrets import Keyring
from agentpost_server.core.times import now
from agentpost_server.db import Database
from agentpost_server.db.migrate import not_run
from agentpost_server.inboxes import api as inboxes_api
from agentpost_server.ports.blobs import Blobs
from agentpost_server.providers.files import FileBlobs
from agentpost_server.providers.postgres_bus import PostgresBus
from agentpost_server.providers.s3 import S3Blobs, S3Location
from agentpost_server.providers.sigv4 import Credentials
from agentpost_server.requests import RequestLog
from agentpost_server.requests.observe import observer
from agentpost_server.runtime import Runtime
from agentpost_server.settings import Settings, SettingsError
from agentpost_server.usage import Usage
from agentpost_server.web import health, metrics
from agentpost_server.web.application import API_PREFIX, make_application
from agentpost_server.web.context import Network
from agentpost_server.web.edge import AsgiApp, Edge
from agentpost_server.web.limiter import Limiter
from agentpost_server.web.reference import describe
from agentpost_server.web.reference import routes as reference_routes
from agentpost_server.web.reference.routes import Reference
from agentpost_server.work import Chore, Service, backlog

API_ROUTES: list[Any] = [*accounts_api.ROUTES, *records_api.ROUTES, *inboxes_api.ROUTES, *reference_routes.API_ROUTES]
ROOT_ROUTES: list[Any] = [*reference_routes.PAGE_ROUTES]
PROBE_ROUTES: list[Any] = [*health.ROUTES, *metrics.ROUTES]
_DESCRIPTION = """Self-hosted e-mail for AI agents: inboxes by program, mail in and out, threads, events.

Every error is `application/problem+json` with a stable `code` and a `fix`. Lists are paged by `limit` and `page_token`.
POSTs that create or send take an `Idempotency-Key`. Times are RFC 3339 in UTC; sizes are octets."""


async def open_runtime(settings: Settings, *, keyring: Keyring, dsn: str, data_dir: Path, public_url: str) -> Runtime:
    """Open every port of the process. `close_runtime` is its end."""
    database = await Database.open(dsn, keyring.password, size=settings.database_connections)
    bus = PostgresBus(database.dsn)
    await bus.start()
    return Runtime(
        settings=settings,
        keyring=keyring,
        database=database,
        blobs=open_blobs(settings, data_dir),
        bus=bus,
        transports={},
        count=_uncounted,
        now=now,
        public_url=public_url,
        smtp_hostname=settings.smtp_hostname or urlsplit(public_url).hostname or "localhost",
    )


def _uncounted(_organization_id: UUID, _counter: str, _amount: int) -> None:
    """Commands that never become a Process count nothing."""


async def close_runtime(runtime: Runtime) -> None:
    for transport in runtime.transports.values():
        await transport.close()
    await runtime.bus.close()
    await runtime.database.close()


def open_blobs(settings: Settings, data_dir: Path) -> Blobs:
    """The bucket that `blob_url` names, else files below the data folder."""
    if not settings.blob_url:
        return FileBlobs(data_dir / "blobs")
    url = urlsplit(settings.blob_url)
    if url.scheme != "s3" or not url.hostname:
        raise SettingsError("AGENTPOST_BLOB_URL must look like s3://bucket/prefix, or be empty for files.")
    credentials = None
    if settings.s3_access_key_id:
        credentials = Credentials(
            access_key_id=settings.s3_access_key_id, secret_access_key=settings.s3_secret_access_key
        )
    location = S3Location(
        bucket=url.hostname,
        region=settings.s3_region,
        endpoint=settings.s3_endpoint or None,
        prefix=url.path.strip("/"),
        credentials=credentials,
    )
    return S3Blobs(location)


class Process:
    """One process of the server: its HTTP application and the services of its roles."""

    def __init__(self, runtime: Runtime, roles: Sequence[str], *, smtp_socket: socket.socket | None = None) -> None:
        """`smtp_socket` is bound already (`up` looks for a free port, workers share one); None: bind by settings."""
        self.runtime = runtime
        self.roles = frozenset(roles)
        self.smtp_socket = smtp_socket
        self.authenticator = Authenticator(runtime.database, runtime.now)
        self.requests = RequestLog(runtime.database)
        self.usage = Usage(runtime.database)
        runtime.count = self.usage.count
        self.smtp_port = 0
        self.health = health.Health(
            {"database": self._check_database, "blobs": self._check_blobs, "migrations": self._check_migrations}
        )
        self.services: list[Service] = self._services()

    def http_application(self) -> AsgiApp:
        runtime = self.runtime
        serves_api = "api" in self.roles
        app = make_application(
            API_ROUTES if serves_api else [],
            root_routes=[*ROOT_ROUTES, *PROBE_ROUTES] if serves_api else PROBE_ROUTES,
            guard=authorise,
            dependencies={
                "runtime": provide_runtime,
                "caller": provide_caller,
                "tenant": provide_tenant,
                "effect": provide_effect,
            },
            state={
                "runtime": runtime,
                "authenticator": self.authenticator,
                "reference": Reference(openapi_document()),
                "limiter": Limiter(runtime.settings.requests_per_minute),
                "health": self.health,
            },
            body_limit=runtime.settings.max_send_octets * 4 // 3 + 1_048_576,
        )
        trusted = networks(runtime.settings.trusted_proxies)
        return Edge(
            app,
            trusted=trusted,
            errors_url=f"{runtime.public_url}/docs/errors",
            observe=observer(self.requests, self.usage.count),
        )

    async def start(self) -> None:
        for service in self.services:
            await service.start()

    async def close(self, grace_seconds: float = 10) -> None:
        for service in reversed(self.services):
            await service.close(grace_seconds)

    def _services(self) -> list[Service]:
        return [
            self.health,
            Chore("flush", 1, self._flush, last_time=True),
            Chore("backlog", 15, self._measure),
        ]

    async def _check_database(self) -> None:
        await self.runtime.database.route("SELECT 1")

    async def _check_blobs(self) -> None:
        await self.runtime.blobs.check()

    async def _check_migrations(self) -> str | None:
        missing = await not_run(self.runtime.database)
        return f"not run: {', '.join(missing)}" if missing else None

    async def _measure(self) -> None:
        metrics.set_backlog(await backlog(self.runtime.database))

    async def _flush(self) -> None:
        await self.requests.flush()
        await self.authenticator.flush_used()
        await self.usage.flush()


def openapi_document() -> dict[str, Any]:
    """What `openapi.json` in the repository must equal."""
    return describe(API_PREFIX, API_ROUTES, version=__version__, description=_DESCRIPTION)


def networks(text: str) -> tuple[Network, ...]:
    """CIDRs of a comma-separated setting."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
