"""Reading attached files where they can do no harm: in a process that can open nothing, with 10 s of CPU time, 512 MiB
and 30 s of wall time for each."""

import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from agentpost_server.mail.file_text.kinds import Kind
from agentpost_server.mail.file_text.model import FileText
from agentpost_server.mail.jail import Jail, JailFailure

_CHILD: Final = (sys.executable, "-P", "-m", "agentpost_server.mail.file_text.child")
# Behind the child's own 30 s, which end its fork too.
_DEADLINE_SECONDS: Final = 35.0


class FileJail(Jail[FileText]):
    """`async with FileJail() as jail: text = await jail.read("pdf", content, 1_000_000)`. Tests give another child."""

    def __init__(self, child: Sequence[str] = _CHILD, deadline_seconds: float = _DEADLINE_SECONDS) -> None:
        super().__init__(child, FileText, deadline_seconds)

    async def read(self, kind: Kind, content: bytes, most_characters: int) -> FileText | JailFailure:
        """Raises only RuntimeError, when the jail is closed."""
        return await self.ask(msgspec.msgpack.encode([kind, most_characters]), content)
