"""The database's folder on disk, and the locks that say who uses it.

    data/          PostgreSQL's own        owner.lock    held by the process that started us, while it lives
    socket/        the unix socket         server.lock   held by the keeper and every server process: inherited, so it
    server.log     PostgreSQL's messages                 is free only when the last of them is gone, however they died

Programs of a lesser account may write here when root started us: files are opened without following links.
"""

import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from agentpost_server.providers.postgres.account import Account, PostgresStartError, account_for, reachable

_SOCKET_NAME: Final = ".s.PGSQL.5432"
# sun_path holds 108 octets with the final NUL on Linux, 104 on macOS and BSD.
_SOCKET_PATH_OCTETS: Final = 103
_LOG_OCTETS: Final = 1 << 20
_owned_here: Final[set[Path]] = set()


class DatabaseFolder:
    """The prepared folder; `open_folder` makes it. `close` gives up the claim to it."""

    def __init__(self, path: Path, account: Account | None, owner_lock: int) -> None:
        self.path = path
        self.account = account
        self.data = path / "data"
        self._real_path = path.resolve()
        self._owner_lock = owner_lock

    @property
    def initialized(self) -> bool:
        return (self.data / "PG_VERSION").is_file()

    def claim_server(self) -> int | None:
        """An exclusive lock on `server.lock` for the next server to inherit, or None while an old one lives."""
        descriptor = self._open("server.lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def open_log(self) -> int:
        """A descriptor that appends to server.log, which is set aside once past 1 MiB."""
        log = self.path / "server.log"
        try:
            if log.lstat().st_size > _LOG_OCTETS:
                log.replace(self.path / "server.log.1")
        except FileNotFoundError:
            pass
        return self._open("server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def log_tail(self) -> str:
        """The last messages of the server, for an error that has to explain itself."""
        try:
            text = (self.path / "server.log").read_bytes()[-2000:].decode(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-12:])

    def write_secret(self, name: str, text: str) -> Path:
        """A new file that only the server's account may read. The caller removes it."""
        (self.path / name).unlink(missing_ok=True)
        descriptor = self._open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if self.account is not None:
                os.fchown(descriptor, self.account.uid, self.account.gid)
            file.write(text)
        return self.path / name

    def make_own(self, name: str) -> Path:
        """A folder in ours, made if need be, that belongs to the server's account alone."""
        return make_private(self.path / name, self.account)

    def sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        if self._owner_lock >= 0:
            os.close(self._owner_lock)
            self._owner_lock = -1
            _owned_here.discard(self._real_path)

    def _open(self, name: str, flags: int) -> int:
        return open_in(self.path, name, flags)


def open_folder(path: Path) -> DatabaseFolder:
    """Make or check the folder and claim it. Raises PostgresStartError, a sentence with the fix."""
    path = path.absolute()
    try:
        account = account_for(path / "data")
        _make(path, account)
        return DatabaseFolder(path, account, _claim_ownership(path))
    except PermissionError as error:
        raise PostgresStartError(
            f"The database folder {path} cannot be used by this user ({error.strerror}: {error.filename}). "
            "Start AgentPost as the folder's owner, correct its owner with chown, or choose another --data folder."
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise PostgresStartError(
            f"The database folder {path} cannot be made: {error.filename} is not a folder. "
            "Choose another --data folder."
        ) from error


def open_in(folder: Path, name: str, flags: int) -> int:
    """Open a file of ours, mode 0600, owned by the folder's owner also when root opens it. Never follows a link."""
    descriptor = os.open(folder / name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if flags & os.O_CREAT and os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def make_private(path: Path, account: Account | None) -> Path:
    """A folder of mode 0700 that belongs to the account. Raises PermissionError when it is somebody else's."""
    wanted = os.geteuid() if account is None else account.uid
    try:
        path.mkdir(mode=0o700)
        if account is not None:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != wanted or found.st_mode & 0o022:
            raise PermissionError(1, "Not a private folder of the database's account", str(path)) from None
    return path


def choose_socket_folder(folder: DatabaseFolder) -> tuple[Path, str]:
    """Where clients find the socket, and how the server, working in `data`, is told to name that place.

    Inside the folder when the path fits the operating system's limit, else a short private one, remembered for the
    next start.
    """
    inside = folder.path / "socket"
    if _fits(inside):
        folder.make_own("socket")
        return inside, "../socket"
    note = folder.path / "socket.path"
    try:
        remembered = Path(note.read_text(encoding="utf-8"))
        if remembered.is_dir() and _fits(remembered):
            make_private(remembered, folder.account)
            return remembered, str(remembered)
    except (OSError, ValueError):
        pass
    outside = _short_folder(folder.account)
    descriptor = open_in(folder.path, "socket.path", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(str(outside))
    return outside, str(outside)


def _short_folder(account: Account | None) -> Path:
    candidates = (os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent", tempfile.gettempdir(), "/tmp")  # noqa: S108
    for parent in map(Path, candidates):
        if not parent.is_dir() or not _fits(parent / "agentpost-12345678") or not reachable(parent, account):
            continue
        made = Path(tempfile.mkdtemp(prefix="agentpost-", dir=parent))
        if account is not None:
            os.chown(made, account.uid, account.gid)
        return made
    raise PostgresStartError(
        "The data folder's path is too long for a unix socket, and no short temporary folder can be used. "
        "Choose a --data folder with a path under 80 characters, or set TMPDIR to a short one."
    )


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET_NAME)) <= _SOCKET_PATH_OCTETS


def _make(path: Path, account: Account | None) -> None:
    existed = path.is_dir()
    if existed and any(path.iterdir()) and not any((path / ours).exists() for ours in ("data", "owner.lock")):
        raise PostgresStartError(
            f"{path} holds files that are not a database of AgentPost's. Choose another --data folder, or empty it."
        )
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if account is not None and not _may_pass(path, account):
        # The account passes through; only root writes here.
        os.chown(path, 0, account.gid)
        path.chmod(0o710)


def _may_pass(path: Path, account: Account) -> bool:
    """Whether the account may enter `path` itself, whatever lies above it."""
    found = path.stat()
    return found.st_uid == account.uid or (found.st_gid == account.gid and bool(found.st_mode & stat.S_IXGRP))


def _claim_ownership(path: Path) -> int:
    """A lock of the POSIX kind: it ends with this process, whatever its forks still hold open.

    It does not hold against ourselves and is lost when any descriptor of the file is closed, hence `_owned_here`.
    """
    real_path = path.resolve()
    if real_path in _owned_here:
        raise _in_use(path, str(os.getpid()))
    descriptor = open_in(path, "owner.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise _in_use(path, holder) from None
    _owned_here.add(real_path)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _in_use(path: Path, holder: str) -> PostgresStartError:
    return PostgresStartError(
        f"The database in {path} is in use by another AgentPost (process {holder}). "
        "Stop that one first, or choose another --data folder."
    )
