"""The committed openapi.json is what the server says, and it is complete."""

import ast
import json
from pathlib import Path

from agentpost_server.app import API_ROUTES, ROOT_ROUTES, openapi_document
from agentpost_server.core.errors import Problem
from agentpost_server.web import refusals
from agentpost_server.web.reference.errors import ERROR_CODES

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "server" / "src" / "agentpost_server"


def test_openapi_json_is_up_to_date() -> None:
    committed = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(openapi_document())), (
        "run `make fix`: openapi.json is not what the routes say"
    )


def test_every_operation_has_words_errors_security_and_examples() -> None:
    document = openapi_document()
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            where = f"{method} {path}"
            assert one["summary"], where
            assert {"400", "500"} <= one["responses"].keys(), where
            assert one["x-agentpost-scope"] != "public" or one["security"] == [], where
            bodies = [one["requestBody"]["content"]] if "requestBody" in one else []
            bodies += [a["content"] for s, a in one["responses"].items() if s.startswith("2") and "content" in a]
            for content in bodies:
                for media_type, body in content.items():
                    assert media_type != "application/json" or "schema" not in body or "example" in body, where


def test_operation_ids_are_unique() -> None:
    names = [one["operationId"] for methods in openapi_document()["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))


def test_every_route_declares_its_scope() -> None:
    assert [route for route in (*API_ROUTES, *ROOT_ROUTES) if "scope" not in route.opt] == []


def _tree(kind: type) -> list[type]:
    return [one for child in kind.__subclasses__() for one in (child, *_tree(child))]


def test_every_error_code_in_the_source_is_in_the_catalogue() -> None:
    classes = {"Problem", *(one.__name__ for one in _tree(Problem))}
    raised = {one.default_code for one in _tree(Problem)}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes:
                raised |= {
                    k.value.value for k in node.keywords if k.arg == "code" and isinstance(k.value, ast.Constant)
                }
    raised |= {one.code for one in vars(refusals).values() if isinstance(one, refusals.Refusal)}
    assert raised - ERROR_CODES.keys() == set()
