# Written by sdks/generate from openapi.json. Do not edit.

from __future__ import annotations

from dataclasses import dataclass

from agentpost._core.model import Model


@dataclass(slots=True, kw_only=True)
class Label(Model):
    """A label in use. `guarded` ones are set by the server only."""

    name: str
    guarded: bool
