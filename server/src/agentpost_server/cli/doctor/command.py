"""The command: every check side by side, then the report. Exit code 1 when anything failed."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from agentpost_server.cli import logs
from agentpost_server.cli.doctor import amazon, blobs, configuration, database, doors, names, providers, services
from agentpost_server.cli.doctor import domains as custom
from agentpost_server.cli.doctor.clock import clock
from agentpost_server.cli.doctor.installation import Installation, find
from agentpost_server.cli.doctor.model import SECONDS, Check, Finding, examine, failed, not_checked
from agentpost_server.cli.doctor.show import as_json, as_text
from agentpost_server.cli.output import say
from agentpost_server.providers.dns import DnsResolver
from agentpost_server.settings import SettingsError

_DATABASE_SECONDS: Final = 8.0
"""For a handful of connections, one after the other."""


async def run(options: argparse.Namespace) -> int:
    logs.set_up("error", "auto")  # what goes wrong is told as a finding
    try:
        one = find(options)
    except SettingsError as error:
        findings = [
            failed("settings", str(error), "Correct the setting: docs/reference/settings.md lists them all."),
            not_checked("everything else", "Nothing can be looked at without settings."),
        ]
    else:
        findings = await examine_all(one, options.send_probe)
    say(as_json(findings) if options.json else as_text(findings))
    return 1 if any(each.status == "failed" for each in findings) else 0


async def examine_all(one: Installation, probe: str | None) -> list[Finding]:
    """Every check, and no secret in what is found."""
    rounds = await asyncio.gather(
        *(examine(name, check, seconds=seconds) for name, check, seconds in _checks(one, probe)),
        _stored(one),
    )
    found = [*(each for found in rounds for each in found), clock(one), *_unconfigured(one), _outside(one)]
    return [_hidden(one, each) for each in found]


def _checks(one: Installation, probe: str | None) -> Iterator[tuple[str, Check, float]]:
    settings, resolver = one.settings, _resolver(one)
    yield "settings", lambda: configuration.settings(one), SECONDS
    yield "disk", lambda: configuration.disk(one), SECONDS
    yield "blobs", lambda: blobs.blobs(one), SECONDS
    yield "http", lambda: doors.http(one), SECONDS
    yield "public-url-reached", lambda: doors.public_url(one), SECONDS
    yield "smtp", lambda: doors.smtp(one), SECONDS
    yield "smtp-certificate", lambda: doors.certificate(one), SECONDS
    if resolver is None:
        yield "name-servers", lambda: _wrong_name_servers(one), SECONDS
    else:
        yield "name-servers", lambda: names.name_servers(one, resolver), SECONDS
        yield "shared-domain", lambda: names.shared_domain(one, resolver), SECONDS
        yield "mail-host", lambda: names.mail_host(one, resolver), SECONDS
        if settings.spam_dnsbl:
            yield "dnsbl", lambda: services.blocklists(one, resolver), SECONDS
    yield "port-25-out", lambda: services.port_25(one, probe), SECONDS
    yield from _configured(one)


def _configured(one: Installation) -> Iterator[tuple[str, Check, float]]:
    settings = one.settings
    if settings.relay_url:
        yield "relay", lambda: services.relay(one), SECONDS
    if settings.ses_region:
        yield "ses", lambda: amazon.ses(one), amazon.SECONDS_WITH_SDK
    if settings.ses_queue_url:
        yield "ses-queue", lambda: amazon.queue(one), amazon.SECONDS_WITH_SDK
    if settings.ses_inbound_bucket:
        yield "ses-bucket", lambda: amazon.bucket(one), SECONDS
    if settings.sendgrid_api_key:
        yield "sendgrid", lambda: providers.sendgrid(one), SECONDS
    if settings.postmark_server_token:
        yield "postmark", lambda: providers.postmark(one), SECONDS
    if settings.mailgun_api_key:
        yield "mailgun", lambda: providers.mailgun(one), SECONDS
    if settings.redis_url:
        yield "redis", lambda: services.redis(one), SECONDS
    if settings.rspamd_url:
        yield "rspamd", lambda: services.rspamd(one), SECONDS


async def _stored(one: Installation) -> list[Finding]:
    """The database, and behind it what only it knows."""
    found = await examine("database", lambda: database.database(one), seconds=_DATABASE_SECONDS)
    if any(each.status != "ok" and each.name != "database-connections" for each in found):
        fix = "Put the database in order first."
        return [*found, not_checked("domains", "Tenants' domains cannot be read.", fix)]
    return [*found, *await examine("domains", lambda: custom.domains(one), seconds=custom.SECONDS_FOR_ALL)]


def _resolver(one: Installation) -> DnsResolver | None:
    try:
        return DnsResolver(one.settings.dns_servers)
    except SettingsError:
        return None


async def _wrong_name_servers(one: Installation) -> list[Finding]:
    DnsResolver(one.settings.dns_servers)  # says what is wrong
    return []


def _unconfigured(one: Installation) -> Sequence[Finding]:
    settings = one.settings
    there = {
        "relay": settings.relay_url,
        "direct": settings.direct,
        "ses": settings.ses_region,
        "ses-queue": settings.ses_queue_url,
        "ses-bucket": settings.ses_inbound_bucket,
        "sendgrid": settings.sendgrid_api_key,
        "postmark": settings.postmark_server_token,
        "mailgun": settings.mailgun_api_key,
        "redis": settings.redis_url,
        "rspamd": settings.rspamd_url,
        "dnsbl": settings.spam_dnsbl,
    }
    missing = [name for name, value in there.items() if not value]
    return [not_checked("not-configured", f"{', '.join(missing)}: no setting names them.")] if missing else []


def _outside(one: Installation) -> Finding:
    port = one.smtp_address[1]
    forward = "" if port == 25 else f" Mail servers call port 25 only; ours listens on {port}."
    return not_checked(
        "from-outside",
        f"Whether others reach this server, and what blocklists say of its address, cannot be seen from here.{forward}",
        f"From another machine: openssl s_client -starttls smtp -connect {one.hostname}:25",
    )


def _hidden(one: Installation, finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, found=one.hide(finding.found), fix=one.hide(finding.fix))
