"""One run of a PostgreSQL program under its keeper, the making of a new cluster, and the settings it runs with.

Every setting is on the command line: nothing in the data folder can switch durability off behind our back. The data
folder is the server's working directory; where its absolute path is closed to the server's account (a folder below
/root), it is named by /proc/self/cwd instead, so that no mode above it has to change.
"""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from agentpost_server.providers.postgres import keeper
from agentpost_server.providers.postgres.account import PostgresStartError, reachable
from agentpost_server.providers.postgres.binaries import major_version
from agentpost_server.providers.postgres.folder import DatabaseFolder

# For two cores and 4 GB; what a caller's settings may change.
_TUNED: Final[Mapping[str, str]] = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "min_wal_size": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Mail must not reach a log: errors of statements go to the client alone, without values.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
_FIXED: Final[Mapping[str, str]] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "port": "5432",
    "logging_collector": "off",
    "log_destination": "stderr",
    "password_encryption": "scram-sha-256",
}
_INITDB_SECONDS: Final = 300.0


def server_arguments(folder: DatabaseFolder, socket_folder: str, settings: Mapping[str, str]) -> list[str]:
    """The arguments of `postgres`; `settings` overrides the tuned ones and cannot touch the fixed ones."""
    chosen = {**_TUNED, **settings, **_FIXED, "unix_socket_directories": _quoted(socket_folder)}
    return ["-D", data_path(folder, folder.data)] + [f"--{name}={value}" for name, value in chosen.items()]


def _quoted(socket_folder: str) -> str:
    """One entry of a list setting: quoted, as a path may hold commas and spaces."""
    return '"' + socket_folder.replace('"', '""') + '"'


def data_path(folder: DatabaseFolder, data: Path) -> str:
    """How the server names its data folder, which is its working directory."""
    if folder.account is None or reachable(data, folder.account):
        return str(data)
    if sys.platform != "linux":
        raise PostgresStartError(
            f"The account {folder.account.name} cannot reach {data}. Choose a --data folder that every user may enter, "
            "such as /var/lib/agentpost."
        )
    return "/proc/self/cwd"


async def run_kept(
    folder: DatabaseFolder, program: Path, arguments: Sequence[str], *, cwd: Path, lock: int, grace_seconds: float
) -> asyncio.subprocess.Process:
    """Start a program under a keeper in a new session. The process is the keeper; closing its stdin stops the program.

    `lock` is inherited by all of them. Standard output gives the program's process id in one line.
    """
    account = folder.account
    identity = (account.uid, account.gid) if account else (-1, -1)
    log = folder.open_log()
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", keeper.__file__),
            *(str(os.getpid()), str(grace_seconds), str(identity[0]), str(identity[1])),
            *(str(program), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            pass_fds=(lock,),
        )
    finally:
        os.close(log)


async def initialize(folder: DatabaseFolder, install: Path, *, superuser: str, password: str, lock: int) -> None:
    """initdb beside the final place, then one rename: a killed first start leaves nothing half made."""
    unfinished = folder.path / "data.new"
    await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
    folder.make_own("data.new")
    secret = folder.write_secret("initdb.password", password + "\n")
    try:
        for locale in ("C.UTF-8", "C"):
            arguments = _initdb_arguments(folder, unfinished, major_version(install), superuser, locale)
            run = await run_kept(
                folder, install / "bin/initdb", arguments, cwd=unfinished, lock=lock, grace_seconds=1.0
            )
            if await _finished(run) == 0:
                break
            if "invalid locale" not in folder.log_tail():
                raise PostgresStartError(f"The database could not be made in {folder.path}:\n{folder.log_tail()}")
        else:
            raise PostgresStartError(f"This system has no locale PostgreSQL accepts:\n{folder.log_tail()}")
    finally:
        secret.unlink(missing_ok=True)
    unfinished.rename(folder.data)
    await asyncio.to_thread(folder.sync)


def _initdb_arguments(folder: DatabaseFolder, data: Path, major: int, superuser: str, locale: str) -> list[str]:
    # A builtin collation does not change under an index when the system's C library is upgraded; it came with 17.
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
    return [
        *("-D", data_path(folder, data)),
        *(f"--username={superuser}", "--pwfile=../initdb.password", "--auth=scram-sha-256"),
        *("--encoding=UTF8", f"--locale={locale}", *provider),
        *("--data-checksums", "--no-instructions"),
    ]


async def _finished(run: asyncio.subprocess.Process) -> int:
    try:
        return await asyncio.wait_for(run.wait(), _INITDB_SECONDS)
    finally:
        await end(run, patience_seconds=10.0)


async def end(run: asyncio.subprocess.Process, *, patience_seconds: float) -> None:
    """Close the keeper's pipe and wait; a keeper that does not end within the patience is killed."""
    if run.stdin is not None:
        run.stdin.close()
    if run.returncode is not None:
        return
    try:
        await asyncio.wait_for(asyncio.shield(run.wait()), patience_seconds)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            run.kill()
        await run.wait()


def remove_stale_pid_files(folder: DatabaseFolder, socket_folder: Path) -> None:
    """Forget a dead server whose process id now belongs to something else, as happens in restarted containers.

    Called with `server.lock` held, so no server of ours lives. A server started by hand is left alone.
    """
    pid_file = folder.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_bytes().split(b"\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid = 0
    if pid and sys.platform == "linux" and not _serves(pid, folder.data):
        pid_file.unlink(missing_ok=True)
        pid = 0
    if not pid:
        for left in socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Whether that process works in the data folder, as every PostgreSQL server does in its own."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except PermissionError:
        return True
    except OSError:
        return False
