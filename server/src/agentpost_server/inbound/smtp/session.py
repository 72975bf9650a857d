"""One SMTP connection as an asyncio.Protocol: buffers, deadlines, backpressure; what is said is Conversation's.

Commands are parsed where they arrive and answers leave in one write. A task exists only while the mailroom is asked,
and lives on for the commands pipelined behind the question, so that answers keep their order.
"""

import asyncio
import enum
import math
import ssl
from collections.abc import Awaitable
from typing import Final, cast

import structlog
from structlog.typing import FilteringBoundLogger

from agentpost_server.inbound.smtp import replies
from agentpost_server.inbound.smtp.connections import network_of, plain_ip
from agentpost_server.inbound.smtp.conversation import AskRoute, Conversation, HangUp, Move
from agentpost_server.inbound.smtp.data import DataReader
from agentpost_server.inbound.smtp.handover import AnswerT, ask, finish, tell_reply_was_read
from agentpost_server.inbound.smtp.lines import CommandLines
from agentpost_server.inbound.smtp.mailroom import Accepted, Delivery
from agentpost_server.inbound.smtp.pace import Pace
from agentpost_server.inbound.smtp.reception import Reception
from agentpost_server.inbound.smtp.tls import upgrade

log: FilteringBoundLogger = structlog.get_logger("smtp")

_MAX_SKIPPED_OCTETS: Final = 1024 * 1024


class Phase(enum.Enum):
    """What the octets that arrive now are."""

    COMMAND = enum.auto()
    DATA = enum.auto()
    HANDSHAKE = enum.auto()
    CLOSING = enum.auto()


