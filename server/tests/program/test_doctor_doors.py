"""The doctor before the doors and at the database: a certificate for every fault, servers that are not ours, a database
that lost something."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trustme

from agentpost_server.cli.doctor import blobs, configuration, database, doors
from agentpost_server.cli.doctor.model import Finding, examine
from databases import empty_database, new_database
from harness import running_server
from program.doctoring import SECRET, by_name, installation, only, told


@asynccontextmanager
async def answering(reply: bytes) -> AsyncGenerator[int]:
    """A server that says this to everybody who connects; its port."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def issued(folder: Path, *names: str, **validity: Any) -> dict[str, Any]:
    """The settings of a certificate for these names."""
    made = trustme.CA().issue_cert(*names, **validity)
    made.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    made.private_key_pem.write_to_path(folder / "key.pem")
    return {"smtp_tls_certificate": folder / "chain.pem", "smtp_tls_key": folder / "key.pem"}


async def certificate(folder: Path, **settings: Any) -> Finding:
    one = installation(folder, smtp_hostname="mx.mail.example", **settings)
    [found] = await examine("smtp-certificate", lambda: doors.certificate(one))
    return found


@pytest.mark.parametrize("name", ["mx.mail.example", "*.mail.example"])
async def test_a_certificate_for_the_name_that_smtp_greets_with(tmp_path: Path, name: str) -> None:
    told(await certificate(tmp_path, **issued(tmp_path, name)), "ok", name)


@pytest.mark.parametrize("name", ["mail.example", "*.example", "*.mx.mail.example"])
async def test_a_certificate_for_another_name(tmp_path: Path, name: str) -> None:
    told(await certificate(tmp_path, **issued(tmp_path, name)), "failed", name, "mx.mail.example")


@pytest.mark.parametrize(
    ("begins", "ends", "status", "words"),
    [
        (-30, -1, "failed", "It expired on"),
        (-30, 13, "warning", "It expires on"),
        (-30, 15, "ok", "until"),
        (1, 30, "failed", "valid only from"),
    ],
)
async def test_the_life_of_a_certificate(tmp_path: Path, begins: int, ends: int, status: str, words: str) -> None:
    today = datetime.now(UTC)
    validity = {"not_before": today + timedelta(days=begins), "not_after": today + timedelta(days=ends)}
    told(await certificate(tmp_path, **issued(tmp_path, "mx.mail.example", **validity)), status, words)


async def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    settings = issued(tmp_path, "mx.mail.example")
    told(await certificate(tmp_path, **{**settings, "smtp_tls_key": ""}), "failed", "go together")
    swapped = {**settings, "smtp_tls_key": settings["smtp_tls_certificate"]}
    told(await certificate(tmp_path, **swapped), "failed", "chain.pem and its key cannot be used")
    told(await certificate(tmp_path, host="0.0.0.0"), "warning", "mail arrives unencrypted")


async def test_servers_that_are_not_ours_at_our_ports(tmp_path: Path) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi") as port:
        told(only(await doors.http(installation(tmp_path, http_port=port))), "failed", "not AgentPost")
        told(only(await doors.smtp(installation(tmp_path, smtp_port=port))), "warning", "No SMTP server answers")
        found = await doors.public_url(installation(tmp_path, public_url=f"http://127.0.0.1:{port}"))
        told(only(found), "failed", "not as AgentPost does")


async def test_a_server_that_is_not_ready_says_why(tmp_path: Path) -> None:
    body = b'{"status":"not_ready","checks":{"database":"ok","blobs":"OSError"}}'
    head = f"HTTP/1.1 503 X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    async with answering(head + body) as port:
        told(only(await doors.http(installation(tmp_path, http_port=port))), "failed", "not ready: blobs: OSError.")


async def test_a_running_server_with_other_settings_than_the_doctor_has(postgres: str, tmp_path: Path) -> None:
    url = await new_database(postgres, "doctor_doors")
    old: dict[str, Any] = {name: str(path) for name, path in issued(tmp_path, "mx.mail.example").items()}
    async with running_server(url, smtp_hostname="mx.mail.example", **old) as server:
        port = server.smtp_port
        one = installation(tmp_path, smtp_hostname="other.example", smtp_port=port)
        told(only(await doors.smtp(one)), "failed", "greets as mx.mail.example, and not as other.example")
        renewed = issued(tmp_path, "mx.mail.example")
        one = installation(tmp_path, smtp_hostname="mx.mail.example", smtp_port=port, **renewed)
        told(by_name(await doors.smtp(one))["smtp-starttls"], "failed", "another certificate", "Restart")


async def _database(**settings: Any) -> dict[str, Finding]:
    one = installation(Path("/nonexistent"), **{"secret_key": SECRET, "public_url": "https://mail.example", **settings})
    found = by_name(await database.database(one))
    assert abs(one.clocks.get("the database", 0)) < 1
    return found


