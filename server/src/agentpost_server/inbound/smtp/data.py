"""Reads the content behind DATA: finds its end, takes the dots off, leaves nothing but CRLF, and spools.

The end is CRLF.CRLF and nothing that resembles it: every other reading of it is how one message becomes two (SMTP
smuggling). All work is find, count and replace over whole chunks, so no input costs more than a few passes.
"""

from pathlib import Path
from typing import Literal

import msgspec

from agentpost_server.inbound.smtp.spool import Spool

Failure = Literal["too_large", "storage"]

_END = b"\r\n.\r\n"


class ReceivedContent(msgspec.Struct, frozen=True, kw_only=True):
    """Whole content, as Delivery describes it."""

    content: bytes | Path
    size: int
    sha256: bytes
    received_count: int
    has_message_id: bool
    bare_newlines: bool
    nul_removed: bool


class DataReader:
    """Fed with chunks from the socket; bounded in memory by `memory_octets` and a few chunks whatever they hold.

    After a `failure` content is dropped, and the rest is only searched for its end.
    """

    __slots__ = ("_carry", "_lines", "_max_octets", "_started", "failure", "octets_read", "spool")

    def __init__(self, *, max_octets: int, memory_octets: int, folder: Path | None) -> None:
        self._max_octets = max_octets
        # The CRLF of the DATA command is the first half of an end that comes at once (RFC 5321 4.1.1.4).
        self._carry = b"\r\n"
        self._started = False
        self._lines = LineEnds()
        self.spool = Spool(memory_octets=memory_octets, folder=folder)
        self.octets_read = 0
        self.failure: Failure | None = None

    def feed(self, chunk: bytes) -> bytes | None:
        """None while content goes on; at its end the octets that followed it."""
        buffer = self._carry + chunk
        dot = buffer.find(b"\r\n.")
        # The first line with a dot is nearly always the end itself: then one search is all.
        end = dot if dot < 0 or buffer.startswith(_END, dot) else buffer.find(_END, dot)
        stuffed = dot != end
        if end >= 0:
            rest = buffer[end + 5 :]
            self.octets_read += len(chunk) - len(rest)
            self._take(buffer[: end + 2], stuffed=stuffed)
            return rest
        self.octets_read += len(chunk)
        held = _held_back(buffer)
        self._carry = buffer[len(buffer) - held :]
        if held < len(buffer):
            self._take(buffer[: len(buffer) - held] if held else buffer, stuffed=stuffed)
        return None

    def finish(self) -> ReceivedContent | None:
        """The content after its end was found, or None: then `failure` says why. The caller discards the spool."""
        if self.failure is not None:
            return None
        try:
            content, digest = self.spool.seal()
        except OSError:
            self._fail("storage")
            return None
        received_count, has_message_id = scan_header(self.spool.head)
        return ReceivedContent(
            content=content,
            size=self.spool.octets,
            sha256=digest,
            received_count=received_count,
            has_message_id=has_message_id,
            bare_newlines=self._lines.bare,
            nul_removed=self._lines.nul,
        )

    def _take(self, piece: bytes, *, stuffed: bool) -> None:
        if self.failure is not None:
            return
        if stuffed:
            piece = piece.replace(b"\r\n.", b"\r\n")
        if not self._started:
            self._started = True
            piece = piece[2:]
        piece = self._lines.clean(piece)
        if self.spool.octets + len(piece) > self._max_octets:
            self._fail("too_large")
            return
        try:
            self.spool.write(piece)
        except OSError:
            self._fail("storage")

    def _fail(self, failure: Failure) -> None:
        self.failure = failure
        self.spool.discard()


class LineEnds:
    """Makes CRLF of every line end and takes NUL out, over pieces cut anywhere.

    Bare CR and bare LF each become CRLF; CR CR LF, which text-mode writers make of CRLF, becomes one CRLF, lest every
    header line be followed by an empty one. `bare` and `nul` tell what was found.
    """

    __slots__ = ("_held", "bare", "nul")

    def __init__(self) -> None:
        self._held = b""
        self.bare = False
        self.nul = False

    def clean(self, piece: bytes) -> bytes:
        if b"\0" in piece:
            self.nul = True
            piece = piece.replace(b"\0", b"")
        if self._held:
            piece = self._held + piece
            self._held = b""
        if piece.endswith(b"\r"):
            self._held = b"\r\r" if piece.endswith(b"\r\r") else b"\r"
            piece = piece[: -len(self._held)]
        if piece.count(b"\r\n") == piece.count(b"\n") == piece.count(b"\r"):
            return piece
        self.bare = True
        piece = piece.replace(b"\r\r\n", b"\r\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return piece.replace(b"\n", b"\r\n")


def scan_header(head: bytes) -> tuple[int, bool]:
    """How many Received fields the header block has, and whether it has a Message-ID. `head` has CRLF line ends."""
    end = 0 if head.startswith(b"\r\n") else head.find(b"\r\n\r\n")
    fields = b"\n" + (head if end < 0 else head[:end]).lower()
    received = fields.count(b"\nreceived:") + fields.count(b"\nreceived :") + fields.count(b"\nreceived\t:")
    return received, b"\nmessage-id:" in fields or b"\nmessage-id :" in fields


def _held_back(buffer: bytes) -> int:
    """How many of the last octets may be the beginning of the end."""
    for length in (4, 3, 2, 1):
        if buffer.endswith(_END[:length]):
            return length
    return 0
