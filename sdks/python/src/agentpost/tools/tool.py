"""What a tool is, and how its schemas are written."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

Steps = Generator[Any, Any, dict[str, Any]]
"""A handler: it yields calls of the client and gets their answers, from a plain client as from an async one."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str
    title: str
    description: str
    """For the model that chooses: what it does, when to use it, what it returns."""
    arguments: dict[str, dict[str, Any]]
    """JSON Schema by name. `required` within one is ours: it is taken out of the schema that is shown."""
    handler: Callable[[Any, dict[str, Any]], Steps]
    scopes: tuple[str, ...]
    """All of these are needed: a key without them is not shown the tool."""
    reads: bool = False
    destructive: bool = False
    """It does what cannot be taken back."""
    idempotent: bool = False
    sends: bool = False
    """It gets an idempotency key that is derived from its arguments."""
    returns: tuple[str, ...] = ()
    """What a result always has; there may be more."""

    @property
    def output_schema(self) -> dict[str, Any]:
        return {"type": "object", "required": list(self.returns)} if self.returns else {"type": "object"}

    @property
    def input_schema(self) -> dict[str, Any]:
        shown = {
            name: {key: one for key, one in schema.items() if key != "required"}
            for name, schema in self.arguments.items()
        }
        required = [name for name, schema in self.arguments.items() if schema.get("required")]
        return {"type": "object", "properties": shown, "required": required, "additionalProperties": False}


def words(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def number(description: str, least: int, most: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most, "default": default}


def yes(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "boolean", "description": description, **more}


def addresses(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description, **more}
