"""The process that reads attached files: `python -m agentpost_server.mail.file_text.child`, started by `jail`.

It reads none itself: each file gets a fork of its own, so that a file that takes its reader over meets no other file.
The fork can open nothing (no file, no socket: RLIMIT_NOFILE 0), write no file, holds no secret, and ends by CPU time,
memory, wall time, or with its parent. What it dies of, this process dies of too, for `jail` to tell.
"""

import codecs
import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from agentpost_server.mail import jail_child
from agentpost_server.mail.file_text.kinds import Kind
from agentpost_server.mail.file_text.model import FileText
from agentpost_server.mail.file_text.read import read_file

Reader = Callable[[Kind, bytes, int], FileText]

MEMORY_OCTETS: Final = 512 << 20
CPU_SECONDS: Final = 10.0
WALL_SECONDS: Final = 30.0
# Mail, requests and everything else of the machine come first.
_NICENESS: Final = 10
_SET_PARENT_DEATH_SIGNAL: Final = 1
# What Python would import at first use, when nothing can be opened any more.
_CODECS: Final = """ascii utf_8 utf_16 utf_16_le utf_16_be utf_32 utf_32_le utf_32_be latin_1 cp437 cp1250 cp1251 cp1252
    cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 cp932 cp949 koi8_r koi8_u gb18030 big5 big5hkscs euc_jp iso2022_jp
    iso2022_kr iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_10 iso8859_13 iso8859_14
    iso8859_15 iso8859_16 mac_roman cp850 cp852 cp866 idna punycode unicode_escape"""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """What to read, and how much of it."""

    kind: Kind
    most_characters: int


def main(reader: Reader = read_file) -> None:
    """A fork a file, one after the other, until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _CODECS.split():
        codecs.lookup(name)
    libc = ctypes.CDLL(None)
    try:
        while (job := jail_child.take(sys.stdin.buffer)) is not None:
            order = msgspec.msgpack.decode(job[0], type=Order)
            if (child := os.fork()) == 0:
                _read(reader, order, job[1], libc)
            del job
            _die_as(os.waitpid(child, 0)[1])
    except MemoryError:
        os._exit(jail_child.OUT_OF_MEMORY)


def _read(reader: Reader, order: Order, content: bytes, libc: ctypes.CDLL) -> None:
    """One file, in a process of its own, which never returns."""
    code = 1
    try:
        with contextlib.suppress(AttributeError):
            libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        # The files behind this one are none of its business.
        os.close(0)
        os.nice(_NICENESS)
        jail_child.confine(MEMORY_OCTETS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        reply = msgspec.msgpack.encode(reader(order.kind, content, order.most_characters))
        signal.setitimer(signal.ITIMER_PROF, 0)
        jail_child.answer(sys.stdout.buffer, reply)
        code = 0
    except MemoryError:
        code = jail_child.OUT_OF_MEMORY
    finally:
        os._exit(code)


def _die_as(status: int) -> None:
    """Nothing after a fork that ended well; else end as it did."""
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    elif os.WEXITSTATUS(status):
        os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
