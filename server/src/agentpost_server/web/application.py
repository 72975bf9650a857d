"""The HTTP application of given routes: one prefix, one guard, one error shape. Knows no route by name."""

import inspect
from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException

from agentpost_server.core.errors import Problem
from agentpost_server.web.body import JsonRequest
from agentpost_server.web.lists import provide_list_query
from agentpost_server.web.problem import answer_bug, answer_http_exception, answer_problem

API_PREFIX = "/api/v1"


def make_application(
    routes: Sequence[Any],
    *,
    root_routes: Sequence[Any],
    guard: Any,
    dependencies: dict[str, Any],
    state: dict[str, Any],
    body_limit: int,
) -> Litestar:
    """`routes` live under /api/v1, `root_routes` at the root. `dependencies` are providers by name."""
    provided = {
        name: Provide(one, sync_to_thread=False) if not _is_async(one) else Provide(one)
        for name, one in dependencies.items()
    }
    provided["listing"] = Provide(provide_list_query, sync_to_thread=False)
    app = Litestar(
        route_handlers=[Router(API_PREFIX, route_handlers=list(routes)), *root_routes],
        guards=[guard],
        dependencies=provided,
        exception_handlers={Problem: answer_problem, HTTPException: answer_http_exception, Exception: answer_bug},
        openapi_config=None,
        request_class=JsonRequest,
        request_max_body_size=body_limit,
        state=State(state),
        logging_config=None,
    )
    _provide_in_turn(app)
    return app


def _provide_in_turn(app: Litestar) -> None:
    """Dependencies one after another. The framework opens a task group for those that could go side by side, and ours
    have nothing to wait for side by side: the tasks cost more than all of them."""
    for route in app.routes:
        for _, model in getattr(route, "route_handler_map", {}).values():
            model.dependency_batches = [{one} for batch in model.dependency_batches for one in batch]


def _is_async(provider: Any) -> bool:
    return inspect.iscoroutinefunction(provider)