async def test_an_empty_database(postgres: str) -> None:
    found = await _database(database_url=await empty_database(postgres, "doctor"))
    told(found["migrations"], "failed", "None has run", "agentpost-server migrate")


async def test_a_database_that_is_behind_ahead_or_of_other_files(postgres: str) -> None:
    url = await new_database(postgres, "doctor_migrations")
    assert (await _database(database_url=url))["migrations"].status == "ok"
    connection = await asyncpg.connect(url)
    for sql, words in (
        (
            "UPDATE agentpost.migrations SET digest = 'x' WHERE number = 2",
            "0002_inboxes.sql ran here with another",
        ),
        ("INSERT INTO agentpost.migrations VALUES (9999, '9999_later.sql', 'x')", "9999_later.sql, which this version"),
        ("DELETE FROM agentpost.migrations WHERE number = 3", "Not run: 0003_mail.sql"),
    ):
        await connection.execute(sql)
        told((await _database(database_url=url))["migrations"], "failed", words)
    await connection.close()


async def test_a_database_that_may_lose_what_it_commits(postgres: str) -> None:
    url = await new_database(postgres, "doctor_durability")
    connection = await asyncpg.connect(url)
    name = await connection.fetchval("SELECT current_database()")
    # Of one role alone, which its own log-in finds.
    await connection.execute(f'ALTER ROLE agentpost_worker IN DATABASE "{name}" SET synchronous_commit = off')
    await connection.close()
    told((await _database(database_url=url))["database-durability"], "failed", "synchronous_commit = off", "on")


async def test_connections_that_are_too_few(postgres: str) -> None:
    found = await _database(database_url=await new_database(postgres, "doctor_room"), database_connections=5000)
    told(found["database-connections"], "warning", "10002", "max_connections")


async def test_another_secret_key_than_the_databases(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await new_database(postgres, "doctor_secret")
    refused = asyncpg.InvalidPasswordError("password authentication failed")
    connect = asyncpg.connect

    async def strict(dsn: str, **options: Any) -> Any:
        # The tests' PostgreSQL trusts whoever reaches its socket.
        if "agentpost_" in dsn:
            raise refused
        return await connect(dsn, **options)

    monkeypatch.setattr(asyncpg, "connect", strict)
    found = await _database(database_url=url, secret_key="ab" * 32)
    told(found["database-roles"], "failed", "agentpost_api cannot log in", "secret key")


@pytest.mark.parametrize(
    ("settings", "name", "status", "words"),
    [
        ({"database_url": "postgresql://x/y"}, "secret-key", "failed", "openssl rand"),
        ({"secret_key": "short"}, "secret-key", "failed", "at least 32 bytes"),
        ({"secret_key": f"{'ab' * 32},{SECRET}"}, "secret-key", "ok", "list of 2"),
        ({"database_url": "postgresql://x/y"}, "public-url", "failed", "AGENTPOST_PUBLIC_URL is not set"),
        ({"public_url": "mail.example"}, "public-url", "failed", "no URL"),
        ({"public_url": "https://mail.example"}, "trusted-proxies", "warning", "AGENTPOST_TRUSTED_PROXIES"),
        ({"trusted_proxies": "10.0.0.0/8, ::/0"}, "trusted-proxies", "failed", "trusts everybody"),
        ({"trusted_proxies": "ten"}, "trusted-proxies", "failed", "'ten'"),
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted-proxies", "ok", "10.0.0.0/8"),
        ({"failover": "ses"}, "transports", "failed", "cannot send by"),
        ({"dkim_selector": "s1"}, "settings", "failed", "belong together"),
    ],
)
async def test_what_the_settings_alone_tell(
    tmp_path: Path, settings: dict[str, str], name: str, status: str, words: str
) -> None:
    found = by_name(await configuration.settings(installation(tmp_path, **settings)))
    told(found[name], status, words)


async def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text(SECRET)
    (tmp_path / "secret_key").chmod(0o644)
    found = by_name(await configuration.settings(installation(tmp_path)))
    told(found["secret-key"], "failed", "Others can read", "chmod 600")


@pytest.mark.parametrize(("free", "status"), [(32 << 20, "failed"), (512 << 20, "warning"), (2 << 30, "ok")])
async def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(20 << 30, 0, free))  # type: ignore[attr-defined]
    [found] = await configuration.disk(installation(tmp_path))
    assert found.status == status


async def test_the_probe_of_the_blob_store_leaves_nothing(tmp_path: Path) -> None:
    told(only(await blobs.blobs(installation(tmp_path))), "ok", str(tmp_path))
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.name != ".tmp"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_files_of_another_user_are_left_alone(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    told(only(await blobs.blobs(installation(tmp_path))), "not_checked", "another user", "as that user")
    assert not (tmp_path / "blobs").exists()
