"""The one client for every URL that a user gave us: judged, bounded, without redirects, proxies or cookies."""

import asyncio
import ssl

from agentpost_server.core.errors import Invalid
from agentpost_server.web.fetch.egress import Egress, open_stream
from agentpost_server.web.fetch.exchange import Answer, judge, read_answer, request_octets
from agentpost_server.web.fetch.model import (
    FetchFailedError,
    FetchFailure,
    FetchRequest,
    FetchResponse,
)
from agentpost_server.web.fetch.pool import Connection
from agentpost_server.web.fetch.url import Url, read_url


async def fetch(egress: Egress, request: FetchRequest) -> FetchResponse | FetchFailure:
    """Make one request, and give its answer or the reason that there is none. Raises nothing but cancellation.

    A kept connection that turns out to be closed before any of the answer came is replaced once by a fresh one: the
    request may then reach the receiver twice, as it may with any retry (deliveries carry an id for that).
    """
    answer = Answer(request.limits)
    try:
        url = read_url(request.url, egress.policy)
        octets = request_octets(request, url)
        async with asyncio.timeout(request.limits.total_seconds):
            address = await _exchange_on_kept(egress, url, octets, answer)
            if address is None:
                answer = Answer(request.limits)
                fresh = await _open(egress, url, request.limits.connect_seconds)
                address = await _exchange(egress, url, fresh, octets, answer)
        return judge(answer, request, address)
    except FetchFailedError as failure:
        return FetchFailure(error=failure.error, detail=failure.detail, status=answer.status)
    except Invalid as refusal:
        return FetchFailure(error="blocked_address", detail=refusal.detail)
    except TimeoutError:
        return FetchFailure(error="timeout", detail="The answer took too long.", status=answer.status)
    except ssl.SSLError:
        return FetchFailure(error="tls", detail="TLS failed during the exchange.", status=answer.status)
    except OSError:
        return FetchFailure(error="reset", detail="The connection was reset.", status=answer.status)


async def _exchange_on_kept(egress: Egress, url: Url, octets: bytes, answer: Answer) -> str | None:
    """The exchange on an idle connection; None when there is none, or it ended before any of the answer came."""
    kept = egress.pool.take(url, _now())
    if kept is None:
        return None
    try:
        return await _exchange(egress, url, kept, octets, answer)
    except (FetchFailedError, OSError):
        if answer.received:
            raise
        return None


async def _open(egress: Egress, url: Url, seconds: float) -> Connection:
    stream, address = await open_stream(egress, url, seconds)
    return Connection(stream=stream, address=address, opened_at=_now())


async def _exchange(egress: Egress, url: Url, connection: Connection, octets: bytes, answer: Answer) -> str:
    """Send, read into `answer`, and keep or end the connection. Gives the address that answered."""
    reusable = False
    try:
        connection.stream.write(octets)
        await read_answer(connection.stream, answer)
        reusable = answer.complete and answer.keep_alive and not answer.overflowed
        return str(connection.address)
    finally:
        if reusable:
            egress.pool.give(url, connection, _now())
        else:
            connection.stream.abort()


def _now() -> float:
    return asyncio.get_running_loop().time()
