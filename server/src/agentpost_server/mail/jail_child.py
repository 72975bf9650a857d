"""The process that parses what may run long: `python -m agentpost_server.mail.jail_child`, started by `jail`.

It reads jobs from standard input and writes results to standard output until either closes, holds no secret and no
open file, and cannot outlive its limits: memory by RLIMIT_AS, CPU by a profiling timer whose signal ends the process,
which also stops a loop inside a C function. A parent that is gone is an end of file.
"""

import contextlib
import mmap
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from agentpost_server.mail.parse import parse
from agentpost_server.mail.parsed import ParsedMail

Parser = Callable[[bytes, bool], ParsedMail]

# A job: how many octets of order and of content follow. A result: how many octets follow.
JOB: Final = struct.Struct(">IQ")
RESULT: Final = struct.Struct(">Q")
NULL_SENDER: Final = b"<>"
OUT_OF_MEMORY: Final = 77

MEMORY_OCTETS: Final = 256 << 20
CPU_SECONDS: Final = 2.0


def serve(parser: Parser, jobs: BinaryIO, results: BinaryIO) -> None:
    """Parse job after job, each with a CPU time of its own, until `jobs` ends."""
    encoder = msgspec.msgpack.Encoder()
    while (job := take(jobs)) is not None:
        order, raw = job
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        reply = encoder.encode(parser(raw, order == NULL_SENDER))
        signal.setitimer(signal.ITIMER_PROF, 0)
        answer(results, reply)
        # Nothing of one mail stays while the next is awaited.
        del job, raw, reply


def take(jobs: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next job's order and content, or None when there will be none."""
    head = jobs.read(JOB.size)
    if len(head) < JOB.size:
        return None
    order_size, size = JOB.unpack(head)
    order, content = jobs.read(order_size), jobs.read(size)
    return (order, content) if len(content) == size else None


def answer(results: BinaryIO, reply: bytes) -> None:
    results.write(RESULT.pack(len(reply)))
    results.write(reply)
    results.flush()


def confine(memory_octets: int = MEMORY_OCTETS) -> None:
    """Take the limits on. Those that a system lacks (macOS: RLIMIT_AS) are left out; the parent still kills."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, _address_space() + memory_octets),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, value))


def main(parser: Parser = parse) -> None:
    """Confine this process, then serve the pipes that it was started with."""
    confine()
    try:
        serve(parser, sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # The parent is gone. Without this the interpreter would try once more to flush at its end.
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 1 << 30
    return pages * mmap.PAGESIZE


if __name__ == "__main__":
    main()
