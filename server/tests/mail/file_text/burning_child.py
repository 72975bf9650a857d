"""A child whose reader misbehaves on command: started by test_file_jail as a program of its own."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

from agentpost_server.mail.file_text import FileText, Kind, child


def burning_read(_: Kind, content: bytes, most_characters: int) -> FileText:
    match content:
        case b"cpu":
            while True:
                pass
        case b"memory":
            kept = [b"x" * (100 << 20) for _ in range(8)]
            return FileText(page_count=len(kept))
        case b"sleep":
            time.sleep(60)
        case b"exit":
            os._exit(3)
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"pry":
            return FileText(pages=tuple(_pried()), page_count=most_characters)
        case b"remember":
            MEMORY.append("x")
            return FileText(page_count=len(MEMORY))
        case _:
            pass
    return FileText(pages=(content.decode(),), page_count=1)


MEMORY: list[str] = []


def _pried() -> list[str]:
    """What could be reached."""
    found: list[str] = []
    for name, attempt in (
        ("network", lambda: socket.create_connection(("127.0.0.1", 9))),
        ("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
        ("file", lambda: Path("/etc/hostname").read_text(encoding="utf-8")),
        ("written", lambda: Path("/tmp/agentpost-was-here").write_text("x", encoding="utf-8")),
        ("other jobs", lambda: os.read(0, 1)),
        ("secret", lambda: os.environ["AGENTPOST_SECRET_KEY"]),
        ("more files", lambda: os.dup(1)),
    ):
        try:
            attempt()
            found.append(name)
        except ConnectionError:
            found.append(name)
        except (OSError, KeyError):
            pass
    return found


if __name__ == "__main__":
    child.CPU_SECONDS = 1.0  # pyright: ignore[reportAttributeAccessIssue]
    child.WALL_SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0  # pyright: ignore[reportAttributeAccessIssue]
    child.main(burning_read)
