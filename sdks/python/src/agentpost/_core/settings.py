"""Where the server is and with which key: what is given, else the environment, else the profile on this machine.

AGENTPOST_API_KEY, AGENTPOST_BASE_URL, AGENTPOST_ENVIRONMENT    read when a client is made, never at import
AGENTPOST_PROFILE                                               which profile, else the one that is in use
~/.config/agentpost/profiles.json                               written by `agentpost login` (0600)
"""

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from agentpost._core.errors import ConfigurationError

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8025"
Key = str | Callable[[], str] | Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Settings:
    api_key: Key
    base_url: str
    environment: str | None
    timeout: float
    """Seconds for a whole call, its retries and pauses included."""
    retries: int


def resolve(
    *, api_key: Key | None, base_url: str | None, environment: str | None, timeout: float, retries: int
) -> Settings:
    """Raises ConfigurationError."""
    profile = {} if api_key and base_url else read_profile()
    key = api_key or os.environ.get("AGENTPOST_API_KEY") or profile.get("api_key")
    if not key:
        raise ConfigurationError("There is no API key. Give api_key=, set AGENTPOST_API_KEY, or run `agentpost login`.")
    if isinstance(key, str) and (not key.isascii() or not key.isprintable() or " " in key):
        raise ConfigurationError("The API key has characters that no key has: was it copied whole?")
    url = base_url or os.environ.get("AGENTPOST_BASE_URL") or profile.get("base_url") or DEFAULT_BASE_URL
    return Settings(
        api_key=key,
        base_url=_checked(url),
        environment=environment or os.environ.get("AGENTPOST_ENVIRONMENT") or profile.get("environment"),
        timeout=timeout,
        retries=retries,
    )


def profiles_file() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "agentpost" / "profiles.json"


def read_profile(name: str | None = None) -> dict[str, str]:
    """The profile `name`, or the one in use; nothing when there is none."""
    try:
        stored: Any = json.loads(profiles_file().read_text(encoding="utf-8"))
        chosen = name or os.environ.get("AGENTPOST_PROFILE") or stored["in_use"]
        profile: Any = stored["profiles"][chosen]
        return {str(key): str(value) for key, value in profile.items() if value is not None}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _checked(url: str) -> str:
    try:
        split = urlsplit(url)
        well = split.scheme in {"http", "https"} and bool(split.hostname) and not split.query and not split.fragment
    except ValueError:
        well = False
    if not well:
        raise ConfigurationError(f"{url!r} is not the address of a server: http://127.0.0.1:8025 would be one.")
    return url.rstrip("/").removesuffix("/api/v1")
