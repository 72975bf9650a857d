"""When a delivery is tried again, when an endpoint is spared, and when it is given up. Numbers as data; pure."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

from agentpost_server.settings import Settings, SettingsError
from agentpost_server.web.fetch import FetchLimits
from agentpost_server.work import next_wait
from agentpost_server.work.schedule import parse_schedule


class DeliveryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a delivery lane. `workers` and the caps are calls under way at once in a process."""

    retry_seconds: tuple[float, ...]
    workers: int = 64
    per_endpoint: int = 8
    limits: FetchLimits = FetchLimits(connect_seconds=5, total_seconds=30, answer_bytes=64 * 1024)
    lease_seconds: float = 60
    """Longer than a call and its settling: when it ends, the call's process is taken for dead."""
    longest_wait_seconds: float = 86_400
    """What `Retry-After` can ask for."""
    breaker_after: int = 10
    """Failures in a row after which an endpoint gets one call at a time, every `probe_seconds`, until one succeeds."""
    probe_seconds: float = 30
    warn_after: int = 25
    warn_seconds: float = 43_200
    disable_after: int = 50
    disable_seconds: float = 86_400
    """An endpoint is disabled after so many failures in a row that last for so long."""
    poll_seconds: float = 1.0


class Verdict(NamedTuple):
    """What becomes of a delivery after a call; `wait_seconds` is None when it has ended."""

    status: str
    wait_seconds: float | None
    gone: bool = False


def policy_of(settings: Settings) -> DeliveryPolicy:
    try:
        schedule = parse_schedule(settings.webhook_retry_seconds)
    except ValueError as error:
        raise SettingsError(f"AGENTPOST_WEBHOOK_RETRY_SECONDS has a wrong value: {error}.") from error
    return DeliveryPolicy(retry_seconds=schedule, workers=settings.webhook_workers)


def judge(policy: DeliveryPolicy, retries: int, status: int | None, retry_after: str | None, now: datetime) -> Verdict:
    """`status` is the answer's, None when there was none; `retries` says how much of the schedule is used up.

    2xx is success, whatever its body says; 410 means that nobody will ever listen there again (RFC 9110, 15.5.11);
    everything else is worth another try, a redirect included: a signed body goes to nobody but the registered URL.
    """
    if status is not None and 200 <= status <= 299:
        return Verdict("succeeded", None)
    if status == 410:
        return Verdict("failed", None, gone=True)
    wait = next_wait(policy.retry_seconds, retries + 1)
    if wait is None:
        return Verdict("failed", None)
    asked = 0.0 if retry_after is None else _seconds(retry_after, now)
    return Verdict("pending", max(wait, min(asked, policy.longest_wait_seconds)))


def _seconds(retry_after: str, now: datetime) -> float:
    """Delay or date (RFC 9110, 10.2.3); 0 for what is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0
