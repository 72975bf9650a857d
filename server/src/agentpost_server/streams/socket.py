"""`/ws`: events as they happen, and from the log what happened since (SPEC 13).

A socket holds up to a hundred subscriptions; an event that several of them want comes once. Frames are shared octets
that go straight to the transport: what a client leaves unread beyond a mebibyte ends its socket, and `after` resumes.
"""

import asyncio
import time
from contextlib import aclosing
from typing import Any, Final

import msgspec
import structlog
from litestar import asgi

from agentpost_server.accounts import Caller, needs
from agentpost_server.accounts.scopes import PUBLIC
from agentpost_server.core.errors import BadRequest, Invalid, Problem, Unavailable
from agentpost_server.events.read import position_of
from agentpost_server.runtime import Runtime
from agentpost_server.streams import metrics
from agentpost_server.streams.door import admit, refuse
from agentpost_server.streams.entry import Entry
from agentpost_server.streams.hub import Hub
from agentpost_server.streams.model import Command, Ping, Subscribe, Unsubscribe
from agentpost_server.streams.replay import catch_up
from agentpost_server.streams.subscription import Subscription, same_filter, select
from agentpost_server.web.websocket import EdgeWebSocket, text_frame

_UNREAD_BYTES: Final = 1024 * 1024
_COMFORTABLE_BYTES: Final = 64 * 1024
_SUBSCRIPTIONS: Final = 100
_MESSAGES_PER_SECOND: Final = 50
_decoder = msgspec.json.Decoder(Command)
log = structlog.get_logger("streams")


class UpgradeRequired(Problem):
    status = 426
    default_code = "upgrade_required"


@asgi("/ws", opt=needs(PUBLIC), copy_scope=False)
async def live_events(scope: Any, receive: Any, send: Any) -> None:
    """The WebSocket door. Public to the guard, because its own admission also knows tokens and tickets."""
    if scope["type"] == "http":
        raise UpgradeRequired(
            "This path speaks WebSocket only.",
            fix="Open it with a WebSocket client, or read GET /events/stream.",
            headers={"Upgrade": "websocket"},
        )
    await receive()
    try:
        caller, environment = await admit(scope)
    except Problem as problem:
        await refuse(scope, send, problem)
        return
    await send({"type": "websocket.accept"})
    state = scope["litestar_app"].state
    session = Session(state.runtime, state.hub, caller, environment, scope["extensions"]["agentpost.wire"])
    await session.run(receive)


class Session:
    """One open socket, as the hub sees it."""

    def __init__(
        self, runtime: Runtime, hub: Hub, caller: Caller, environment: str | None, wire: EdgeWebSocket
    ) -> None:
        self.caller = caller
        self._runtime = runtime
        self._hub = hub
        self._environment = environment
        self._wire = wire
        self._subscriptions: list[Subscription] = []
        self._replays: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._second = 0
        self._messages = 0

    async def run(self, receive: Any) -> None:
        self._hub.join(self)
        metrics.OPEN.labels("websocket").inc()
        try:
            while (message := await receive())["type"] == "websocket.receive":
                if self._too_fast():
                    self._wire.end(4429, "too many messages")
                    return
                await self._hear(message)
        finally:
            metrics.OPEN.labels("websocket").dec()
            self._hub.leave(self)
            for replay in self._replays:
                replay.cancel()

    def offer(self, entry: Entry) -> None:
        if any(one.takes(entry) for one in self._subscriptions):
            self._write(entry.socket_frame)

    def revoke(self) -> None:
        self._wire.end(4401, "the key is no longer good for this")

    def _write(self, frame: bytes) -> None:
        self._wire.write(frame)
        if self._wire.unsent > _UNREAD_BYTES and self._wire.open:
            metrics.SLOW.labels("websocket").inc()
            self._wire.end(4408, "too slow; resume with after")

    def _say(self, message: object) -> None:
        self._write(text_frame(msgspec.json.encode(message)))

    def _too_fast(self) -> bool:
        if (second := int(time.monotonic())) != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        return self._messages > _MESSAGES_PER_SECOND

    async def _hear(self, message: Any) -> None:
        try:
            command = _decode(message.get("text"))
            if isinstance(command, Ping):
                self._say({"type": "pong"})
            elif isinstance(command, Unsubscribe):
                self._unsubscribe(command)
            else:
                await self._subscribe(command)
        except Problem as problem:
            self._say({"type": "error", "code": problem.code, "message": problem.detail, "fix": problem.fix})

    async def _subscribe(self, command: Subscribe) -> None:
        if len(self._subscriptions) >= _SUBSCRIPTIONS:
            self._wire.end(4429, "too many subscriptions")
            return
        async with self._runtime.database.transaction(self.caller.organization_id) as tx:
            selection = await select(tx, self.caller, command, self._environment)
            position = None
            if command.after is not None:
                whole = msgspec.structs.replace(selection, types=(), inbox_ids=self.caller.inbox_ids)
                keep_days = self._runtime.settings.event_days
                position = await position_of(tx, whole, command.after, keep_days=keep_days)
        subscription = Subscription(command, selection, self._hub.position if position is None else position)
        self._subscriptions.append(subscription)
        self._say({"type": "subscribed"})
        if position is None:
            subscription.live = True
        else:
            replay = asyncio.create_task(self._replay(subscription))
            self._replays.add(replay)
            replay.add_done_callback(self._replays.discard)

    async def _replay(self, subscription: Subscription) -> None:
        """One at a time, so that what another subscription covers is certain."""
        async with self._one_at_a_time, aclosing(catch_up(self._runtime.database, self._hub, subscription)) as entries:
            try:
                async for entry in entries:
                    if subscription not in self._subscriptions:
                        return
                    if any(one.covers(entry) for one in self._subscriptions):
                        continue
                    self._wire.write(entry.socket_frame)
                    if self._wire.unsent > _COMFORTABLE_BYTES and not await self._wire.drained():
                        return
            except Unavailable:
                self._wire.end(1013, "try again later; resume with after")
            except Exception:
                log.exception("a replay failed")
                self._wire.end(1011, "the server made a mistake")

    def _unsubscribe(self, command: Unsubscribe) -> None:
        if same_filter(command, Unsubscribe()):
            self._subscriptions.clear()
        self._subscriptions = [one for one in self._subscriptions if not same_filter(one.filter, command)]
        self._say({"type": "unsubscribed"})


def _decode(text: str | None) -> Command:
    if text is None:
        raise BadRequest("Binary messages are not understood.", fix="Send text: one JSON object a message.")
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise Invalid(
            str(error), fix="Send subscribe, unsubscribe or ping, with no other fields than theirs."
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest("The message is not JSON.", fix="Send one JSON object a message.") from error
