"""Prometheus numbers at `/metrics`. With several workers on one port each writes its numbers to files of a folder
(PROMETHEUS_MULTIPROC_DIR, set by the supervisor), and whichever is asked adds them up.
"""

import os
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SUM = "livesum"
SMTP_OPEN = Gauge("agentpost_smtp_connections_open", "SMTP connections open now", multiprocess_mode=_SUM)
SMTP_CONNECTIONS = Counter("agentpost_smtp_connections", "SMTP connections since start")
SMTP_ACCEPTED = Counter("agentpost_smtp_accepted", "Messages answered 250")
SMTP_ACCEPTED_OCTETS = Counter("agentpost_smtp_accepted_octets", "Octets of the messages answered 250")
SMTP_REFUSED = Counter("agentpost_smtp_refused", "Refusals by reply code", ["code"])
BACKLOG = Gauge(
    "agentpost_work_due", "Rows that are due now (at most 10,000)", ["kind"], multiprocess_mode="mostrecent"
)
UNROUTED = Gauge(
    "agentpost_unrouted_mails",
    "Mail from providers that waits for an inbox (at most 10,000)",
    multiprocess_mode="mostrecent",
)
DOMAINS = Gauge(
    "agentpost_domains", "Tenants' domains by status (at most 10,000)", ["status"], multiprocess_mode="mostrecent"
)
READY = Gauge("agentpost_ready", "1 when /readyz says ready or degraded", multiprocess_mode="livemin")
REQUEST_LOG_DROPPED = Counter(
    "agentpost_request_log_dropped", "Entries of the request log lost to a long absence of the database"
)


class Growth:
    """Totals kept elsewhere as plain numbers, handed on to counters as what was added since the last look."""

    def __init__(self) -> None:
        self._seen: dict[Any, int] = {}

    def add(self, counter: Any, total: int) -> None:
        before = self._seen.get(counter, 0)
        if total > before:
            counter.inc(total - before)
            self._seen[counter] = total


def set_backlog(waiting: Mapping[str, int]) -> None:
    for kind, number in waiting.items():
        BACKLOG.labels(kind).set(number)


def set_domains(number: Mapping[str, int]) -> None:
    for status in ("pending", "verifying", "verified", "failed"):
        DOMAINS.labels(status).set(number.get(status, 0))


def render() -> bytes:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


@get("/metrics", opt={"scope": "public"}, include_in_schema=False)
async def get_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    READY.set(request.app.state.health.report().serves)
    return Response(content=render(), media_type=CONTENT_TYPE_LATEST)


ROUTES = [get_metrics]
