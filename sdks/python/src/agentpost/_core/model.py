"""What answers become: slots dataclasses over the JSON that came, which is kept.

An answer of a newer server may hold more than this version knows (`to_dict` has it all), one of an older server less
(then the field is None); neither is an error.
"""

import json
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Answer:
    """How an answer came: `model.answer`, or all there is of it from `with_raw_response`."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    @property
    def idempotent_replay(self) -> bool:
        """The first answer to the same idempotency key, told once more: nothing was done again."""
        return self.headers.get("idempotent-replayed") == "true"


class Model:
    """The parent of every answered model. Fields whose names are words of Python end in `_`: `wait.from_`."""

    __slots__ = ("_answer", "_raw")
    _nested: ClassVar[dict[str, str]] = {}

    @property
    def answer(self) -> Answer | None:
        """Status, headers and request id of the answer that this is; None for a part of one."""
        return getattr(self, "_answer", None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON as it came, with the fields that this version does not know."""
        raw: dict[str, Any] | None = getattr(self, "_raw", None)
        if raw is not None:
            return raw
        return {wire: _plain(getattr(self, name)) for name, wire, _ in _plan(type(self))}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


def decode(name: str, raw: Any, answer: Answer | None = None) -> Any:
    """The model `name` out of JSON. What is no object is passed on as it is: an old client must not break on it."""
    if not isinstance(raw, dict):
        return raw
    from agentpost import types

    kind: type[Model] = getattr(types, name)
    found: dict[str, Any] = raw  # pyright: ignore[reportUnknownVariableType]
    made: Any = kind(**{field: _inner(inner, found.get(wire)) for field, wire, inner in _plan(kind)})
    made._raw, made._answer = found, answer
    return made


def _inner(model: str | None, value: Any) -> Any:
    if model is None or value is None:
        return value
    if isinstance(value, list):
        return [decode(model, each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return decode(model, value)


@cache
def _plan(kind: type[Model]) -> tuple[tuple[str, str, str | None], ...]:
    """(field, its name on the wire, the model it holds) for each field."""
    nested = kind._nested  # pyright: ignore[reportPrivateUsage] it is this module's
    names = (one.name for one in fields(kind))  # pyright: ignore[reportArgumentType] every model is a dataclass
    return tuple((name, name.removesuffix("_"), nested.get(name.removesuffix("_"))) for name in names)


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
