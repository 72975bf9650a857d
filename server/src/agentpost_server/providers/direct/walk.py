"""From one host of a domain to the next until one greets: every address once, quickly past those that do not answer.

A handshake that fails costs one more try in clear where that is allowed: mail that anybody may read on the way is what
a server without STARTTLS gets too.
"""

import asyncio
import errno
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec
from aiosmtplib import SMTPResponseException

from agentpost_server.core.networks import Address
from agentpost_server.ports.transport import Outcome
from agentpost_server.providers.direct.model import DirectSettings, Host, UndeliverableError
from agentpost_server.providers.smtp.connection import (
    LINE_ERRORS,
    Connection,
    TlsFailedError,
    open_connection,
    reason_of,
)
from agentpost_server.providers.smtp.idle import IdleLines
from agentpost_server.providers.smtp.relay import TlsMode
from agentpost_server.providers.smtp.replies import one_line, outcome_of

# No packet left this machine, so no receiver can be to blame.
_OURS: Final = frozenset((errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM))


class Connector(Protocol):
    """Connects to exactly this address and looks nothing up. Raises OSError."""

    async def __call__(self, address: Address, port: int, /) -> socket.socket: ...


class Reach(msgspec.Struct):
    """Whether this process has ever reached anybody: until then a silent network is as likely ours as theirs."""

    proved: bool = False


class Failure(msgspec.Struct, frozen=True):
    """Why one host did not take the mail. `nobody`: no connection came about; `ours`: and that lay with us."""

    outcome: Outcome
    nobody: bool = False
    ours: bool = False


class _Try(msgspec.Struct, frozen=True):
    host: str
    address: Address
    tls: TlsMode


class Walk:
    """One mail's way through the hosts of its domain. `find` is asked for them when no idle line is left."""

    def __init__(
        self,
        settings: DirectSettings,
        idle: IdleLines,
        find: Callable[[], Awaitable[Sequence[Host]]],
        *,
        tls_context: ssl.SSLContext,
        connector: Connector,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self._idle = idle
        self._find = find
        self._tls_context = tls_context
        self._connector = connector
        self._reach = reach
        self._left: deque[_Try] | None = None
        self._failures: list[Failure] = []

    async def next_line(self) -> Connection:
        """A greeted line: an idle one, else that of the next host that answers. Raises UndeliverableError."""
        if self._left is None:
            if (kept := await self._idle.take()) is not None:
                return kept
            tls = "opportunistic" if self._settings.tls == "opportunistic" else "starttls"
            hosts = await self._find()
            self._left = deque(_Try(host.name, address, tls) for host in hosts for address in host.addresses)
        while self._left:
            if (connection := await self._tried(self._left.popleft())) is not None:
                return connection
        raise UndeliverableError(verdict(self._failures, proved=self._reach.proved))

    def failed(self, host: str, error: BaseException) -> None:
        """A line broke before the mail was handed over: the next host may take it."""
        self._failures.append(Failure(_outcome_of(host, error)))

    def put_off(self, host: str, outcome: Outcome) -> None:
        """A host would not hear of the mail now."""
        detail = one_line(f"{host}: {outcome.detail or 'no reason given'}")
        self._failures.append(Failure(msgspec.structs.replace(outcome, detail=detail)))

    async def _tried(self, one: _Try) -> Connection | None:
        try:
            async with asyncio.timeout(self._settings.tcp_seconds):
                sock = await self._connector(one.address, self._settings.port)
        except OSError as error:
            outcome = _outcome_of(f"{one.host} ({one.address})", error, "Connecting took too long")
            self._failures.append(Failure(outcome, nobody=True, ours=error.errno in _OURS))
            return None
        self._reach.proved = True
        try:
            return await open_connection(self._settings.line_to(one.host, one.tls), self._tls_context, sock)
        except TlsFailedError as error:
            self.failed(one.host, error)
            if self._left is not None:
                self._left.appendleft(_Try(one.host, one.address, "none"))
        except LINE_ERRORS as error:
            self.failed(one.host, error)
        return None


async def connect(address: Address, port: int, /) -> socket.socket:
    """A TCP connection to exactly this address."""
    sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def verdict(failures: Sequence[Failure], *, proved: bool) -> Outcome:
    """What the failures of all hosts mean together: refused only when every host said never."""
    refused = [one for one in failures if one.outcome.status == "refused"]
    if refused and len(refused) == len(failures):
        return refused[-1].outcome
    last = next(one for one in reversed(failures) if one.outcome.status != "refused")
    unreached = all(one.nobody for one in failures)
    fault = unreached and (not proved or all(one.ours for one in failures))
    return msgspec.structs.replace(last.outcome, transport_fault=fault)


def _outcome_of(host: str, error: BaseException, silence: str = "") -> Outcome:
    if isinstance(error, SMTPResponseException):
        outcome = outcome_of(error.code, error.message)
        # A 2yz in a wrong place is no acceptance.
        status = "deferred" if outcome.status == "accepted" else outcome.status
        return msgspec.structs.replace(outcome, status=status, detail=one_line(f"{host}: {reason_of(error)}"))
    reason = silence if silence and isinstance(error, TimeoutError) else reason_of(error)
    return Outcome(status="deferred", enhanced_code="4.4.1", detail=one_line(f"{host}: {reason}"))
