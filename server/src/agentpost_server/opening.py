"""Opening the ports of a process: the one place that picks providers, by the settings."""

import importlib
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from agentpost_server.core.networks import parse_networks
from agentpost_server.core.secrets import Keyring
from agentpost_server.core.times import now
from agentpost_server.db import Database
from agentpost_server.mail.dkim_sign import Signer, load_key
from agentpost_server.outbound.deliverability import warmup
from agentpost_server.ports.blobs import Blobs
from agentpost_server.ports.bus import Bus
from agentpost_server.ports.tally import Tally
from agentpost_server.ports.transport import MailTransport
from agentpost_server.providers.aws import account_of
from agentpost_server.providers.aws_sns import SnsTopics
from agentpost_server.providers.aws_sqs import SqsQueue, region_of_queue
from agentpost_server.providers.direct import DirectSettings, DirectTransport
from agentpost_server.providers.dns import DnsResolver
from agentpost_server.providers.files import FileBlobs
from agentpost_server.providers.gcs import GcsBlobs, GcsLocation
from agentpost_server.providers.mailgun import MailgunTransport
from agentpost_server.providers.postgres_bus import PostgresBus
from agentpost_server.providers.postmark import PostmarkTransport
from agentpost_server.providers.process_tally import ProcessTally
from agentpost_server.providers.s3 import S3Blobs, S3Location
from agentpost_server.providers.s3_mail import open_mail_objects
from agentpost_server.providers.sendgrid import SendGridTransport
from agentpost_server.providers.ses import SesIdentities, SesTransport
from agentpost_server.providers.sigv4 import Credentials
from agentpost_server.providers.smtp import SmtpRelay, SmtpTransport
from agentpost_server.runtime import Runtime
from agentpost_server.sandbox import LocalNetwork
from agentpost_server.settings import Settings, SettingsError

_SELECTOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63}){0,3}")
_PREFIX: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?")


async def open_runtime(settings: Settings, *, keyring: Keyring, dsn: str, data_dir: Path, public_url: str) -> Runtime:
    """Open every port of the process. `close_runtime` is its end."""
    hostname = settings.smtp_hostname or urlsplit(public_url).hostname or "localhost"
    relay = relay_of(settings, hostname) if settings.relay_url else None
    # Before anything is opened: a wrong setting stops the start here.
    providers = provider_transports(settings)
    failover = failover_of(
        settings, {*providers, *(["smtp"] if relay else []), *(["direct"] if settings.direct else [])}
    )
    signer = signer_of(settings)
    check_warmup(settings)
    over_redis = open_redis_ports(settings.redis_url) if settings.redis_url else None
    database = await Database.open(dsn, keyring.password, size=settings.database_connections)
    bus, tally = over_redis or (PostgresBus(database.dsn), ProcessTally())
    await bus.start()
    runtime = Runtime(
        settings=settings,
        keyring=keyring,
        database=database,
        blobs=open_blobs(settings, data_dir),
        bus=bus,
        tally=tally,
        resolver=DnsResolver(settings.dns_servers),
        transports={},
        count=_uncounted,
        now=now,
        public_url=public_url,
        smtp_hostname=hostname,
        failover=failover,
        signer=signer,
        domain_providers={"ses": SesIdentities(account_of(settings))} if settings.ses_region else {},
        queue=SqsQueue(account_of(settings, region=region_of_queue(settings.ses_queue_url)), settings.ses_queue_url)
        if settings.ses_queue_url
        else None,
        topics=SnsTopics(settings) if settings.ses_topics else None,
        mail_objects=open_mail_objects(settings) if settings.ses_inbound_bucket else None,
        spool_folder=data_dir / "spool",
    )
    runtime.transports = {**open_transports(runtime, relay), **providers}
    return runtime


def _uncounted(_organization_id: UUID, _counter: str, _amount: int) -> None:
    """Commands that never become a Process count nothing."""


async def close_runtime(runtime: Runtime) -> None:
    for transport in runtime.transports.values():
        await transport.close()
    for provider in runtime.domain_providers.values():
        await provider.close()
    await runtime.tally.close()
    await runtime.bus.close()
    await runtime.database.close()


def open_redis_ports(url: str) -> tuple[Bus, Tally]:
    """What several instances share by Redis. Connects to nothing yet; raises SettingsError, which never has the URL."""
    # Its package takes longer to import than all of ours: who has no Redis does not wait for it.
    redis_bus = importlib.import_module("agentpost_server.providers.redis_bus")
    redis_tally = importlib.import_module("agentpost_server.providers.redis_tally")
    try:
        return redis_bus.RedisBus(url), redis_tally.RedisTally(url)
    except ValueError:
        # Without its cause, which may repeat the URL.
        raise SettingsError(
            "AGENTPOST_REDIS_URL must look like redis://user:password@host:6379/0, or rediss://… for TLS."
        ) from None


def open_transports(runtime: Runtime, relay: SmtpRelay | None) -> dict[str, MailTransport]:
    """`local` always; `smtp` where there is a relay; `direct` where it is wanted."""
    transports: dict[str, MailTransport] = {"local": LocalNetwork(runtime)}
    if relay is not None:
        transports["smtp"] = SmtpTransport(relay)
    if runtime.settings.direct:
        home = LocalNetwork(runtime, captures=False)
        transports["direct"] = DirectTransport(runtime.resolver, direct_of(runtime), home=home.send)
    return transports


