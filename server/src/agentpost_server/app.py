"""The composition root: it mounts the doors and says which role runs what. The ports are picked in `opening`."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

from agentpost_server import __version__, notices
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
from agentpost_server.db.migrate import not_run
from agentpost_server.domains import api as domains_api
from agentpost_server.domains import count_by_status, reports_api
from agentpost_server.domains import lane as domains_lane
from agentpost_server.drafts import api as drafts_api
from agentpost_server.drafts import lane as drafts_lane
from agentpost_server.events import OutboxBell, Publisher
from agentpost_server.events import api as events_api
from agentpost_server.inbound import provider_api, unrouted
from agentpost_server.inbound.door import SmtpDoor
from agentpost_server.inbound.ingest import Ingest
from agentpost_server.inbound.intake import Intake
from agentpost_server.inbound.ses import stored
from agentpost_server.inbound.ses.poll import QueuePoll
from agentpost_server.inboxes import api as inboxes_api
from agentpost_server.leases import TEND_SECONDS
from agentpost_server.leases import api as leases_api
from agentpost_server.leases import tend as tend_leases
from agentpost_server.mcp import ROOT_ROUTES as MCP_ROUTES
from agentpost_server.mcp import McpDoor
from agentpost_server.messages import api as messages_api
from agentpost_server.messages import codes_api, files_api, retention, threads_api
from agentpost_server.messages.context import api as context_api
from agentpost_server.messages.file_reading import FileReading
from agentpost_server.outbound import api as outbound_api
from agentpost_server.outbound import links_api, record, transmit
from agentpost_server.outbound.deliverability import api as deliverability_api
from agentpost_server.outbound.deliverability import judge
from agentpost_server.outbound.holding import api as holding_api
from agentpost_server.outbound.holding import expiry, notice
from agentpost_server.outbound.holding import links_api as approval_links_api
from agentpost_server.outbound.holding.hold import NOTICE
from agentpost_server.policies import api as policies_api
from agentpost_server.policies import rules_api
from agentpost_server.policies.caps import prune as prune_caps
from agentpost_server.requests import RequestLog
from agentpost_server.requests.observe import observer
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import api as sandbox_api
from agentpost_server.screening.injection.attached import look_again
from agentpost_server.settings import Settings
from agentpost_server.streams import WATCH_SECONDS, Hub, watch_keys
from agentpost_server.streams import api as streams_api
from agentpost_server.usage import Usage
from agentpost_server.waits import Looks, Parking
from agentpost_server.waits import api as waits_api
from agentpost_server.waits import prune as prune_waits
from agentpost_server.web import health, metrics
from agentpost_server.web.application import API_PREFIX, make_application
from agentpost_server.web.context import Network
from agentpost_server.web.edge import AsgiApp, Edge
from agentpost_server.web.limiter import Limiter
from agentpost_server.web.reference import describe
from agentpost_server.web.reference import routes as reference_routes
from agentpost_server.web.reference.routes import Reference
from agentpost_server.webhooks import DeliveryLane
from agentpost_server.webhooks import api as webhooks_api
from agentpost_server.work import Chore, Lane, Service, backlog, prune

API_ROUTES: list[Any] = [
    *accounts_api.ROUTES,
    *records_api.ROUTES,
    *inboxes_api.ROUTES,
    *domains_api.ROUTES,
    *reports_api.ROUTES,
    *messages_api.ROUTES,
    *threads_api.ROUTES,
    *codes_api.ROUTES,
    *context_api.ROUTES,
    *files_api.ROUTES,
    *policies_api.ROUTES,
    *rules_api.ROUTES,
    *outbound_api.ROUTES,
    *drafts_api.ROUTES,
    *holding_api.ROUTES,
    *leases_api.ROUTES,
    *waits_api.ROUTES,
    *deliverability_api.ROUTES,
    *sandbox_api.ROUTES,
    *provider_api.ROUTES,
    *webhooks_api.ROUTES,
    *events_api.ROUTES,
    *streams_api.ROUTES,
    *reference_routes.API_ROUTES,
]
ROOT_ROUTES: list[Any] = [
    *reference_routes.PAGE_ROUTES,
    *files_api.ROOT_ROUTES,
    *links_api.ROOT_ROUTES,
    *approval_links_api.ROOT_ROUTES,
    *streams_api.ROOT_ROUTES,
    *MCP_ROUTES,
]
# What each kind of the product's own mails says.
NOTICES: dict[str, notices.Writer] = {NOTICE: notice.write}
PROBE_ROUTES: list[Any] = [*health.ROUTES, *metrics.ROUTES]
_LAST_SECONDS = 3
_DESCRIPTION = """Self-hosted e-mail for AI agents: inboxes by program, mail in and out, threads, events.

