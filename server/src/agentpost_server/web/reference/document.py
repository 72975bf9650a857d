"""The OpenAPI 3.1 document: operations from the handlers, schemas from the Structs, errors from the error tree."""

from collections.abc import Sequence
from typing import Any

import msgspec

from agentpost_server.web.lists import provide_list_query
from agentpost_server.web.problem import ProblemBody
from agentpost_server.web.reference.examples import example
from agentpost_server.web.reference.operations import Operation, operations

_REF = "#/components/schemas/{name}"
_SUCCESS = {200: "Done", 201: "Created", 202: "Accepted", 204: "Done, nothing to say", 206: "Part of it"}
_ERRORS = {
    400: ("BadRequest", "The request cannot be read"),
    401: ("Unauthenticated", "No key, or one that is wrong, expired or revoked"),
    403: ("Forbidden", "The key may not do this, or a rule forbids it"),
    404: ("NotFound", "Nothing here by that name for this key"),
    409: ("Conflict", "It does not fit the present state, or the same request is still running"),
    413: ("TooLarge", "Larger than the limit"),
    415: ("UnsupportedMediaType", "The body must be application/json"),
    422: ("Invalid", "A field is wrong; `errors` names it"),
    429: ("RateLimited", "Too much; `Retry-After` says how long to wait"),
    500: ("InternalError", "A mistake of the server"),
    503: ("Unavailable", "A part of the server is away; `Retry-After` says when to come back"),
}


def describe(prefix: str, routes: Sequence[Any], *, version: str, description: str) -> dict[str, Any]:
    """The whole document as plain JSON values."""
    found = list(operations(prefix, routes, provide_list_query))
    types = [one for operation in found for one in _types_of(operation)] + [ProblemBody]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    by_type = dict(zip(map(_key, types), schemas, strict=True))
    paths: dict[str, Any] = {}
    for one in found:
        paths.setdefault(one.path, {})[one.method] = _operation(one, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AgentPost",
            "version": version,
            "description": description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in found)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {name: _problem(status, text, by_type) for status, (name, text) in _ERRORS.items()},
            "parameters": _shared_parameters(),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `ap_sk_live_…`, `ap_sk_dev_…` or `ap_sk_test_…`.",
                }
            },
        },
    }


def _key(kind: Any) -> str:
    return repr(kind)


def _types_of(operation: Operation) -> list[Any]:
    return [one for one in (operation.body, operation.answer, *(q.type for q in operation.query)) if one is not None]


def _operation(one: Operation, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    public = one.scope == "public"
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": _description(one),
        "parameters": _parameters(one, by_type),
        "responses": _responses(one, by_type, components),
        "x-agentpost-scope": one.scope,
    }
    if public:
        described["security"] = []
    if one.body is not None:
        schema = by_type[_key(one.body)]
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example(schema, components)}},
        }
    return described


def _description(one: Operation) -> str:
    needed = "" if one.scope in ("public", "any") else f"Needs the scope `{one.scope}`."
    return "\n\n".join(part for part in (one.description, needed) if part)


def _parameters(one: Operation, by_type: dict[str, Any]) -> list[dict[str, Any]]:
    shared: list[dict[str, Any]] = []
    if "tenant" in one.injected:
        shared.append({"$ref": "#/components/parameters/Environment"})
    if "effect" in one.injected and one.method == "post":
        shared.append({"$ref": "#/components/parameters/IdempotencyKey"})
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in one.path_parameters
    ]
    query = [
        {
            "name": q.name,
            "in": "query",
            "required": q.required,
            "schema": {**by_type[_key(q.type)], **({"default": q.default} if q.default is not None else {})},
            **({"description": q.description} if q.description else {}),
        }
        for q in one.query
    ]
    return [*path, *query, *shared]


def _responses(one: Operation, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": _SUCCESS.get(one.status, "Done")}
    if one.answer is not None and one.status != 204:
        schema = by_type[_key(one.answer)]
        success["content"] = {one.media_type: {"schema": schema, "example": example(schema, components)}}
    elif one.status != 204:
        success["content"] = {one.media_type: {}}
    statuses = _error_statuses(one)
    return {str(one.status): success, **{str(s): {"$ref": f"#/components/responses/{_ERRORS[s][0]}"} for s in statuses}}


def _error_statuses(one: Operation) -> list[int]:
    statuses = {400, 429, 500, 503}
    if one.scope != "public":
        statuses |= {401, 403}
    if one.path_parameters or "tenant" in one.injected:
        statuses.add(404)
    if one.body is not None:
        statuses |= {413, 415}
    if one.body is not None or one.query:
        statuses.add(422)
    if "effect" in one.injected or one.method == "delete":
        statuses.add(409)
    return sorted(statuses)


def _problem(status: int, text: str, by_type: dict[str, Any]) -> dict[str, Any]:
    code = text.partition(";")[0]
    sample: dict[str, Any] = {
        "type": "/docs/errors",
        "title": text,
        "status": status,
        "detail": code + ".",
        "code": _ERRORS[status][0].lower(),
        "errors": [],
        "fix": "What to do next, in one sentence.",
        "request_id": "req_01JQ8XK3B2M4N6P8R0S2T4V6W8",
    }
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": by_type[_key(ProblemBody)], "example": sample}},
    }


def _shared_parameters() -> dict[str, Any]:
    return {
        "Environment": {
            "name": "AgentPost-Environment",
            "in": "header",
            "schema": {"type": "string"},
            "description": "Id or slug. Without it: the key's only environment, else the organization's default.",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 256},
            "description": "The same key and request replay the first answer for 24 hours.",
        },
    }
