"""Every setting of the server, in one place. Each comes from `AGENTPOST_<NAME>` or the TOML file that
`AGENTPOST_CONFIG` names (environment first); a wrong value stops the start with a sentence that names it.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Octets = Annotated[int, Meta(ge=1024, le=41_943_040)]


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what it takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One attribute a setting; its docstring is its documentation (docs/reference/settings.md is made from here)."""

    database_url: str = ""
    """PostgreSQL 16+ as an administrative login: `postgresql://user:password@host/database`. Empty: the embedded
    one."""
    secret_key: str = ""
    """Root of every derived key: at least 32 bytes as base64 or hex; a comma-separated list, newest first, rotates
    it."""
    data_dir: str = ""
    """Where the embedded database and files live. Default `~/.agentpost`, for root `/var/lib/agentpost`."""
    public_url: str = ""
    """Base of every link the server gives out, such as `https://mail.example.com`. Required by `serve`."""
    host: str = "127.0.0.1"
    """Address that HTTP and SMTP listen on."""
    http_port: Port = 8025
    """Port of the API. `up` moves to the next free one when it is busy."""
    smtp_port: Port = 2525
    """Port of inbound SMTP. `up` moves to the next free one when it is busy."""
    smtp_hostname: str = ""
    """Name in the SMTP greeting and in `Received`. Default: the host of `public_url`, else `localhost`."""
    smtp_tls_certificate: str = ""
    """PEM file with certificate chain. With `smtp_tls_key`: STARTTLS is offered."""
    smtp_tls_key: str = ""
    """PEM file with the private key of `smtp_tls_certificate`."""
    smtp_refuse_bare_newlines: bool = False
    """Refuse mail with bare CR or LF (550 5.6.11) instead of normalising and flagging it."""
    shared_domain: str = "agentpost.test"
    """Domain of inboxes that name none. Its MX must lead here when mail from outside is wanted."""
    postmaster_inbox: str = ""
    """Inbox address that gets `postmaster@` and `abuse@` of every domain here. Default `postmaster@<shared_domain>`."""
    blob_url: str = ""
    """Where large bytes live: `s3://bucket/prefix` (R2, MinIO by `s3_endpoint`), `gs://bucket/prefix` (Google's, with
    the key file that GOOGLE_APPLICATION_CREDENTIALS names, or the machine's account), or empty for files in the data
    folder."""
    s3_endpoint: str = ""
    """Endpoint of an S3-compatible store. Empty: AWS."""
    s3_public_endpoint: str = ""
    """Endpoint that presigned links name, where clients reach the store under another name. Empty: `s3_endpoint`."""
    s3_region: str = "us-east-1"
    """Region of the bucket."""
    s3_access_key_id: str = ""
    """Access key of the bucket. Empty: the SDK's ordinary chain."""
    s3_secret_access_key: str = ""
    """Secret of `s3_access_key_id`."""
    relay_url: str = ""
    """SMTP relay of the transport `smtp`: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`."""
    relay_tls: str = "starttls"
    """How `relay_url` with `smtp://` is secured: `starttls` (demanded, certificate verified) or `none` (loopback,
    labs)."""
    relay_connections: Annotated[int, Meta(ge=1, le=100)] = 10
    """Connections to the relay at once. Some allow few: Exchange Online three."""
    mx_hostname: str = ""
    """Host that the MX records of tenants' domains must name. Empty: SES's own where `ses_inbound_bucket` is set, else
    `smtp_hostname`."""
    spf_mechanism: str = ""
    """SPF mechanism that lets through what `smtp` and `direct` send, such as `include:spf.relay.example`. Empty:
    `a:` and `smtp_hostname`."""
    dns_servers: str = ""
    """Comma-separated name servers, `address` or `address:port`. Empty: the system's."""
    ses_region: str = ""
    """AWS region of SES. Set: the transport `ses` is there (package extra `ses`)."""
    ses_endpoint: str = ""
    """Endpoint of the SES API. Empty: AWS."""
    ses_access_key_id: str = ""
    """Access key for SES, SNS and SQS. Empty: the SDK's ordinary chain."""
    ses_secret_access_key: str = ""
    """Secret of `ses_access_key_id`."""
    ses_configuration_set: str = ""
    """SES configuration set of every send: its event destination is what brings bounces and complaints home."""
    ses_topics: str = ""
    """Comma-separated ARNs of the SNS topics that are believed. Empty: nothing that SNS tells is."""
    ses_queue_url: str = ""
    """SQS queue that SES notifications arrive in (the recommended way: no public URL). Empty: none is polled."""
    ses_inbound_bucket: str = ""
    """`s3://bucket/prefix` that SES receipt rules store mail in. Mail elsewhere is not fetched."""
    ses_inbound_token: str = ""
    """Last part of the path `/api/v1/inbound/ses/{token}`. Empty: that route is not there."""
    sendgrid_api_key: str = ""
    """API key. Set: the transport `sendgrid` is there."""
    sendgrid_endpoint: str = "https://api.sendgrid.com"
    """Base of SendGrid's API."""
    sendgrid_inbound_token: str = ""
    """Last part of the path `/api/v1/inbound/sendgrid/{token}`. Empty: that route is not there."""
    sendgrid_webhook_key: str = ""
    """Public keys (base64 DER, comma-separated) that SendGrid signs its webhooks with. Empty: events are not taken."""
    postmark_server_token: str = ""
    """Server token. Set: the transport `postmark` is there."""
    postmark_endpoint: str = "https://api.postmarkapp.com"
    """Base of Postmark's API."""
    postmark_message_stream: str = "outbound"
    """Message stream that Postmark sends by."""
    postmark_inbound_token: str = ""
    """Last part of the path `/api/v1/inbound/postmark/{token}`. Empty: that route is not there."""
    postmark_webhook_password: str = ""
    """`user:password` that Postmark's webhooks authenticate with (Basic). Empty: that route is not there."""
    mailgun_api_key: str = ""
    """Sending key. Set: the transport `mailgun` is there."""
    mailgun_endpoint: str = "https://api.mailgun.net"
    """Base of Mailgun's API (EU: `https://api.eu.mailgun.net`)."""
    mailgun_domain: str = ""
    """Domain that Mailgun sends by. Empty: the domain of the sender."""
    mailgun_inbound_token: str = ""
    """Last part of the path `/api/v1/inbound/mailgun/{token}`. Empty: that route is not there."""
    mailgun_signing_key: str = ""
    """HTTP webhook signing key. Empty: that route is not there."""
    direct: bool = False
    """Offer the transport `direct`: this server delivers to each domain's MX itself (port 25 must be open outwards)."""
    direct_tls: str = "opportunistic"
    """How `direct` secures its lines: `opportunistic` (STARTTLS where it is offered, in clear where it is not or where
    the handshake fails) or `required` (else deferred). Neither asks for a trusted certificate."""
    direct_port: Port = 25
    """Port that `direct` delivers to. Other than 25 only in a lab."""
    failover: str = ""
    """Comma-separated transports that take over, in this order, what the chosen one surely did not accept."""
    pause_bounce_percent: Annotated[float, Meta(ge=0, le=100)] = 5.0
    """An inbox is paused when more than so many percent of its recipients of seven days bounced for good; 0 = never."""
    pause_bounce_recipients: Positive = 200
    """With fewer recipients than this, a high bounce rate only raises `limit.reached`."""
    pause_bounce_count: Positive = 5
    """With fewer bounces than this, a high bounce rate only raises `limit.reached`."""
    pause_complaint_percent: Annotated[float, Meta(ge=0, le=100)] = 0.3
    """An inbox is paused when more than so many percent of its recipients of seven days complained; 0 = never."""
    pause_complaint_recipients: Positive = 1000
    """With fewer recipients than this, a high complaint rate only raises `limit.reached`."""
    pause_complaint_count: Positive = 3
    """With fewer complaints than this, a high complaint rate only raises `limit.reached`."""
    warmup_schedule: str = ""
    """Comma-separated numbers of recipients that a tenant's own domain may write to on its first day of sending (UTC),
    its second, and so on, such as `50,100,200,400,800`; behind the last it is free. What is over waits for the next
    day. Empty: no domain is held back."""
    metrics_days: Annotated[int, Meta(ge=8, le=3650)] = 400
    """How long hourly numbers of sent, bounced and complained mail and DMARC reports are kept."""
    dkim_selector: str = ""
    """Selector of the DKIM key of `shared_domain`: its record stands at `<selector>._domainkey.<shared_domain>`."""
    dkim_key_file: str = ""
    """PEM file with that private key (RSA from 2048 bits, or Ed25519). Empty: mail from the shared domain is not
    signed."""
    mail_authentication: str = "auto"
    """Check SPF, DKIM, DMARC and ARC of arriving mail: `on`, `off`, or `auto`: not for clients on loopback, and SPF
    only for public addresses."""
    arc_sealers: str = ""
    """Comma-separated domains whose ARC seals count: mail that passed DMARC when it reached them is not taken for
    forged because they changed it. Empty: none do."""
    quarantine_unauthenticated: bool = False
    """Hold mail that fails DMARC (status `held`) instead of only labelling it `unauthenticated`."""
    smtp_reject_dmarc: bool = False
    """Refuse, before the 250, mail whose From domain's DMARC policy says `reject` and which fails it, and mail whose
    From is not exactly one author."""
    smtp_refuse_blocked: bool = False
    """Refuse, before the 250, mail that a filter rule blocks for everybody it is for, instead of keeping it with the
    label `blocked`."""
    redis_url: str = ""
    """`redis://user:password@host:6379/0`, or `rediss://…` for TLS: instances ring each other and count request limits
    through Redis. Empty: they ring through PostgreSQL, and each counts for itself."""
    spam_threshold: Annotated[float, Meta(ge=0)] = 5.0
    """Spam score from which mail from outside gets the label `spam` and raises `message.blocked` instead of
    `message.received`; 0 turns labelling off."""
    spam_dnsbl: str = ""
    """Comma-separated DNS blocklists that the client's address of SMTP mail is looked up in, such as `bl.example.org`.
    Each that lists it adds 3 to the score. Empty: none."""
    rspamd_url: str = ""
    """Base of an rspamd worker's HTTP interface, such as `http://rspamd:11333`; its verdict counts in the score. Empty:
    none."""
    model_url: str = ""
    """Base of an OpenAI-compatible API, such as `https://api.example.com/v1` or `http://ollama:11434/v1`: its model is
    asked whether a mail gives an agent instructions, and may raise the score by rules. Mail goes there. Empty: none."""
    model_key: str = ""
    """Key of `model_url`, sent as a bearer token. Empty: none."""
    model_name: str = ""
    """Which model of `model_url` to ask."""
    model_tokens_per_month: Annotated[int, Meta(ge=0)] = 1_000_000
    """Tokens that an organization's mail may cost in a month; then the rules judge alone until the next."""
    model_seconds: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """How long one answer of the model may take."""
    max_send_octets: Octets = 10_485_760
    """Largest composed MIME that a send may have, attachments included."""
    max_receive_octets: Octets = 26_214_400
    """Largest message that SMTP accepts."""
    attachment_text_characters: Annotated[int, Meta(ge=1_000, le=10_000_000)] = 1_000_000
    """How many characters of an attached file's text are kept; behind them it is `truncated`."""
    egress_allow: str = ""
    """Comma-separated CIDRs that webhooks, URL attachments and `direct` may reach although they are private. Empty:
    none."""
    webhook_retry_seconds: str = "30,120,600,3600,14400"
    """Waits before each retry of a webhook delivery, ±20 %."""
    webhook_workers: Positive = 64
    """Webhook calls under way at once in a process."""
    smtp_max_connections: Positive = 2000
    """SMTP connections at once; more are told 421 4.7.0."""
    smtp_max_connections_per_network: Positive = 200
    """SMTP connections at once from one /24 or /64."""
    requests_per_minute: Annotated[int, Meta(ge=0)] = 0
    """API requests a minute and organization; 0 = unlimited."""
    trusted_proxies: str = ""
    """Comma-separated CIDRs whose `X-Forwarded-For` is believed. Empty: none."""
    database_connections: Positive = 10
    """Connections of each database role in a process."""
    event_days: Positive = 30
    """How long events, webhook deliveries and notices to approvers are kept."""
    request_log_days: Positive = 7
    """How long the API request log is kept."""
    idempotency_hours: Positive = 24
    """How long an Idempotency-Key replays its first answer."""
    duplicate_hours: Positive = 72
    """How long mail that comes again byte for byte is the mail that is here, when it has a Message-ID."""
    late_send_hours: Annotated[int, Meta(ge=0, le=8760)] = 6
    """Scheduled mail that could not be sent for so many hours behind its time (the server was down, its inbox paused)
    is not sent any more: it waits for a person, with status `pending_approval`. 0: it is sent however late."""
    upload_hours: Positive = 24
    """How long an upload waits for the send that uses it."""
    lease_hours: Positive = 24
    """How long leases are known after they have ended."""
    wait_hours: Positive = 24
    """How long waits are kept after they have ended."""
    link_seconds: Positive = 3600
    """How long download and upload links are good for."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    log_format: str = "auto"
    """`json`, `console`, or `auto`: console on a terminal, JSON elsewhere."""


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read settings from the file that AGENTPOST_CONFIG names, the environment over it, `overrides` over both."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = dict(_from_file(environ.get("AGENTPOST_CONFIG", "")))
    for field in msgspec.structs.fields(Settings):
        if (text := environ.get(f"AGENTPOST_{field.name.upper()}")) is not None:
            values[field.name] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    return _checked(values)


def _from_file(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"AGENTPOST_CONFIG names {path}, which cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"AGENTPOST_CONFIG names {path}, which is not TOML: {error}.") from error


def _checked(values: dict[str, Any]) -> Settings:
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"There is no setting named {name}. See docs/reference/settings.md for the list.")
        try:
            values[name] = msgspec.convert(value, known[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"AGENTPOST_{name.upper()} has a wrong value: {error}.") from error
    settings = Settings(**values)
    for name, allowed in _CHOICES.items():
        if getattr(settings, name) not in allowed:
            raise SettingsError(f"AGENTPOST_{name.upper()} must be one of {', '.join(allowed)}.")
    for name in ("public_url", "shared_domain", "smtp_hostname"):
        # They stand in header fields and records, which know no other letters.
        if re.search(r"[^!-;=?-~]", getattr(settings, name)):
            raise SettingsError(
                f"AGENTPOST_{name.upper()} must be ASCII without spaces: write xn--… for other letters."
            )
    return msgspec.structs.replace(settings, shared_domain=settings.shared_domain.rstrip(".").lower())


_CHOICES = {
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("auto", "json", "console"),
    "relay_tls": ("starttls", "none"),
    "direct_tls": ("opportunistic", "required"),
    "mail_authentication": ("auto", "on", "off"),
}
