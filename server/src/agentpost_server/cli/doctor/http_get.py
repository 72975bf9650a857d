"""One GET, bounded, without redirects and the environment's proxies; its Date is another clock to compare ours with."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
import msgspec

_SECONDS: Final = 2.5
_MOST_OCTETS: Final = 64 * 1024


class Said(msgspec.Struct, frozen=True):
    status: int
    body: bytes


async def get(
    url: str,
    clocks: dict[str, float] | None = None,
    *,
    name: str = "",
    headers: Mapping[str, str] | None = None,
) -> Said:
    """Raises OSError, whose text is a short reason. `clocks[name]` is how many seconds the answer's Date is ahead."""
    body, began = bytearray(), time.time()
    verify = await asyncio.to_thread(ssl.create_default_context)
    try:
        async with (
            asyncio.timeout(_SECONDS),
            httpx2.AsyncClient(verify=verify, trust_env=False, follow_redirects=False, timeout=_SECONDS) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity", **(headers or {})}) as answer,
        ):
            note_clock(clocks, name, answer.headers, began)
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) >= _MOST_OCTETS:
                    break
            return Said(answer.status_code, bytes(body[:_MOST_OCTETS]))
    except TimeoutError as error:
        raise OSError("no answer in time") from error
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, ValueError, RuntimeError) as error:
        raise OSError(" ".join(str(error).split())[:200] or type(error).__name__) from error


def note_clock(clocks: dict[str, float] | None, name: str, headers: Mapping[str, str], began: float) -> None:
    """A Date tells whole seconds: what is less than one away is not away. An answer out of a cache tells nothing."""
    if clocks is None or "date" not in headers or "age" in headers:
        return
    try:
        theirs = parsedate_to_datetime(headers["date"]).timestamp()
    except (ValueError, OverflowError):
        return
    ahead = theirs + 0.5 - (began + time.time()) / 2
    clocks[name] = 0.0 if abs(ahead) < 1.5 else ahead
