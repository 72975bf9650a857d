"""Arguments as a model gives them, against a tool's schema: what is nearly right is put right, the rest explained."""

from typing import Any

from agentpost.tools.tool import Tool


class Wrong(Exception):
    """What is wrong with the arguments, in a sentence for the model."""


def checked(tool: Tool, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments, with defaults. Raises Wrong."""
    unknown = sorted(given.keys() - tool.arguments.keys())
    if unknown:
        raise Wrong(f"{tool.name} has no argument {', '.join(unknown)}. It has: {', '.join(tool.arguments)}.")
    found: dict[str, Any] = {}
    for name, schema in tool.arguments.items():
        value = given.get(name)
        if value is None or value == "":
            if schema.get("required"):
                raise Wrong(f"{tool.name} needs {name}: {schema['description']}")
            value = schema.get("default")
        if value is not None:
            found[name] = _value(name, schema, value)
    return found


def _value(name: str, schema: dict[str, Any], value: Any) -> Any:
    kind = schema["type"]
    if kind == "array":
        many = [value] if isinstance(value, str) else value
        if not isinstance(many, list):
            raise Wrong(f"{name} is a list of strings.")
        return [_value(name, schema["items"], one) for one in many]  # pyright: ignore[reportUnknownVariableType]
    if kind == "string":
        if not isinstance(value, str):
            raise Wrong(f"{name} is a string.")
        if "enum" in schema and value not in schema["enum"]:
            raise Wrong(f"{name} is one of: {', '.join(schema['enum'])}.")
        return value
    if kind == "boolean":
        if isinstance(value, str) and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise Wrong(f"{name} is true or false.")
        return value
    if isinstance(value, str) and value.lstrip("-").isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong(f"{name} is a whole number.")
    if not schema["minimum"] <= value <= schema["maximum"]:
        raise Wrong(f"{name} lies between {schema['minimum']} and {schema['maximum']}.")
    return value
