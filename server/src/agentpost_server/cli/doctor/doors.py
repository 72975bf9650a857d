"""The doors at this machine: HTTP and SMTP as who stands before them sees them, and the certificate of STARTTLS."""

import asyncio
import smtplib
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from agentpost_server.cli import sockets
from agentpost_server.cli.doctor.http_get import get
from agentpost_server.cli.doctor.installation import Installation
from agentpost_server.cli.doctor.model import SECONDS, Finding, failed, not_checked, ok, warning
from agentpost_server.core.times import now
from agentpost_server.inbound.smtp import server_context
from agentpost_server.settings import SettingsError

_SOON: Final = timedelta(days=14)
_START: Final = "Start the server, or say by --host, --http-port and --smtp-port where it listens."


class _Ready(msgspec.Struct):
    status: str
    checks: dict[str, str] = {}


async def http(one: Installation) -> list[Finding]:
    """The process at this machine says itself whether it is ready."""
    url = one.local_url
    try:
        answer = await get(f"{url}/readyz")
    except OSError:
        if one.status is not None:
            return [failed("http", f"`up` runs as process {one.status.pid}, and {url} does not answer.", "Restart it.")]
        return [warning("http", f"Nothing answers at {url}.", _START)]
    try:
        said = msgspec.json.decode(answer.body, type=_Ready)
    except msgspec.DecodeError:
        return [failed("http", f"What answers at {url} is not AgentPost (status {answer.status}).", _START)]
    if said.status == "ready":
        return [ok("http", f"{url} answers and is ready.")]
    wrong = "; ".join(f"{name}: {word}" for name, word in said.checks.items() if word != "ok")
    return [failed("http", f"{url} answers and is not ready: {wrong}.", "Its log says more.")]


async def public_url(one: Installation) -> list[Finding]:
    """Through the proxy and its TLS, as the world comes."""
    url = one.settings.public_url
    if not url or url.rstrip("/") == one.local_url:
        return []
    fix = "See that the name leads to your proxy, that its certificate is good, and that it passes requests on here."
    try:
        answer = await get(f"{url.rstrip('/')}/healthz", one.clocks, name="the proxy")
    except OSError as error:
        return [failed("public-url-reached", f"{url} cannot be reached from here: {error}.", fix)]
    if answer.status == 200 and answer.body.strip() == b'{"status":"ok"}':
        return [ok("public-url-reached", f"{url} leads to AgentPost.")]
    return [failed("public-url-reached", f"{url}/healthz answers {answer.status}, and not as AgentPost does.", fix)]


class _Greeted(msgspec.Struct, frozen=True):
    """The name in the answer to EHLO, and the certificate in DER that the door shows; None without STARTTLS."""

    name: str
    certificate: bytes | None


async def smtp(one: Installation) -> list[Finding]:
    host, port = one.smtp_address
    try:
        greeted = await asyncio.to_thread(_greet, host, port)
    except (OSError, smtplib.SMTPException) as error:
        reason = str(error) or type(error).__name__
        if one.status is not None:
            return [failed("smtp", f"`up` runs, and {host}:{port} does not answer as SMTP: {reason}.", "Restart it.")]
        return [warning("smtp", f"No SMTP server answers at {host}:{port}: {reason}.", _START)]
    if greeted.name != one.hostname:
        found = f"{host}:{port} greets as {greeted.name[:80]}, and not as {one.hostname}."
        return [failed("smtp", found, "Another server has this port, or ours runs with other settings.")]
    return [ok("smtp", f"{host}:{port} greets as {one.hostname}."), *_shown(one, greeted)]


def _greet(host: str, port: int) -> _Greeted:
    with smtplib.SMTP(host, port, timeout=SECONDS - 0.5, local_hostname="localhost") as line:
        _code, hello = line.ehlo()
        certificate = None
        if line.has_extn("starttls"):
            # Which certificate it shows is the question; whether it is good is asked of the file.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            line.starttls(context=context)
            certificate = line.sock.getpeercert(True) if isinstance(line.sock, ssl.SSLSocket) else None
            line.ehlo()
        words = hello.decode("utf-8", "replace").lower().split()
        return _Greeted(words[0] if words else "nobody", certificate)


def _shown(one: Installation, greeted: _Greeted) -> list[Finding]:
    """Whether the running server has the certificate of the file: it is read once, at the start."""
    if not one.settings.smtp_tls_certificate:
        return []
    restart = "Restart the server: it reads the files at its start."
    if greeted.certificate is None:
        return [failed("smtp-starttls", "A certificate is set, and the running server offers no STARTTLS.", restart)]
    try:
        leaf = _leaf(one)
    except (OSError, ValueError):
        return []  # told by the check of the file
    if leaf.public_bytes(Encoding.DER) != greeted.certificate:
        return [failed("smtp-starttls", "The running server shows another certificate than the file has.", restart)]
    return [ok("smtp-starttls", "STARTTLS is offered, with the certificate of the file.")]


async def certificate(one: Installation) -> list[Finding]:
    settings, name = one.settings, "smtp-certificate"
    if not settings.smtp_tls_certificate and not settings.smtp_tls_key:
        if sockets.is_loopback(settings.host):
            return [not_checked(name, "SMTP listens on this machine alone, without STARTTLS.")]
        fix = "Set AGENTPOST_SMTP_TLS_CERTIFICATE and AGENTPOST_SMTP_TLS_KEY."
        return [warning(name, "STARTTLS is not offered: mail arrives unencrypted.", fix)]
    if not settings.smtp_tls_certificate or not settings.smtp_tls_key:
        raise SettingsError("AGENTPOST_SMTP_TLS_CERTIFICATE and AGENTPOST_SMTP_TLS_KEY go together: set both or none.")
    try:
        server_context(Path(settings.smtp_tls_certificate), Path(settings.smtp_tls_key))
        leaf = _leaf(one)
    except (OSError, ValueError) as error:
        found = f"{settings.smtp_tls_certificate} and its key cannot be used: {error}."
        return [failed(name, found, "Both must be PEM files that the server may read, and belong together.")]
    return [_judged(one, leaf)]


def _leaf(one: Installation) -> x509.Certificate:
    """The first of the file is the server's own (RFC 8446 4.4.2)."""
    return x509.load_pem_x509_certificates(Path(one.settings.smtp_tls_certificate).read_bytes())[0]


def _judged(one: Installation, leaf: x509.Certificate) -> Finding:
    name, left = "smtp-certificate", leaf.not_valid_after_utc - now()
    until = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
    renew = "Renew it, and restart the server."
    if left < timedelta(0):
        return failed(name, f"It expired on {until}.", renew)
    if leaf.not_valid_before_utc > now():
        found = f"It is valid only from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on."
        return failed(name, found, "Wait, or correct this machine's clock.")
    names = _names(leaf)
    if not any(_matches(pattern, one.hostname) for pattern in names):
        found = f"It is for {', '.join(names) or 'no name'}, and not for {one.hostname}, which is how SMTP greets."
        return failed(name, found, "Get one for that name, or set AGENTPOST_SMTP_HOSTNAME to a name that it has.")
    if left < _SOON:
        return warning(name, f"It expires on {until}, in {left.days} days.", renew)
    return ok(name, f"It is for {', '.join(names)}, until {until}.")


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [one.lower() for one in alternative.get_values_for_type(x509.DNSName)]


def _matches(pattern: str, host: str) -> bool:
    """RFC 6125 6.4.3: a star stands for one whole first label."""
    return pattern == host or (pattern.startswith("*.") and pattern[2:] == host.partition(".")[2])