Every error is `application/problem+json` with a stable `code` and a `fix`. Lists are paged by `limit` and `page_token`.
POSTs that create or send take an `Idempotency-Key`. Times are RFC 3339 in UTC; sizes are octets."""


class Process:
    """One process of the server: its HTTP application and the services of its roles."""

    def __init__(self, runtime: Runtime, roles: Sequence[str], *, smtp_socket: socket.socket | None = None) -> None:
        """`smtp_socket` is bound already (`up` looks for a free port, workers share one); None: bind by settings."""
        self.runtime = runtime
        self.roles = frozenset(roles)
        self.authenticator = Authenticator(runtime.database, runtime.now)
        self.requests = RequestLog(runtime.database)
        self.usage = Usage(runtime.database)
        runtime.count = self.usage.count
        self.intake = Intake(runtime)
        self.smtp = SmtpDoor(runtime, smtp_socket) if "smtp" in self.roles else None
        self.health = health.Health(
            {"database": self._check_database, "blobs": self._check_blobs, "migrations": self._check_migrations},
            {"redis": runtime.bus.check} if runtime.settings.redis_url else {},
        )
        self.growth = metrics.Growth()
        self.hub = Hub(runtime.database, runtime.bus)
        self.parking = Parking(runtime.database, runtime.bus)
        self.mcp = McpDoor(runtime)
        self.services: list[Service] = self._services()

    @property
    def smtp_port(self) -> int:
        """The bound port of the SMTP door; 0 before the start and without the role."""
        return self.smtp.port if self.smtp else 0

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
                "limiter": Limiter(runtime.settings.requests_per_minute, runtime.tally),
                "hub": self.hub,
                "parking": self.parking,
                "mcp": self.mcp,
                "intake": self.intake,
                "health": self.health,
            },
            body_limit=runtime.settings.max_send_octets * 4 // 3 + 1_048_576,
        )
        trusted = networks(runtime.settings.trusted_proxies)
        edge = Edge(
            app,
            trusted=trusted,
            errors_url=f"{runtime.public_url}/docs/errors",
            observe=observer(self.requests, self.usage.count),
        )
        self.mcp.serve(edge)
        return edge

    async def start(self) -> None:
        for service in self.services:
            await service.start()

    async def close(self, grace_seconds: float = 10) -> None:
        """What has work under way finishes it side by side, so that one slow client or relay takes nobody else's grace;
        what carries and counts that work ends behind it."""
        busy = [one for one in self.services if isinstance(one, SmtpDoor | Ingest | Lane)]
        await asyncio.gather(*(one.close(grace_seconds) for one in busy))
        for service in reversed(self.services):
            if service not in busy:
                await service.close(min(grace_seconds, _LAST_SECONDS))

    def _services(self) -> list[Service]:
        services: list[Service] = [
            self.health,
            Chore("flush", 1, self._flush, last_time=True),
            Chore("backlog", 15, self._measure),
            Chore("numbers", 1, self._count_growth),
        ]
        if "api" in self.roles:
            services += [self.hub, self.parking, self.mcp]
            services.append(Chore("key-watch", WATCH_SECONDS, lambda: watch_keys(self.hub, self.authenticator)))
        if "worker" in self.roles:
            hooks = DeliveryLane(self.runtime)
            looks = Looks(self.runtime, self.parking.ring)
            services += [hooks, looks, self._publisher(hooks, looks)]
            services.append(
                Chore("prune", 60, lambda: prune(self.runtime.database, keeping_times(self.runtime.settings)))
            )
            services.append(Chore("leases", TEND_SECONDS, lambda: tend_leases(self.runtime)))
            services.append(Chore("waits", 15, lambda: prune_waits(self.runtime)))
            services.append(Chore("retention", 60, lambda: retention.keep_times(self.runtime)))
            services.append(self._mail_out())
            services.append(drafts_lane(self.runtime))
            services.append(expiry.lane(self.runtime))
            services.append(notices.Lane(self.runtime, NOTICES))
            services.append(Chore("deliverability", judge.EVERY_SECONDS, lambda: judge.add_up(self.runtime)))
            services.append(Chore("old-caps", 3600, lambda: prune_caps(self.runtime.database)))
            services.append(Chore("old-numbers", 3600, lambda: judge.prune(self.runtime)))
            services.append(domains_lane(self.runtime))
            services.append(Ingest(self.runtime))
            services.append(FileReading(self.runtime, heard=look_again))
            services += self._intake_services()
        else:
            services.append(OutboxBell(self.runtime.bus))
        if self.smtp is not None:
            services.append(self.smtp)
        return services

    def _publisher(self, hooks: DeliveryLane, looks: Looks) -> Publisher:
        consumers = [hooks.open, looks.match]
        return Publisher(self.runtime.database, self.runtime.bus, consumers=consumers, heard=[self.hub.ring])

    def _intake_services(self) -> list[Service]:
        intake, queue = self.intake, self.runtime.queue
        services: list[Service] = [Chore("unrouted", 60, lambda: unrouted.look_again(intake))]
        if self.runtime.mail_objects is not None:
            services.append(Chore("stored-mail", 60, lambda: stored.sweep(intake)))
        if queue is not None:
            services.append(QueuePoll(intake, queue))
        return services

    def _mail_out(self) -> Lane:
        lane = transmit.MailOut(self.runtime)
        self.runtime.bus.subscribe(record.TOPIC, lane.ring)
        return lane

    async def _check_database(self) -> None:
        await self.runtime.database.route("SELECT 1")

    async def _check_blobs(self) -> None:
        await self.runtime.blobs.check()

    async def _check_migrations(self) -> str | None:
        missing = await not_run(self.runtime.database)
        return f"not run: {', '.join(missing)}" if missing else None

    async def _measure(self) -> None:
        metrics.set_backlog(await backlog(self.runtime.database))
        metrics.set_domains(await count_by_status(self.runtime.database))

    async def _count_growth(self) -> None:
        self.growth.add(metrics.REQUEST_LOG_DROPPED, self.requests.dropped)
        if self.smtp is not None and (stats := self.smtp.stats) is not None:
            metrics.SMTP_OPEN.set(stats.open)
            self.growth.add(metrics.SMTP_CONNECTIONS, stats.connections)
            self.growth.add(metrics.SMTP_ACCEPTED, stats.accepted)
            self.growth.add(metrics.SMTP_ACCEPTED_OCTETS, stats.accepted_octets)
            for code, total in stats.refused.items():
                self.growth.add(metrics.SMTP_REFUSED.labels(code), total)

    async def _flush(self) -> None:
        await self.requests.flush()
        await self.authenticator.flush_used()
        await self.usage.flush()


def openapi_document() -> dict[str, Any]:
    """What `openapi.json` in the repository must equal."""
    return describe(API_PREFIX, API_ROUTES, version=__version__, description=_DESCRIPTION)


def keeping_times(settings: Settings) -> dict[str, int]:
    """Seconds that rows of a table are kept (SPEC 16); 0 where a row carries its own end."""
    return {
        "idempotency_keys": settings.idempotency_hours * 3600,
        "inbound_seen": 0,
        "stream_tickets": 0,
        "request_log": settings.request_log_days * 86400,
        "webhook_deliveries": settings.event_days * 86400,
        "events": settings.event_days * 86400,
        "notices": settings.event_days * 86400,
    }


def networks(text: str) -> tuple[Network, ...]:
    """CIDRs of a comma-separated setting."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
