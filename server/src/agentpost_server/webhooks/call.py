"""Sign and call: one delivery's request, and what is noted of its answer. No transaction is open meanwhile."""

import time
from typing import Final

import msgspec

from agentpost_server.runtime import Runtime
from agentpost_server.web.fetch import Egress, FetchRequest, FetchResponse, fetch
from agentpost_server.webhooks.jobs import Job
from agentpost_server.webhooks.model import Header
from agentpost_server.webhooks.policy import DeliveryPolicy, judge
from agentpost_server.webhooks.signing import sign
from agentpost_server.webhooks.store_work import CallRecord

_KEPT_OCTETS: Final = 4096
_KEPT_HEADERS: Final = 50
_HIDDEN: Final = "[hidden]"
# The attempt log has five words; an answer that is no HTTP is as good as a connection that ended.
_ERRORS: Final = {"protocol": "reset", "too_large": "reset"}


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was made."""

    job: Job
    record: CallRecord
    gone: bool

    @property
    def succeeded(self) -> bool:
        return self.record.verdict == "succeeded"


async def call(runtime: Runtime, egress: Egress, policy: DeliveryPolicy, job: Job) -> Called:
    """Make one call and judge it. Raises nothing but cancellation."""
    at = runtime.now()
    headers = {"content-type": "application/json", **sign(job.event_id, int(at.timestamp()), job.body, job.secrets)}
    started = time.monotonic()
    answer = await fetch(
        egress,
        FetchRequest(
            url=job.url,
            method="POST",
            headers=(*headers.items(), *job.headers.items()),
            body=job.body,
            limits=policy.limits,
        ),
    )
    duration_ms = round((time.monotonic() - started) * 1000)
    runtime.count(job.claimed.organization_id, "webhook_deliveries", 1)
    answered = isinstance(answer, FetchResponse)
    heard = answer.headers if answered else ()
    retry_after = next((value for name, value in heard if name == "retry-after"), None)
    verdict = judge(policy, job.retries, answer.status if answered else None, retry_after, runtime.now())
    record = CallRecord(
        organization_id=job.claimed.organization_id,
        id=job.claimed.id,
        attempts=job.claimed.attempts,
        at=at,
        duration_ms=duration_ms,
        url=job.url,
        status=answer.status,
        error=None if answered else _ERRORS.get(answer.error, answer.error),
        request_headers=_json([*headers.items(), *[(name, _HIDDEN) for name in job.headers]]),
        headers=_json(heard[:_KEPT_HEADERS]),
        body=_text(answer.body[:_KEPT_OCTETS].decode("utf-8", "replace")) if answered else "",
        verdict=verdict.status,
        wait_seconds=verdict.wait_seconds,
    )
    return Called(job=job, record=record, gone=verdict.gone)


def _json(pairs: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> str:
    return msgspec.json.encode([Header(name, _text(value[:1024])) for name, value in pairs]).decode()


def _text(text: str) -> str:
    """PostgreSQL stores every character but NUL."""
    return text.replace("\x00", "\ufffd")
