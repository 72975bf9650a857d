"""What every command works with: the client it makes when it needs one, and how it shows what came."""

from __future__ import annotations

import json
import sys
from functools import cached_property
from typing import Any

from agentpost import AgentPost
from agentpost._core.errors import ConfigurationError
from agentpost._core.model import Model
from agentpost._core.settings import read_profile


class Session:
    def __init__(
        self, profile: str | None, key_from_stdin: bool, base_url: str | None, environment: str | None, *, as_json: bool
    ) -> None:
        self._profile = profile
        self._key_from_stdin = key_from_stdin
        self._base_url = base_url
        self._environment = environment
        self.as_json = as_json or not sys.stdout.isatty()

    @cached_property
    def client(self) -> AgentPost:
        key = sys.stdin.readline().strip() if self._key_from_stdin else None
        chosen: dict[str, str] = {}
        if self._profile and not (chosen := read_profile(self._profile)):
            raise ConfigurationError(f"There is no profile {self._profile}: see `agentpost profiles`.")
        return AgentPost(
            key or chosen.get("api_key"),
            base_url=self._base_url or chosen.get("base_url"),
            environment=self._environment or chosen.get("environment"),
        )

    def show(self, value: Any) -> None:
        """One answer, or a page of a list."""
        if value is None:
            return
        if isinstance(value, bytes):
            sys.stdout.buffer.write(value)
            return
        if isinstance(value, str):
            print(value)  # noqa: T201
            return
        if self.as_json:
            raw = value.to_dict() if isinstance(value, Model) else getattr(value, "raw", value)
            print(json.dumps(raw, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))  # noqa: T201
            return
        from agentpost._cli.table import table

        table(value)

    def line(self, value: Model) -> None:
        """One of a stream: a line of JSON in a pipe."""
        print(json.dumps(value.to_dict(), ensure_ascii=False), flush=True)  # noqa: T201
