"""`up` as a newcomer meets it: one command, true addresses, keys once, a clean end."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2 as httpx
import pytest

from program.running import all_gone, command, family, running, until, up


async def test_the_first_run_makes_everything_and_the_next_finds_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with up(data) as first:
        keys = first.keys
        assert first.said.index(keys["live_key"]) < first.said.index(keys["test_key"])
        assert keys["live_key"].startswith("ap_sk_live_")
        assert keys["test_key"].startswith("ap_sk_test_")
        for line in (first.status["api_url"], first.status["docs_url"], first.status["console_url"]):
            assert line in first.said
        assert f"SMTP      127.0.0.1:{first.smtp_port}" in first.said
        for secret in ("secret_key", "keys.json"):
            assert stat.S_IMODE((data / secret).stat().st_mode) == 0o600
        async with first.http() as http:
            environments = (await http.get("/api/v1/environments")).json()["data"]
            inboxes = (await http.get("/api/v1/inboxes")).json()["data"]
        assert [(one["slug"], one["kind"], one["transport"], one["is_default"]) for one in environments] == [
            ("default", "live", "local", True)
        ]
        assert [one["email"] for one in inboxes] == ["postmaster@agentpost.test"]
        async with first.http() as http:
            http.headers["Authorization"] = f"Bearer {keys['test_key']}"
            sandbox = (await http.get("/api/v1/environments")).json()["data"]
        assert [(one["slug"], one["kind"]) for one in sandbox] == [("sandbox", "test")]
        assert await first.stop(signal.SIGINT) == 0
        assert not (data / "status.json").exists()
    async with up(data) as second:
        assert keys["live_key"] not in second.said
        assert str(data / "keys.json") in second.said
        async with second.http() as http:
            assert (await http.get("/api/v1/auth/me")).status_code == 200


async def test_a_second_up_finds_the_first_and_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running("up", "--data", str(data), "--http-port", "0", data=data, output=tmp_path / "out") as first:
        # At once: the first is still starting, and the second waits to tell its addresses.
        await until((data / "up.lock").exists)
        code, said, _ = await command("up", "--data", str(data))
        assert code == 0
        assert f"runs already on this data (process {first.pid})" in said
        assert first.status["api_url"] in said
        code, out, _ = await command("status", "--json", "--data", str(data))
        told = json.loads(out)
        assert (code, told.pop("ready"), told.pop("pid")) == (0, True, first.pid)
        assert (told.pop("transports"), told.pop("domains_failed")) == (["local"], 0)
        assert sorted(told) == ["api_url", "console_url", "docs_url", "smtp_host", "smtp_port", "version"]
        code, _, complaint = await command("reset", "--yes", "--data", str(data))
        assert (code, "Stop it first" in complaint) == (1, True)
        assert await first.stop() == 0
    code, out, _ = await command("status", "--json", "--data", str(data))
    assert (code, json.loads(out)["ready"], json.loads(out)["pid"]) == (1, False, None)
    assert (await command("reset", "--data", str(data)))[0] == 1
    assert (await command("reset", "--yes", "--data", str(data)))[0] == 0
    assert list(data.iterdir()) == []


async def test_busy_ports_move_up_and_are_printed_truly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        async with up(tmp_path / "data", "--http-port", str(port), "--smtp-port", str(port)) as program:
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(f"{program.url}/healthz")).json() == {"status": "ok"}
            assert f":{port}/" not in program.said
            assert port < program.smtp_port
            assert f"127.0.0.1:{program.smtp_port}" in program.said


async def test_webhooks_may_reach_loopback_only_where_nobody_else_can_reach_the_server(tmp_path: Path) -> None:
    async with up(tmp_path / "data") as program:
        assert "AGENTPOST_EGRESS_ALLOW=127.0.0.0/8,::1/128" in program.said
        await program.stop()
    async with up(tmp_path / "data", "--host", "0.0.0.0") as program:
        assert "EGRESS" not in program.said
        assert program.url.startswith("http://127.0.0.1:")


async def test_kill_9_leaves_no_orphan_and_the_next_start_is_whole(tmp_path: Path) -> None:
    async with up(tmp_path / "data") as program:
        pids = family(program.pid)
        assert len(pids) > 4
        program.process.kill()
        await program.process.wait()
        await until(lambda: all_gone(pids))
    async with up(tmp_path / "data") as program, program.http() as http:
        assert (await http.get("/api/v1/auth/me")).status_code == 200


async def test_a_second_ctrl_c_hurries_the_end(tmp_path: Path) -> None:
    async with up(tmp_path / "data") as program:
        pids = family(program.pid)
        # A request whose body never comes keeps the door draining.
        reader, writer = await asyncio.open_connection("127.0.0.1", int(program.url.rpartition(":")[2]))
        writer.write(
            f"POST /api/v1/inboxes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {program.keys['live_key']}\r\n"
            "Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{".encode()
        )
        await writer.drain()
        await asyncio.sleep(0.3)
        program.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert program.process.returncode is None
        assert await program.stop(signal.SIGINT, 10) == 0
        assert all_gone(pids)
        writer.close()
        del reader


async def test_a_stop_while_starting_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running("up", "--data", str(data), "--http-port", "0", data=data, output=tmp_path / "out") as program:
        await until((data / "postgres" / "owner.lock").exists)
        pids = family(program.pid)
        assert await program.stop(signal.SIGTERM) == 0
        assert all_gone(pids)


async def test_keys_and_organizations_at_the_machine(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    code, _, complaint = await command("keys", "create", "--data", data)
    assert (code, "agentpost-server up" in complaint) == (1, True)
    async with up(tmp_path / "data") as program, program.http() as http:
        code, key, _ = await command("keys", "create", "--environment", "test", "--data", data)
        assert (code, key[:11]) == (0, "ap_sk_test_")
        http.headers["Authorization"] = f"Bearer {key.strip()}"
        assert (await http.get("/api/v1/auth/me")).json()["scopes"] == ["*"]
        code, made, _ = await command("organizations", "create", "Second", "--data", data)
        assert code == 0
        http.headers["Authorization"] = f"Bearer {made.split()[4]}"
        assert (await http.get("/api/v1/auth/me")).status_code == 200
        code, _, complaint = await command("keys", "create", "--data", data)
        assert (code, "--organization" in complaint) == (1, True)


def _command_of(user: pwd.struct_passwd) -> tuple[tuple[str, ...], str] | None:
    """The command as that user, and its PYTHONPATH. None where the user can run no Python of this version."""
    become = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        # By a shell of the user's own: what root may still open for the first program does not count.
        tried = subprocess.run(
            [*become, "sh", "-c", f"exec {python} -c 'import ssl'"], check=False, capture_output=True
        )
        if tried.returncode == 0:
            return (*become, python, "-m", "agentpost_server.cli"), os.pathsep.join(sys.path)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_as_an_ordinary_user() -> None:
    nobody = pwd.getpwnam("nobody")
    found = _command_of(nobody)
    if found is None:
        pytest.skip("no Python here that an ordinary user can run")
    home = Path(tempfile.mkdtemp(prefix="agentpost-test-"))
    output = home.with_name(home.name + "-output")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    try:
        data = home / ".agentpost"
        own = {"HOME": str(home), "PYTHONPATH": found[1]}
        arguments = ("up", "--http-port", "0", "--smtp-port", "0")
        async with running(*arguments, data=data, output=output, prefix=found[0], **own) as program:
            await program.ready()
            assert data.stat().st_uid == nobody.pw_uid
            assert stat.S_IMODE(data.stat().st_mode) == 0o700
            async with program.http() as http:
                assert (await http.get("/readyz")).status_code == 200
            assert await program.stop() == 0
    finally:
        shutil.rmtree(home)
        shutil.rmtree(output)
