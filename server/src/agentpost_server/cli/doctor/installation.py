"""What there is to look at: settings, data folder, and the `up` that runs on it, if one does. Makes nothing."""

import contextlib
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from agentpost_server import settings
from agentpost_server.cli import secret_key, sockets
from agentpost_server.cli.data_folder import DataFolder, Status, data_path
from agentpost_server.cli.up import for_this_machine
from agentpost_server.core.secrets import Keyring
from agentpost_server.db.database import dsn_as
from agentpost_server.settings import Settings, SettingsError

_SECRETS: Final = (
    *("secret_key", "s3_secret_access_key", "ses_secret_access_key", "ses_inbound_token"),
    *("sendgrid_api_key", "sendgrid_inbound_token", "postmark_server_token", "postmark_inbound_token"),
    *("postmark_webhook_password", "mailgun_api_key", "mailgun_inbound_token", "mailgun_signing_key"),
)
_URLS: Final = ("database_url", "relay_url", "redis_url", "rspamd_url")
# Names that lead nowhere in the public DNS (RFC 6761).
_LOCAL: Final = ("test", "localhost", "invalid")


@dataclass(frozen=True, kw_only=True, repr=False)
class Installation:
    """`secret` is "" where there is none yet. `clocks` gathers how many seconds other clocks are ahead of ours."""

    settings: Settings
    folder: DataFolder
    status: Status | None
    secret: str
    hostname: str
    public_url: str
    clocks: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def is_up(self) -> bool:
        """Run by `up`, with its own database or the operator's."""
        return self.status is not None or not self.settings.database_url

    @property
    def local_url(self) -> str:
        """Where HTTP listens at this machine."""
        if self.status is not None and not self.settings.public_url:
            return self.status.api_url.removesuffix("/api/v1")
        return f"http://{sockets.reachable_host(self.settings.host)}:{self.settings.http_port}"

    @property
    def smtp_address(self) -> tuple[str, int]:
        if self.status is not None:
            return self.status.smtp_host, self.status.smtp_port
        return sockets.reachable_host(self.settings.host).strip("[]"), self.settings.smtp_port

    @property
    def shared_domain(self) -> str:
        return self.settings.shared_domain.lower()

    @property
    def own_transports(self) -> list[str]:
        """Those by which mail leaves in our own name: SPF and DKIM of the shared domain are ours to publish."""
        return [*(["smtp"] if self.settings.relay_url else []), *(["direct"] if self.settings.direct else [])]

    def keyring(self) -> Keyring | None:
        with contextlib.suppress(SettingsError):
            return secret_key.keyring_of(self.secret)
        return None

    def administrator(self, keyring: Keyring) -> str | None:
        """The URL of the administrative login; None while the embedded database does not run."""
        if self.settings.database_url:
            return self.settings.database_url
        if self.status is None or self.status.database_socket is None:
            return None
        socket = f"postgresql:///postgres?host={quote(self.status.database_socket, safe='')}&port=5432"
        return dsn_as(socket, "postgres", keyring.password("postgres"))

    def hide(self, text: str) -> str:
        """The text without any secret of the settings: what others say may repeat them."""
        for secret in self._secrets():
            text = text.replace(secret, "…")
        return text

    def _secrets(self) -> set[str]:
        known = {str(getattr(self.settings, name)) for name in _SECRETS} | {self.secret}
        for name in _URLS:
            with contextlib.suppress(ValueError):
                password = urlsplit(str(getattr(self.settings, name))).password or ""
                known |= {password, unquote(password)}
        return {part.strip() for one in known for part in (one, *one.split(",")) if len(part.strip()) > 3}


def find(options: Namespace, environ: Mapping[str, str] | None = None) -> Installation:
    """What the environment, the command line and the data folder say. Raises SettingsError."""
    chosen = settings.load(environ, host=options.host, http_port=options.http_port, smtp_port=options.smtp_port)
    folder = DataFolder(data_path(options.data or chosen.data_dir))
    status = folder.status()
    if status is not None or not chosen.database_url:
        chosen = for_this_machine(chosen)
    local = f"http://{sockets.reachable_host(chosen.host)}:{chosen.http_port}"
    public_url = chosen.public_url or (status.api_url.removesuffix("/api/v1") if status else local)
    return Installation(
        settings=chosen,
        folder=folder,
        status=status,
        secret=chosen.secret_key or _kept_secret(folder),
        hostname=(chosen.smtp_hostname or urlsplit(public_url).hostname or "localhost").lower(),
        public_url=public_url.rstrip("/"),
    )


def is_local(name: str) -> bool:
    """Whether a domain or host cannot be found in the public DNS, and is not meant to be."""
    return name.rpartition(".")[2] in _LOCAL or name.replace(".", "").isdigit() or ":" in name


def _kept_secret(folder: DataFolder) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return (folder.path / "secret_key").read_text(encoding="ascii").strip()
    return ""