def provider_transports(settings: Settings) -> dict[str, MailTransport]:
    """Those of the providers whose credentials are set. Opens nothing; raises SettingsError."""
    found: list[MailTransport] = []
    if settings.ses_region:
        found.append(SesTransport(account_of(settings), configuration_set=settings.ses_configuration_set))
    if key := settings.sendgrid_api_key:
        found.append(SendGridTransport(settings.sendgrid_endpoint, key))
    if key := settings.postmark_server_token:
        found.append(PostmarkTransport(settings.postmark_endpoint, key, stream=settings.postmark_message_stream))
    if key := settings.mailgun_api_key:
        found.append(MailgunTransport(settings.mailgun_endpoint, key, domain=settings.mailgun_domain))
    return {transport.name: transport for transport in found}


def failover_of(settings: Settings, offered: Collection[str]) -> tuple[str, ...]:
    """The transports that `failover` names, each of them configured. Raises SettingsError."""
    names = tuple(dict.fromkeys(part.strip() for part in settings.failover.split(",") if part.strip()))
    if missing := [name for name in names if name not in offered]:
        raise SettingsError(
            f"AGENTPOST_FAILOVER names {', '.join(missing)}, which this server cannot send by. It may name: "
            f"{', '.join(sorted(offered)) or 'nothing, because no transport is configured'}."
        )
    return names


def check_warmup(settings: Settings) -> None:
    """Raises SettingsError."""
    try:
        warmup.parse(settings.warmup_schedule)
    except ValueError as error:
        raise SettingsError(f"AGENTPOST_WARMUP_SCHEDULE is wrong: {error}.") from error


def signer_of(settings: Settings) -> Signer | None:
    """Who signs mail from the shared domain: read once, so that a wrong key stops the start. Raises SettingsError."""
    if not settings.dkim_key_file and not settings.dkim_selector:
        return None
    if not settings.dkim_key_file or not settings.dkim_selector:
        raise SettingsError("AGENTPOST_DKIM_SELECTOR and AGENTPOST_DKIM_KEY_FILE belong together: set both or none.")
    if not _SELECTOR.fullmatch(settings.dkim_selector):
        raise SettingsError("AGENTPOST_DKIM_SELECTOR must be letters, digits and hyphens, in parts joined by dots.")
    try:
        key = load_key(Path(settings.dkim_key_file).read_bytes())
    except OSError as error:
        raise SettingsError(
            f"AGENTPOST_DKIM_KEY_FILE names {settings.dkim_key_file}, which cannot be read: {error.strerror}."
        ) from error
    except ValueError as error:
        raise SettingsError(f"AGENTPOST_DKIM_KEY_FILE names {settings.dkim_key_file}: {error}.") from error
    return Signer(domain=settings.shared_domain.lower(), selector=settings.dkim_selector, key=key)


def direct_of(runtime: Runtime) -> DirectSettings:
    """How `direct` is to deliver. Raises SettingsError."""
    settings = runtime.settings
    try:
        allow = parse_networks(settings.egress_allow)
    except ValueError as error:
        raise SettingsError(f"AGENTPOST_EGRESS_ALLOW is wrong: {error}.") from error
    return DirectSettings(
        hostname=runtime.smtp_hostname,
        other_names=frozenset(filter(None, (settings.mx_hostname,))),
        port=settings.direct_port,
        tls="required" if settings.direct_tls == "required" else "opportunistic",
        allow=allow,
    )


def relay_of(settings: Settings, local_hostname: str) -> SmtpRelay:
    """The relay that `relay_url` names. Raises SettingsError."""
    url = urlsplit(settings.relay_url)
    try:
        if url.scheme not in ("smtp", "smtps") or not url.hostname:
            raise ValueError("it must look like smtp://user:password@host:587 or smtps://…:465")
        return SmtpRelay(
            host=url.hostname,
            port=url.port or (465 if url.scheme == "smtps" else 587),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            tls="tls" if url.scheme == "smtps" else "none" if settings.relay_tls == "none" else "starttls",
            local_hostname=local_hostname,
            max_connections=settings.relay_connections,
        )
    except ValueError as error:
        raise SettingsError(f"AGENTPOST_RELAY_URL is wrong: {error}.") from error


def open_blobs(settings: Settings, data_dir: Path) -> Blobs:
    """The bucket that `blob_url` names, else files below the data folder."""
    if not settings.blob_url:
        return FileBlobs(data_dir / "blobs")
    url = urlsplit(settings.blob_url)
    prefix = url.path.strip("/")
    if url.scheme not in ("s3", "gs") or not url.hostname or not _PREFIX.fullmatch(prefix):
        raise SettingsError(
            "AGENTPOST_BLOB_URL must look like s3://bucket/prefix or gs://bucket/prefix, the prefix of letters, digits "
            "and - _ . in parts joined by slashes; or be empty for files."
        )
    if url.scheme == "gs":
        return _gcs_blobs(url.hostname, prefix)
    credentials = None
    if settings.s3_access_key_id:
        credentials = Credentials(
            access_key_id=settings.s3_access_key_id, secret_access_key=settings.s3_secret_access_key
        )
    location = S3Location(
        bucket=url.hostname,
        region=settings.s3_region,
        endpoint=settings.s3_endpoint or None,
        public_endpoint=settings.s3_public_endpoint or None,
        prefix=prefix,
        credentials=credentials,
    )
    return S3Blobs(location)


def _gcs_blobs(bucket: str, prefix: str) -> Blobs:
    key_file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        return GcsBlobs(GcsLocation(bucket=bucket, prefix=prefix, key_file=Path(key_file) if key_file else None))
    except ValueError as error:
        raise SettingsError(
            f"AGENTPOST_BLOB_URL cannot be opened by GOOGLE_APPLICATION_CREDENTIALS: {error}."
        ) from error
