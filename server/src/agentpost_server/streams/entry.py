"""An event on its way to the sockets: encoded once, in the two wire forms, whoever and however many they are for."""

from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec

from agentpost_server.core import ids
from agentpost_server.events import event_of
from agentpost_server.web.websocket import text_frame


class Entry:
    """A row of the log."""

    def __init__(self, row: Any) -> None:
        self._row = row
        self.position: int = row["position"]
        self.organization_id: UUID = row["organization_id"]
        self.environment_id: UUID = row["environment_id"]
        self.inbox_id: UUID | None = row["inbox_id"]
        self.type: str = row["type"]

    @cached_property
    def envelope(self) -> bytes:
        return msgspec.json.encode(event_of(self._row))

    @cached_property
    def socket_frame(self) -> bytes:
        return text_frame(b'{"type":"event","data":' + self.envelope + b"}")

    @cached_property
    def server_sent(self) -> bytes:
        return b"id: " + ids.encode("evt", self._row["id"]).encode() + b"\ndata: " + self.envelope + b"\n\n"
