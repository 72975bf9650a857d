"""The data folder of `up`: secret key, first keys, who runs here, where it listens.

    secret_key   root of every key, 0600        up.lock       held while `up` runs
    keys.json    the first API keys, 0600       status.json   where it listens, while it is ready
    postgres/ blobs/ spool/

Files are written beside their place, flushed and renamed: a kill leaves the old one or the new one.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Any

import msgspec

from agentpost_server.cli import secret_key
from agentpost_server.cli.output import CommandFailed


class Status(msgspec.Struct, kw_only=True):
    """What `status --json` prints, and where the database's socket is (for other commands at this machine)."""

    api_url: str
    console_url: str
    docs_url: str
    smtp_host: str
    smtp_port: int
    pid: int
    version: str
    database_socket: str | None
    transports: list[str] = []


class Keys(msgspec.Struct, kw_only=True):
    """The first keys, kept where only their owner can read them."""

    organization_id: str
    live_key: str
    test_key: str


class DataFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    @property
    def keys_file(self) -> Path:
        return self.path / "keys.json"

    def make(self) -> None:
        """Make the folder, for us alone. As root others may pass through: the database runs as a lesser account."""
        try:
            self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable")
        except OSError as error:
            raise CommandFailed(
                f"The data folder {self.path} cannot be used ({error.strerror}). Choose another one by --data."
            ) from error

    def claim(self) -> bool:
        """Become the one who runs here. A lock of the POSIX kind: it ends with this process, however it ends."""
        descriptor = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            os.close(descriptor)
            return False
        self._lock = descriptor
        (self.path / "status.json").unlink(missing_ok=True)
        return True

    def release(self) -> None:
        if self._lock >= 0:
            (self.path / "status.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    def is_claimed(self) -> bool:
        """Whether another process runs here."""
        try:
            descriptor = os.open(self.path / "up.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        finally:
            os.close(descriptor)
        return False

    def status(self) -> Status | None:
        """What the one who runs here wrote when it was ready."""
        return self._read("status.json", Status) if self.is_claimed() else None

    def write_status(self, status: Status) -> None:
        self._write("status.json", msgspec.json.encode(status))

    def keys(self) -> Keys | None:
        return self._read("keys.json", Keys)

    def write_keys(self, keys: Keys) -> None:
        self._write("keys.json", msgspec.json.format(msgspec.json.encode(keys)) + b"\n")

    def secret(self) -> str:
        """The secret key, made on first use."""
        file = self.path / "secret_key"
        with contextlib.suppress(FileNotFoundError):
            return file.read_text(encoding="ascii").strip()
        self._write("secret_key", secret_key.make().encode() + b"\n")
        return file.read_text(encoding="ascii").strip()

    def _read(self, name: str, kind: Any) -> Any:
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError):
            return None

    def _write(self, name: str, content: bytes) -> None:
        unfinished = self.path / f".{name}.new"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def data_path(given: str | None) -> Path:
    """`~/.agentpost`, for root `/var/lib/agentpost`, unless another one is given."""
    if given:
        return Path(given).expanduser().absolute()
    return Path("/var/lib/agentpost") if os.geteuid() == 0 else Path.home() / ".agentpost"
