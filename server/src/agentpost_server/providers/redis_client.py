"""A Redis client that tries once and gives up soon: who asks has something to fall back on.

Nothing here repeats the URL, which may hold a password.
"""

from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

AWAY: Final = (RedisError, OSError, EOFError, TimeoutError)
"""What a command raises when Redis is away, refuses us, or answers nonsense."""


def open_redis(url: str, *, seconds: float) -> Any:
    """A client that waits so long for a connection or an answer. Connects when it is used. Raises ValueError."""
    make: Any = Redis
    client = make.from_url(
        url,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
        client_name="agentpost",
    )
    pool = client.connection_pool
    try:
        pool.connection_class(**pool.connection_kwargs)
    except TypeError as error:
        raise ValueError("it has an option that is not known") from error
    return client
