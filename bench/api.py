"""CPU of the API process for a request: create an inbox, list 50, send a mail; beside the floor that says the same
statements (`bench.floor`). CPU, not wall clock: what others do on the machine does not count.
"""

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable

import msgspec
import psutil

from agentpost_server.core import ids
from bench.floor import MARK
from bench.http import ask_many
from bench.postfix import free_port, wait_for_port
from bench.server import Installation, Server, Tenant, cpu_seconds, installation
from bench.table import ROUNDS, Row, compared

_COUNTS = {"create": 400, "list": 300, "send": 300}
_TITLES = {"create": "create an inbox", "list": "list 50 inboxes", "send": "send a mail (submit)"}
_AIM = 2.0


async def measure() -> list[Row]:
    async with installation() as here:
        tenant = here.tenants[0]
        requests = _requests(tenant)
        numbers = itertools.count()
        ours: dict[str, list[float]] = {name: [] for name in requests}
        floor: dict[str, list[float]] = {name: [] for name in requests}
        async with here.server(roles="api") as server, _floor(here, server, tenant, requests) as below:
            await ask_many(
                server.http_port, tenant.key, *requests["create"][:2], _bodies(requests["create"][2], numbers), count=50
            )
            for _ in range(ROUNDS):
                for name, request in requests.items():
                    for of, port, process in (
                        (ours, server.http_port, server.main),
                        (floor, below[0], below[1]),
                    ):
                        of[name].append(await _cpu(process, port, tenant.key, request, numbers, _COUNTS[name]))
    return [
        compared(
            f"API, CPU a request: {_TITLES[name]}",
            ours[name],
            floor[name],
            unit="µs",
            other="floor",
            aim=_AIM,
            at_most=True,
            notes=("", " µs"),
        )
        for name in requests
    ]


def _requests(tenant: Tenant) -> dict[str, tuple[str, str, str]]:
    send = {"to": ["b@elsewhere.test"], "subject": "A question", "text_body": "Words of a short mail.\n" * 20}
    inbox_id = ids.encode("inb", tenant.inbox_ids[0])
    return {
        "create": ("POST", "/api/v1/inboxes", msgspec.json.encode({"username": MARK}).decode()),
        "list": ("GET", "/api/v1/inboxes?limit=50", ""),
        "send": ("POST", f"/api/v1/inboxes/{inbox_id}/messages", msgspec.json.encode(send).decode()),
    }


def _bodies(template: str, numbers: "itertools.count[int]") -> Callable[[], bytes]:
    return lambda: template.replace(MARK, f"name{next(numbers)}").encode()


async def _cpu(
    process: psutil.Process,
    port: int,
    key: str,
    request: tuple[str, str, str],
    numbers: "itertools.count[int]",
    count: int,
) -> float:
    """Microseconds of the process for each of `count` requests."""
    method, path, template = request
    before = cpu_seconds(process.pid)
    await ask_many(port, key, method, path, _bodies(template, numbers), count=count)
    return (cpu_seconds(process.pid) - before) / count * 1e6


@contextlib.asynccontextmanager
async def _floor(
    here: Installation, server: Server, tenant: Tenant, requests: dict[str, tuple[str, str, str]]
) -> AsyncGenerator[tuple[int, psutil.Process]]:
    """The floor's port and process. It takes its settings from the environment, as the server does."""
    port = free_port()
    arguments = [str(port), tenant.key, str(tenant.organization_id), msgspec.json.encode(requests).decode()]
    with (here.folder / "floor.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 nothing else runs meanwhile
            [sys.executable, "-m", "bench.floor", *arguments],
            env={**os.environ, **here.environment(server.http_port, server.smtp_port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await asyncio.to_thread(wait_for_port, port, 20)
        yield port, psutil.Process(process.pid)
    except Exception as error:
        raise RuntimeError(f"{error}; the floor says: {(here.folder / 'floor.log').read_text()[-800:]}") from error
    finally:
        process.kill()
        process.wait()
