"""The bus when Redis is away, silent, behind TLS or a password: nobody waits, nothing secret is said."""

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest
import structlog
import trustme

from agentpost_server.opening import open_redis_ports
from agentpost_server.providers import redis_bus
from agentpost_server.providers.redis_bus import RedisBus
from agentpost_server.settings import SettingsError
from providers.redis.test_bus_contract import Heard
from redis_server import RedisServer, needs_redis, redis_server

pytestmark = needs_redis
_PASSWORD = "geheim%40-123"


async def test_a_process_starts_and_hears_itself_without_redis(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server:
        await server.stop()
        bus = RedisBus(server.url)
        begun = time.monotonic()
        await bus.start()
        assert time.monotonic() - begun < 3
        mine = Heard(bus, "work")
        with pytest.raises(OSError, match="Redis cannot be listened to"):
            await bus.check()
        begun = time.monotonic()
        bus.publish("work", "here")
        await mine.wait("here")
        assert time.monotonic() - begun < 0.1
        await server.start()
        await mine.wait("", 10)
        await bus.check()
        await bus.close()


async def test_a_redis_that_says_nothing_is_left_and_found_again(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_bus, "_QUIET_SECONDS", 0.3)
    bus = RedisBus(redis.url)
    await bus.start()
    mine = Heard(bus, "work")
    await asyncio.sleep(1)
    await bus.check()
    assert mine.texts == []
    redis.freeze()
    async with asyncio.timeout(10):
        while True:
            try:
                await bus.check()
            except OSError:
                break
            # Whoever rings meanwhile does not wait for it.
            bus.publish("work", "on")
            await asyncio.sleep(0.05)
    assert "on" in mine.texts
    redis.thaw()
    await mine.wait("", 15)
    await bus.check()
    await bus.close()


async def test_other_numbers_of_databases_are_other_buses(redis: RedisServer) -> None:
    first, second = RedisBus(redis.url), RedisBus(redis.url.replace("/3", "/4"))
    for bus in (first, second):
        await bus.start()
    theirs = Heard(second, "work")
    first.publish("work", "not yours")
    await asyncio.sleep(0.1)
    assert theirs.texts == []
    for bus in (first, second):
        await bus.close()


async def test_tls_is_verified(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = ("--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "ca.pem")
    async with redis_server(tmp_path, "--tls-port", str(port), "--tls-auth-clients", "no", *files):
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/"
        good, bad = RedisBus(f"{url}ca.pem"), RedisBus(f"{url}stranger.pem")
        await good.start()
        await good.check()
        await bad.start()
        with pytest.raises(OSError):
            await bad.check()
        for bus in (good, bad):
            await bus.close()


async def test_a_login_needs_no_more_than_the_decision_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs/decisions/0031-redis.md").read_text()
    rules = [word for code in page.split("`")[1::2] for word in code.split() if word[0] in "~&+"]
    assert len(rules) > 5
    async with redis_server(tmp_path, "--user", "agent", "on", ">pass", "-@all", *rules) as server:
        url = server.url.replace("redis://", "redis://agent:pass@")
        (bus, tally), other = open_redis_ports(url), RedisBus(url)
        for one in (bus, other):
            await one.start()
            await one.check()
        theirs = Heard(other, "work")
        bus.publish("work", "allowed")
        await theirs.wait("allowed")
        with structlog.testing.capture_logs() as logged:
            assert await tally.add("requests:a", 1) == 1
            await asyncio.sleep(0.1)
        assert logged == []
        for one in (bus, other, tally):
            await one.close()


async def test_a_wrong_password_is_told_and_never_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with redis_server(tmp_path, "--requirepass", "another") as server:
        bus, tally = open_redis_ports(server.url.replace("redis://", f"redis://agent:{_PASSWORD}@"))
        with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logged:
            await bus.start()
            assert await tally.add("requests:a", 1) == 1
            with pytest.raises(OSError) as caught:
                await bus.check()
            await bus.close()
            await tally.close()
    said = capsys.readouterr()
    everything = f"{caught.value} {caplog.text} {said.out} {said.err} {logged} {bus!r} {vars(bus)} {vars(tally)}"
    assert "AuthenticationError" in str(caught.value)
    assert any(one["log_level"] == "warning" for one in logged)
    assert "geheim" not in everything


@pytest.mark.parametrize(
    "url",
    [
        "redis.example:6379",
        "http://user:geheim@redis.example/0",
        "redis://user:geheim@redis.example:port/0",
        "redis://:geheim@redis.example/0?socket_timeout=soon",
        "redis://:geheim@redis.example/0?nonsense=1",
    ],
)
def test_a_wrong_url_stops_the_start_and_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="AGENTPOST_REDIS_URL must look like redis://") as caught:
        open_redis_ports(url)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None
