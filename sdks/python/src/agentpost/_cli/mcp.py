"""`agentpost mcp`: the server's tools for clients that start a program and speak over its stdin and stdout.

A bridge and nothing more: each line is one JSON-RPC message, sent on to `/mcp`; what comes back is written as lines. It
knows no tool, so it never has to be newer than the server.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlencode

import click
import httpx2

from agentpost._cli.context import Session
from agentpost._core.transport import USER_AGENT

_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
_NAMED: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_AT_ONCE: Final = 16
_SECONDS: Final = 180.0


@click.command()
@click.option("--profile", "tools_profile", type=click.Choice(["default", "full"]), help="Which tools.")
@click.option("--tools", metavar="NAMES", help="Only these, separated by commas.")
@click.option("--read-only", is_flag=True, help="Only tools that change nothing.")
@click.pass_obj
def mcp(session: Session, tools_profile: str | None, tools: str | None, read_only: bool) -> None:
    """Serve the tools of the server over stdin and stdout, for a client that starts programs."""
    query = {"profile": tools_profile, "tools": tools, "read_only": "true" if read_only else None}
    bridge = Bridge(session, {name: value for name, value in query.items() if value})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for line in sys.stdin.buffer:
            if line.strip():
                pool.submit(bridge.carry, line)


class Bridge:
    def __init__(self, session: Session, query: dict[str, str]) -> None:
        settings = session.client.settings
        self._url = f"{settings.base_url}/mcp" + (f"?{urlencode(query)}" if query else "")
        key = settings.api_key if isinstance(settings.api_key, str) else ""
        self._headers = {
            "authorization": f"Bearer {key}",
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "user-agent": USER_AGENT,
        }
        if settings.environment:
            self._headers["agentpost-environment"] = settings.environment
        self._http = httpx2.Client(timeout=httpx2.Timeout(_SECONDS, connect=10))
        self._negotiated: str | None = None
        self._writing = threading.Lock()

    def carry(self, line: bytes) -> None:
        try:
            message = _object(json.loads(line))
        except ValueError:
            self._write({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
            return
        try:
            for answer in self._asked(message, line):
                self._write(answer)
        except httpx2.HTTPError as failure:
            if "id" in message:
                said = f"The AgentPost server at {self._url} did not answer ({type(failure).__name__})."
                self._write({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": said}})

    def _asked(self, message: dict[str, Any], line: bytes) -> Iterator[dict[str, Any]]:
        with self._http.stream(
            "POST", self._url, content=line, headers=self._headers | self._told(message)
        ) as response:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                for text in response.iter_lines():
                    if text.startswith("data:") and text[5:].strip():
                        yield self._seen(_object(json.loads(text[5:])))
                return
            body = response.read()
            if body.strip():
                answer = _object(json.loads(body))
                # What the door refuses unread has no id.
                yield self._seen({**answer, "id": message.get("id")} if answer.get("id") is None else answer)

    def _told(self, message: dict[str, Any]) -> dict[str, str]:
        """What streamable HTTP wants to have in headers, taken from the message itself."""
        params = _object(message.get("params"))
        version = _object(params.get("_meta")).get(_VERSION_KEY)
        if version is None:
            return {"mcp-protocol-version": self._negotiated} if self._negotiated else {}
        method = str(message.get("method"))
        told = {"mcp-protocol-version": str(version), "mcp-method": method}
        name = params.get(_NAMED.get(method, ""))
        return {**told, "mcp-name": name} if isinstance(name, str) else told

    def _seen(self, answer: dict[str, Any]) -> dict[str, Any]:
        version = _object(answer.get("result")).get("protocolVersion")
        if isinstance(version, str):
            self._negotiated = version
        return answer

    def _write(self, answer: Any) -> None:
        """ASCII and one line: nothing in a mail can end the line or steer a terminal."""
        with self._writing:
            sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
            sys.stdout.flush()


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]
