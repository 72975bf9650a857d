"""Redis, rspamd, DNS blocklists, and the ways out by SMTP: the relay, and port 25 where somebody may be asked."""

import asyncio
import importlib
from typing import Any

import msgspec

from agentpost_server.cli.doctor.http_get import get
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import SECONDS, Finding, failed, not_checked, ok
from agentpost_server.opening import relay_of
from agentpost_server.ports.resolver import Resolver, ResolverError
from agentpost_server.providers.smtp import SmtpRelay
from agentpost_server.providers.smtp.connection import LINE_ERRORS, open_connection, reason_of
from agentpost_server.screening.dnsbl import read_zones
from agentpost_server.settings import SettingsError


async def redis(one: Installation) -> list[Finding]:
    # Its package takes longer to import than all of ours: who has no Redis does not wait for it.
    package: Any = await asyncio.to_thread(importlib.import_module, "agentpost_server.providers.redis_client")
    try:
        client = package.open_redis(one.settings.redis_url, seconds=SECONDS - 0.5)
    except ValueError as error:
        raise SettingsError("AGENTPOST_REDIS_URL must look like redis://user:password@host:6379/0.") from error
    try:
        await client.ping()
    except package.AWAY as error:
        found = (
            f"Redis does not answer: {error}. Until it does, each instance counts requests for itself, and sees what"
            " another does up to a second later."
        )
        return [failed("redis", found, "Start it, or correct AGENTPOST_REDIS_URL.")]
    finally:
        await client.aclose()
    return [ok("redis", "It answers.")]


async def rspamd(one: Installation) -> list[Finding]:
    fix = "Start rspamd, or correct AGENTPOST_RSPAMD_URL; without it mail is judged by our own rules."
    try:
        answer = await get(f"{one.settings.rspamd_url.rstrip('/')}/ping")
    except OSError as error:
        return [failed("rspamd", f"rspamd does not answer: {error}.", fix)]
    if answer.status != 200 or answer.body.strip() != b"pong":
        return [failed("rspamd", f"What answers is not rspamd (HTTP {answer.status}).", fix)]
    return [ok("rspamd", "It answers.")]


async def blocklists(one: Installation, resolver: Resolver) -> list[Finding]:
    """By the entries that every list has for this (RFC 5782 5): 127.0.0.2 stands in it, 127.0.0.1 does not."""
    return await asyncio.gather(*(_blocklist(resolver, zone) for zone in read_zones(one.settings.spam_dnsbl)))


async def _blocklist(resolver: Resolver, zone: str) -> Finding:
    name = f"dnsbl:{zone}"
    try:
        async with asyncio.timeout(SECONDS - 0.5):
            questions = (resolver.ipv4(f"{entry}.0.0.127.{zone}") for entry in (2, 1))
            listed, unlisted = await asyncio.gather(*questions)
    except (ResolverError, TimeoutError):
        fix = "See whether your name servers reach it, or take it out of AGENTPOST_SPAM_DNSBL."
        return failed(name, "It does not answer.", fix)
    if any(address.startswith("127.255.255.") for address in listed):
        fix = "Ask it through a name server of your own (not a public one), or register with it."
        return failed(name, "It refuses to answer this name server.", fix)
    if not listed or unlisted:
        fix = "Take it out of AGENTPOST_SPAM_DNSBL."
        return failed(name, "It does not answer as a blocklist does: it lists nothing, or everything.", fix)
    return ok(name, "It answers.")


async def relay(one: Installation) -> list[Finding]:
    """Greeted, secured and logged in as for a send; then QUIT."""
    found = relay_of(one.settings, one.hostname)
    return [await _greet("relay", found, "Correct AGENTPOST_RELAY_URL, or ask whoever runs the relay.")]


async def port_25(one: Installation, probe: str | None) -> list[Finding]:
    """To a host that the operator names: strangers are not called for a test."""
    if not probe:
        found = "Whether port 25 is open outwards: no stranger is called for a test."
        fix = "Name a mail server that may be: agentpost-server doctor --send-probe mx.example.com"
        return [not_checked("port-25-out", found, fix)] if one.settings.direct else []
    port = one.settings.direct_port
    target = SmtpRelay(host=probe, port=port, tls="opportunistic", local_hostname=one.hostname)
    fix = "Many providers close port 25 until they are asked; a relay (AGENTPOST_RELAY_URL) needs none."
    return [await _greet("port-25-out", target, fix)]


async def _greet(name: str, target: SmtpRelay, fix: str) -> Finding:
    place = f"{target.host}:{target.port}"
    try:
        line = await open_connection(msgspec.structs.replace(target, connect_seconds=SECONDS - 0.5), None)
    except LINE_ERRORS as error:
        return failed(name, f"{place} cannot be used: {reason_of(error)}.", fix)
    await line.quit(0.4)
    who = " and logged in" if target.username else ""
    return ok(name, f"{place} greeted us{who}.")
