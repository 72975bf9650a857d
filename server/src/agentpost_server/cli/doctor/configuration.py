"""What can be judged from the settings and this machine alone."""

import asyncio
import os
import shutil
import stat
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

from agentpost_server.cli import secret_key, sockets
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import Finding, failed, not_checked, ok, warning
from agentpost_server.opening import check_warmup, failover_of, provider_transports, signer_of
from agentpost_server.settings import Settings, SettingsError

_NOT_SETTINGS: Final = ("AGENTPOST_CONFIG",)
_FULL_OCTETS: Final = 64 << 20
_TIGHT_OCTETS: Final = 1 << 30
_GIB: Final = 1 << 30


async def settings(one: Installation) -> list[Finding]:
    return [_loaded(one, os.environ), _transports(one), _secret(one), _public_url(one), _proxies(one)]


def _loaded(one: Installation, environ: Mapping[str, str]) -> Finding:
    known = {f"AGENTPOST_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    strange = sorted(
        name for name in environ if name.startswith("AGENTPOST_") and name not in known and name not in _NOT_SETTINGS
    )
    if strange:
        return warning(
            "settings",
            f"The environment has {', '.join(strange)}, which is no setting and does nothing.",
            "Look for a slip of the pen: docs/reference/settings.md lists every name.",
        )
    try:
        check_warmup(one.settings)
        signer_of(one.settings)
    except SettingsError as error:
        return failed("settings", str(error), "Correct the setting: the server does not start with it.")
    return ok("settings", "They can be read.")


def _transports(one: Installation) -> Finding:
    try:
        offered = {*provider_transports(one.settings), *one.own_transports}
        order = failover_of(one.settings, offered)
    except SettingsError as error:
        return failed("transports", str(error), "Correct the setting: the server does not start with it.")
    then = f"; {', '.join(order)} take over in this order" if order else ""
    return ok("transports", f"Mail can leave by {', '.join(('local', *sorted(offered)))}{then}.")


def _secret(one: Installation) -> Finding:
    if not one.secret:
        if not one.settings.database_url:
            return not_checked("secret-key", "`up` makes the secret key at its first start.")
        return failed(
            "secret-key", "AGENTPOST_SECRET_KEY is not set.", "Set it, and keep it safe: openssl rand -base64 32"
        )
    try:
        secret_key.keyring_of(one.secret)
    except SettingsError as error:
        return failed("secret-key", str(error), "Put the former key back: what was sealed with it opens with no other.")
    file = one.folder.path / "secret_key"
    if not one.settings.secret_key and stat.S_IMODE(file.stat().st_mode) & 0o077:
        return failed("secret-key", f"Others can read {file}.", f"chmod 600 {file}")
    number = len([part for part in one.secret.split(",") if part.strip()])
    return ok("secret-key", "It is there." if number == 1 else f"It is a list of {number}: the first signs, all open.")


def _public_url(one: Installation) -> Finding:
    url = urlsplit(one.public_url)
    if not one.settings.public_url and not one.is_up:
        return failed("public-url", "AGENTPOST_PUBLIC_URL is not set.", "Set it, such as https://mail.example.com.")
    if url.scheme not in ("http", "https") or not url.hostname:
        return failed("public-url", f"{one.public_url} is no URL.", "It must begin with https:// or http://.")
    if url.scheme == "https" or sockets.is_loopback(url.hostname):
        return ok("public-url", f"Links begin with {one.public_url}.")
    return warning(
        "public-url",
        f"Links begin with {one.public_url}: keys and mail go unencrypted, and providers' webhooks want https.",
        "Put a proxy with TLS in front, and set AGENTPOST_PUBLIC_URL to its https address.",
    )


def _proxies(one: Installation) -> Finding:
    listed = [part.strip() for part in one.settings.trusted_proxies.split(",") if part.strip()]
    try:
        networks = [ip_network(part, strict=False) for part in listed]
    except ValueError as error:
        fix = "AGENTPOST_TRUSTED_PROXIES takes comma-separated networks, such as 10.0.0.0/8."
        return failed("trusted-proxies", f"AGENTPOST_TRUSTED_PROXIES is wrong: {error}.", fix)
    if any(network.prefixlen == 0 for network in networks):
        return failed(
            "trusted-proxies",
            "AGENTPOST_TRUSTED_PROXIES trusts everybody: any client can write what address it comes from.",
            "Name only the addresses of your proxies.",
        )
    if networks:
        return ok("trusted-proxies", f"X-Forwarded-For is believed from {', '.join(map(str, networks))}.")
    if one.public_url.startswith("https://"):
        return warning(
            "trusted-proxies",
            "Links are https, so that a proxy stands in front, and none is trusted: every request seems to be its own.",
            "Set AGENTPOST_TRUSTED_PROXIES to the proxy's address.",
        )
    return ok("trusted-proxies", "None: X-Forwarded-For is not believed.")


async def disk(one: Installation) -> list[Finding]:
    """Of the data folder, where files and the embedded database lie; with S3, the spool of large mails."""
    folder = one.folder.path
    there = await asyncio.to_thread(folder.is_dir)
    if not there:
        return [not_checked("disk", f"{folder} is not there yet: the first start makes it.")]
    space = await asyncio.to_thread(shutil.disk_usage, folder)
    found = f"{space.free / _GIB:.1f} GiB of {space.total / _GIB:.0f} GiB are free at {folder}."
    fix = "Make room, or move the data folder (AGENTPOST_DATA_DIR) to a larger disk."
    if space.free < _FULL_OCTETS:
        return [failed("disk", found, fix)]
    return [warning("disk", found, fix) if space.free < _TIGHT_OCTETS else ok("disk", found)]
