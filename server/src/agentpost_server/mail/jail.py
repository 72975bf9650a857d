"""Reading of what may run long, in a child process with limits: a mail can cost its sender a result, and nobody else.

One child, kept between mails; it is killed and started anew when a mail exceeds its CPU time (2 s), its memory
(256 MiB above the interpreter) or the wall clock (10 s). Failures are values: the caller stores the mail unread.
Attached files have a child of their own, with limits of their own (`file_text.jail`).
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Generic, Literal, Self, TypeVar

import msgspec

from agentpost_server.mail.jail_child import JOB, NULL_SENDER, OUT_OF_MEMORY, RESULT
from agentpost_server.mail.parsed import ParsedMail

Reason = Literal["cpu", "memory", "deadline", "crash"]
Result = TypeVar("Result")

_DIRECT_OCTETS: Final = 256 << 10
# Far more delimiters, encoded words or lines than ordinary mail of this size has.
_DELIMITERS: Final = 2_000
_ENCODED_WORDS: Final = 2_000
_LINES: Final = 20_000
_HEADER_OCTETS: Final = 64 << 10

_DEADLINE_SECONDS: Final = 10.0
_GOODBYE_SECONDS: Final = 2.0
_RESULT_OCTETS: Final = 256 << 20
_READ_AHEAD_OCTETS: Final = 1 << 20
_CHILD: Final = (sys.executable, "-P", "-m", "agentpost_server.mail.jail_child")
# The child reads what strangers wrote: it inherits no secret.
_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


_REASONS: Final[dict[int | None, Reason]] = {
    -signal.SIGPROF: "cpu",
    -signal.SIGALRM: "deadline",
    OUT_OF_MEMORY: "memory",
}


class JailFailure(msgspec.Struct, frozen=True):
    """It was not read: it ran out of CPU time, memory or wall time, or the child died for another reason."""

    reason: Reason


class _ChildGoneError(Exception):
    """The child cannot be spoken with any more."""


def needs_jail(raw: bytes) -> bool:
    """Whether parsing `raw` may take more than some milliseconds. Looks at sizes and counts only."""
    if len(raw) > _DIRECT_OCTETS:
        return True
    if raw.count(b"\n--") > _DELIMITERS or raw.count(b"=?") > _ENCODED_WORDS or raw.count(b"\n") > _LINES:
        return True
    head = raw[:_HEADER_OCTETS]
    return len(raw) > _HEADER_OCTETS and b"\n\r\n" not in head and b"\n\n" not in head


class Jail(Generic[Result]):
    """A child that answers `order` and `content` with a `Result`. One at a time, in order of asking.

    `child` is the command to start, `deadline_seconds` the wall time of one answer.
    """

    def __init__(self, child: Sequence[str], answers: type[Result], deadline_seconds: float) -> None:
        self._command = tuple(child)
        self._decoder = msgspec.msgpack.Decoder(answers)
        self._deadline = deadline_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        async with self._turn:
            await self._stop(grace_seconds=_GOODBYE_SECONDS)

    async def ask(self, order: bytes, content: bytes) -> Result | JailFailure:
        """Raises only RuntimeError, when the jail is closed."""
        async with self._turn:
            if self._closed:
                raise RuntimeError("the jail is closed")
            try:
                async with asyncio.timeout(self._deadline):
                    return await self._exchange(order, content)
            except TimeoutError:
                await self._stop()
                return JailFailure("deadline")
            except (_ChildGoneError, OSError, msgspec.DecodeError):
                code = await self._stop(grace_seconds=_GOODBYE_SECONDS)
                return JailFailure(_REASONS.get(code, "crash"))
            except BaseException:
                # Cancelled midway: what the child would answer next belongs to nobody.
                await asyncio.shield(self._stop())
                raise

    async def _exchange(self, order: bytes, content: bytes) -> Result:
        process = await self._started()
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise _ChildGoneError
        try:
            stdin.write(JOB.pack(len(order), len(content)))
            stdin.write(order)
            stdin.write(content)
            await stdin.drain()
            (size,) = RESULT.unpack(await stdout.readexactly(RESULT.size))
            if size > _RESULT_OCTETS:
                raise _ChildGoneError
            reply = await stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise _ChildGoneError from error
        return self._decoder.decode(reply)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        await self._stop()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name in _INHERITED},
            limit=_READ_AHEAD_OCTETS,
        )
        return self._process

    async def _stop(self, grace_seconds: float = 0) -> int | None:
        """End the child and reap it; its return code. With grace it may first go by itself, at the end of its input."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.stdin is not None:
            process.stdin.close()
        if grace_seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds):
                    return await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


class ParseJail(Jail[ParsedMail]):
    """`async with ParseJail() as jail: result = await jail.parse(raw)`. Tests give a child and a deadline."""

    def __init__(self, child: Sequence[str] = _CHILD, deadline_seconds: float = _DEADLINE_SECONDS) -> None:
        super().__init__(child, ParsedMail, deadline_seconds)

    async def parse(self, raw: bytes, null_sender: bool = False) -> ParsedMail | JailFailure:
        """As `mail.parse.parse`, but within the limits. Raises only RuntimeError, when the jail is closed."""
        return await self.ask(NULL_SENDER if null_sender else b"", raw)