class Session(asyncio.Protocol):
    """Reads, answers, ends. Everything but `expire`, `drain`, `cut` and `abort` is called by the event loop."""

    _transport: asyncio.Transport
    _conversation: Conversation
    _pace: Pace

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._limits = reception.host.limits
        self._lines = CommandLines(self._limits.max_line_octets)
        self._out: list[bytes] = []
        self._phase = Phase.COMMAND
        self._task: asyncio.Task[None] | None = None
        self._reader: DataReader | None = None
        self._unproved: Accepted | None = None
        self._network: str | None = None
        self._read_paused = self._write_paused = self._ended = self._lost = False
        self._progressed = self._overdue = False
        self._session_deadline = self.deadline = math.inf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        client_ip = plain_ip(transport.get_extra_info("peername"))
        reception = self._reception
        reception.stats.connections += 1
        self._conversation = Conversation(
            reception.host, client_ip=client_ip, server_ip=plain_ip(transport.get_extra_info("sockname"))
        )
        network = network_of(client_ip)
        if not reception.connections.admit(self, network):
            self._phase = Phase.CLOSING
            self._answer(HangUp(replies.BUSY, "too_many_connections"))
            return
        self._network = network
        reception.stats.open += 1
        now = reception.loop.time()
        self.deadline = now + self._limits.greeting_seconds
        self._session_deadline = now + self._limits.session_seconds
        if reception.draining:
            self._answer(HangUp(replies.SHUTTING_DOWN, "draining"))
        else:
            self._transport.write(reception.greeting)

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.CLOSING:
            return
        if self._unproved is not None and b"\n" in data:
            tell_reply_was_read(self._reception.mailroom, self._unproved)
            self._unproved = None
        self._lines.append(data)
        if self._task is None and not self._write_paused:
            self._run()
        elif self._lines.pending > self._limits.max_pending_octets:
            self._pause_reading()

    def eof_received(self) -> bool:
        """True keeps the way out open for an answer that is still being found."""
        self._ended = True
        return self._task is not None and not self._conversation.tls and self._phase is not Phase.HANDSHAKE

    def pause_writing(self) -> None:
        """The client does not read its answers: no further command is read until it does."""
        self._write_paused = True
        self._pause_reading()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._task is None and self._phase is not Phase.CLOSING:
            self._run()

    def connection_lost(self, exc: Exception | None) -> None:
        self._phase = Phase.CLOSING
        # A delivery under way runs to its end (its task frees the spool) and holds its place until then; a question
        # nobody waits for does not.
        if self._task is None:
            self.deadline = math.inf
            self._drop_content()
        elif self._reader is None:
            self._task.cancel()
        self._lost = True
        self._leave()

    def expire(self, now: float) -> None:
        """The deadline has passed."""
        if self._phase is Phase.HANDSHAKE:
            self.abort()
        elif self._task is not None:
            self._overdue = True
            self._task.cancel()
        elif self._phase is Phase.CLOSING:
            self._transport.abort()
        elif self._phase is Phase.DATA and self._reader is not None:
            if self._pace.holds(now, self._reader.octets_read):
                self.deadline = self._pace.deadline
            else:
                self._answer(HangUp(replies.TOO_SLOW, "data_too_slow"))
        else:
            self._answer(HangUp(replies.TOO_SLOW, "timeout"))

    def drain(self) -> None:
        """End now if nothing is under way; else as soon as it is done."""
        if self._task is None and self._phase is Phase.COMMAND:
            self._answer(HangUp(replies.SHUTTING_DOWN, "draining"))

    def cut(self) -> None:
        """The grace has run out: say so, and give up what is under way."""
        if self._task is not None:
            self._task.cancel()
        if self._phase is Phase.HANDSHAKE:
            self.abort()
        elif self._phase is not Phase.CLOSING:
            self._answer(HangUp(replies.SHUTTING_DOWN, "grace_over"))

    def abort(self) -> None:
        self._phase = Phase.CLOSING
        self._transport.abort()

    def _run(self) -> None:
        question = self._advance()
        if question is None:
            self._settle()
            return
        self.deadline = math.inf
        self._task = self._reception.loop.create_task(self._work(question))
        self._reception.tasks.add(self._task)

    def _advance(self) -> AskRoute | Delivery | None:
        """Handle what has arrived, up to a question for the mailroom or the end of it."""
        while True:
            if self._phase is Phase.DATA:
                chunk = self._lines.take_all()
                delivery = self._read_content(chunk) if chunk else None
                if delivery is not None or not chunk:
                    return delivery
                continue
            if self._phase is not Phase.COMMAND or self._write_paused:
                return None
            line = self._lines.next()
            if line is None:
                if self._lines.skipped_octets > _MAX_SKIPPED_OCTETS:
                    self._answer(HangUp(replies.TOO_MUCH_JUNK, "endless_line"))
                return None
            self._progressed = True
            step = self._conversation.overlong(line) if self._lines.overlong else self._conversation.handle(line)
            if isinstance(step, AskRoute):
                return step
            if isinstance(step, Move):
                self._move(step)
            else:
                self._answer(step)

    def _move(self, move: Move) -> None:
        if move is Move.READ_DATA:
            self._reader = self._reception.new_reader()
            self._pace = Pace(self._limits, self._reception.loop.time())
            self.deadline = self._pace.deadline
            self._phase = Phase.DATA
            self._answer(replies.START_MAIL_INPUT)
        elif move is Move.SAY_GOODBYE:
            self._answer(replies.BYE)
            self._end(linger=False)
        elif move is Move.REFUSE_CHUNK:
            # BDAT is not offered. Its chunk, sent along, must not be taken for commands.
            refusal = replies.NOT_IMPLEMENTED
            behind = self._lines.pending
            self._answer(HangUp(refusal, "chunk_behind_bdat") if behind else self._conversation.charge(refusal))
        elif self._lines.pending:
            self._answer(HangUp(replies.BEHIND_STARTTLS, "octets_behind_starttls"))
        else:
            self._phase = Phase.HANDSHAKE
            self._pause_reading()
            self._out.append(replies.READY_FOR_TLS)
            self._flush()
            assert self._reception.tls is not None
            self._task = self._reception.loop.create_task(self._start_tls(self._reception.tls))
            self._reception.tasks.add(self._task)

    def _read_content(self, chunk: bytes) -> Delivery | None:
        reader = self._reader
        assert reader is not None
        rest = reader.feed(chunk)
        if rest is None:
            limit = self._limits.max_message_octets + self._limits.max_discarded_octets
            if reader.failure is not None and reader.octets_read > limit:
                self._answer(HangUp(replies.TOO_MUCH_REFUSED_DATA, "too_much_data"))
            return None
        self._lines.append(rest)
        self._phase = Phase.COMMAND
        self._progressed = True
        outcome = finish(self._conversation, reader)
        if isinstance(outcome, Delivery):
            return outcome
        self._drop_content()
        self._conversation.end_transaction(delivered=False)
        self._answer(self._conversation.charge(outcome))
        return None

    async def _work(self, question: AskRoute | Delivery | None) -> None:
        try:
            while question is not None:
                if isinstance(question, AskRoute):
                    await self._route(question)
                else:
                    await self._accept(question)
                question = self._advance()
        except Exception:
            log.exception("smtp_session_failed")
            self.abort()
        finally:
            self._forget_task()
        self._settle()

    async def _route(self, question: AskRoute) -> None:
        conversation = self._conversation
        answer = self._reception.mailroom.route(question.address, session=conversation.session_info())
        outcome = await self._ask(answer)
        if self._phase is not Phase.CLOSING:
            self._answer(conversation.charge(outcome) if isinstance(outcome, bytes) else conversation.routed(outcome))

    async def _accept(self, delivery: Delivery) -> None:
        try:
            outcome = await self._ask(self._reception.mailroom.accept(delivery))
        finally:
            self._drop_content()
        delivered = isinstance(outcome, Accepted)
        if delivered:
            self._reception.stats.accepted += 1
            self._reception.stats.accepted_octets += delivery.size
            if delivery.bare_newlines or delivery.nul_removed:
                log.info("smtp_content_normalised", client_ip=delivery.client_ip, reference=outcome.reference)
        if self._phase is Phase.CLOSING:
            return
        self._conversation.end_transaction(delivered=delivered)
        if delivered:
            self._out.append(replies.reply("250 2.0.0", f"Ok, queued as {outcome.reference}"))
            self._unproved = outcome
        else:
            self._answer(self._conversation.charge(outcome))
        # Not held back for what is pipelined behind: this answer ends somebody's responsibility.
        self._flush()

    async def _ask(self, question: Awaitable[AnswerT]) -> AnswerT | bytes:
        self.deadline = self._reception.loop.time() + self._limits.mailroom_seconds
        try:
            return await ask(question)
        except asyncio.CancelledError:
            # Neither our own time limit nor a cancellation from inside the mailroom ends this task.
            if self._task is not None and self._task.cancelling():
                if not self._overdue:
                    raise
                self._task.uncancel()
            self._overdue = False
            log.warning("smtp_mailroom_unavailable", error="timeout or cancelled")
            return replies.TRY_LATER
        finally:
            self.deadline = math.inf

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        seconds = self._limits.handshake_seconds
        # The handshake has its own timer; this is the net below it.
        self.deadline = self._reception.loop.time() + 2 * seconds
        try:
            transport = await upgrade(self._transport, self, context, handshake_seconds=seconds)
        finally:
            self._forget_task()
        if transport is None or self._phase is Phase.CLOSING:
            log.info("smtp_tls_failed", client_ip=self._conversation.client_ip)
            self.abort()
            # Nobody tells a protocol whose handshake failed that its connection is lost.
            self.connection_lost(None)
            return
        self._transport = transport
        self._read_paused = False
        self._conversation.tls_started()
        self._phase = Phase.COMMAND
        self._progressed = True
        self._run()

    def _answer(self, answer: bytes | HangUp) -> None:
        reply = answer if isinstance(answer, bytes) else answer.reply
        self._out.append(reply)
        if reply[0] >= 0x34:
            self._reception.stats.refuse(reply)
            reason = None if isinstance(answer, bytes) else answer.reason
            code = reply[:9].decode("ascii", "replace")
            log.info("smtp_refused", client_ip=self._conversation.client_ip, code=code, reason=reason)
        if isinstance(answer, HangUp):
            self._end(linger=self._network is not None)

    def _end(self, *, linger: bool) -> None:
        """Send what is left and close. A lingering end only shuts our side: closing with unread input would reset the
        connection and take our last answer from the client."""
        self._flush()
        self._phase = Phase.CLOSING
        self._lines.take_all()
        if self._task is None:
            self._drop_content()
        self.deadline = self._reception.loop.time() + self._limits.linger_seconds
        if linger and not (self._ended or self._write_paused) and self._transport.can_write_eof():
            self._transport.write_eof()
            self._resume_reading()
        else:
            self._transport.close()

    def _settle(self) -> None:
        """Everything that arrived is handled: let the answers go and wait for more."""
        if self._phase is Phase.CLOSING:
            return
        self._flush()
        if self._phase is Phase.COMMAND:
            if self._reception.draining:
                self._answer(HangUp(replies.SHUTTING_DOWN, "draining"))
                return
            if self._progressed:
                self._progressed = False
                now = self._reception.loop.time()
                self.deadline = min(now + self._limits.command_seconds, self._session_deadline)
        if self._ended:
            self._end(linger=False)
        elif not self._write_paused and self._phase is not Phase.HANDSHAKE:
            self._resume_reading()

    def _flush(self) -> None:
        if self._out:
            self._transport.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
            self._out.clear()

    def _drop_content(self) -> None:
        if self._reader is not None:
            self._reader.spool.discard()
            self._reader = None

    def _forget_task(self) -> None:
        """At the end of the running task, which may have started the handshake's: that one stays."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._reception.tasks.discard(task)
        if self._task is task:
            self._task = None
        self._leave()

    def _leave(self) -> None:
        """Give the place free, once neither the connection nor a task needs it."""
        if self._lost and self._task is None and self._network is not None:
            self._reception.connections.leave(self, self._network)
            self._reception.stats.open -= 1
            self._network = None
        self._reception.note_progress()

    def _pause_reading(self) -> None:
        if not self._read_paused and not self._transport.is_closing():
            self._read_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._read_paused and not self._transport.is_closing():
            self._read_paused = False
            self._transport.resume_reading()
