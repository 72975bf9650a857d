"""The state of one SMTP session and the answer to each command line (RFC 5321 4.1), without any I/O.

`handle` gives the reply, or says what has to happen before there is one. Only verbs that act are methods here: a client
can do nothing that this page does not list.
"""

import enum
from typing import Final

import msgspec

from agentpost_server.inbound.smtp import addresses, parameters, replies
from agentpost_server.inbound.smtp.limits import SmtpLimits
from agentpost_server.inbound.smtp.mailroom import Refusal, Route, SessionInfo, TransmissionType
from agentpost_server.inbound.smtp.replies import CommandError

_HELO_OCTETS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]"
# Other protocols' first words: a browser or a proxy that was talked into speaking to us.
_FOREIGN: Final = frozenset(b"GET POST PUT HEAD DELETE OPTIONS PATCH TRACE CONNECT PRI PROXY".split())
_KNOWN_BUT_NOT_OFFERED: Final = frozenset(b"EXPN AUTH ETRN TURN ATRN SEND SOML SAML LHLO".split())


class AskRoute(msgspec.Struct, frozen=True):
    """The mailroom has to be asked about this recipient; its answer goes to `routed`."""

    address: str


class HangUp(msgspec.Struct, frozen=True):
    """Say `reply` and end the connection; `reason` is for the security log."""

    reply: bytes
    reason: str


class Move(enum.Enum):
    """What the session does next, beyond a reply."""

    READ_DATA = enum.auto()
    START_TLS = enum.auto()
    SAY_GOODBYE = enum.auto()
    REFUSE_CHUNK = enum.auto()


Step = bytes | AskRoute | HangUp | Move


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """What all conversations of one receiver share."""

    hostname: str
    limits: SmtpLimits
    tls_offered: bool
    ehlo_reply: bytes
    ehlo_reply_under_tls: bytes


def make_host(hostname: str, limits: SmtpLimits, *, tls_offered: bool) -> Host:
    lines = [hostname, "PIPELINING", f"SIZE {limits.max_message_octets}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
    bare = _multiline(lines)
    plain = _multiline([*lines, "STARTTLS"]) if tls_offered else bare
    return Host(hostname=hostname, limits=limits, tls_offered=tls_offered, ehlo_reply=plain, ehlo_reply_under_tls=bare)


def _multiline(lines: list[str]) -> bytes:
    body = [f"250-{line}\r\n" for line in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
    return "".join(body).encode("ascii")


class Conversation:
    """One client's session: greeting, envelope, budgets."""

    def __init__(self, host: Host, *, client_ip: str, server_ip: str) -> None:
        self.host = host
        self.client_ip = client_ip
        self.server_ip = server_ip
        self.tls = False
        self.errors = 0
        self.junk = 0
        self._virgin = True
        self._forget_greeting()

    def _forget_greeting(self) -> None:
        self.client_name = ""
        self.extended = False
        self._reset()

    def _reset(self) -> None:
        self.mail_from: str | None = None
        self.parameters = parameters.NONE
        self.routes: list[Route] = []
        self.recipients_tried = 0
        self._info: SessionInfo | None = None

    @property
    def transmission_type(self) -> TransmissionType:
        if self.parameters.smtputf8:
            return "UTF8SMTPS" if self.tls else "UTF8SMTP"
        if self.tls:
            return "ESMTPS"
        return "ESMTP" if self.extended else "SMTP"

    def handle(self, line: bytes) -> Step:
        """The answer to one command line, given without its line end."""
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        command = _COMMANDS.get(verb)
        if command is None:
            return self._unknown(line, verb)
        self._virgin = False
        try:
            step = command(self, argument.strip(b" \t"))
        except CommandError as refusal:
            step = refusal.reply
        if type(step) is bytes and step[0] == 0x35:
            return self.charge(step)
        return step

    def charge(self, reply: bytes) -> bytes | HangUp:
        """Count a refusal against the error budget (5xx only: 4xx is our fault, or a limit with a bound of its own)."""
        if reply[0] == 0x35:
            self.errors += 1
            if self.errors >= self.host.limits.max_errors:
                return HangUp(replies.TOO_MANY_ERRORS, "too_many_errors")
        return reply

    def routed(self, outcome: Route | Refusal) -> bytes | HangUp:
        """The reply to the RCPT that asked."""
        if isinstance(outcome, Refusal):
            return self.charge(replies.reply(outcome.code, outcome.text))
        if outcome not in self.routes:
            self.routes.append(outcome)
        return replies.RECIPIENT_OK

    def session_info(self) -> SessionInfo:
        """The transaction as the mailroom sees it at RCPT; the same object for all recipients of a message."""
        if self._info is None:
            self._info = SessionInfo(
                client_ip=self.client_ip,
                helo=self.client_name,
                tls=self.tls,
                mail_from=self.mail_from or "",
                smtputf8=self.parameters.smtputf8,
                declared_octets=self.parameters.declared_octets,
            )
        return self._info

    def end_transaction(self, *, delivered: bool) -> None:
        """After the answer to the end of data. A delivered message renews the budgets."""
        if delivered:
            self.errors = self.junk = 0
        self._reset()

    def tls_started(self) -> None:
        """All that was said in the clear is void (RFC 3207 4.2)."""
        self.tls = True
        self._forget_greeting()

    def overlong(self, line: bytes) -> bytes | HangUp:
        """The answer to a command line above max_line_octets, of which `line` is the beginning."""
        if not line[:1].isalpha():
            return HangUp(replies.NOT_SMTP, "not_smtp")
        known = line[:16].partition(b" ")[0].upper() in _COMMANDS
        return self.charge(replies.ARGUMENT_TOO_LONG if known else replies.LINE_TOO_LONG)

    def _unknown(self, line: bytes, verb: bytes) -> Step:
        # An empty first line is how a PROXY v2 header begins.
        foreign = verb in _FOREIGN or (self._virgin and not line)
        if foreign or (line and not line[:1].isalpha()):
            return HangUp(replies.NOT_SMTP, "not_smtp")
        self._virgin = False
        return self.charge(replies.NOT_IMPLEMENTED if verb in _KNOWN_BUT_NOT_OFFERED else replies.UNKNOWN_COMMAND)

    def _spend_junk(self, reply: bytes) -> Step:
        self.junk += 1
        if self.junk > self.host.limits.max_junk_commands:
            return HangUp(replies.TOO_MUCH_JUNK, "too_much_junk")
        return reply

    def _greet(self, name: bytes) -> None:
        if not name or len(name) > 255 or name.translate(None, _HELO_OCTETS):
            raise CommandError(replies.BAD_HELO)
        helo = name.decode("ascii")
        if self.client_ip != self.server_ip and self._is_our_name(helo.lower()):
            raise CommandError(replies.NOT_YOUR_NAME)
        self._reset()
        self.client_name = helo

    def _is_our_name(self, helo: str) -> bool:
        bare = helo.strip("[]").removeprefix("ipv6:")
        return helo.rstrip(".") == self.host.hostname.lower() or bare == self.server_ip

    def ehlo(self, argument: bytes) -> Step:
        repeated = bool(self.client_name)
        self._greet(argument)
        self.extended = True
        reply = self.host.ehlo_reply_under_tls if self.tls else self.host.ehlo_reply
        return self._spend_junk(reply) if repeated else reply

    def helo(self, argument: bytes) -> Step:
        repeated = bool(self.client_name)
        self._greet(argument)
        self.extended = False
        reply = f"250 {self.host.hostname}\r\n".encode("ascii")
        return self._spend_junk(reply) if repeated else reply

    def mail(self, argument: bytes) -> Step:
        if not self.client_name:
            return replies.HELO_FIRST
        if self.mail_from is not None:
            return replies.NESTED_MAIL
        path, tail = addresses.split_path(argument, b"FROM:", replies.BAD_MAIL)
        given = parameters.parse_mail(tail, max_octets=self.host.limits.max_message_octets)
        self.mail_from = addresses.sender(path, smtputf8=given.smtputf8)
        self.parameters = given
        return replies.SENDER_OK

    def rcpt(self, argument: bytes) -> Step:
        if self.mail_from is None:
            return replies.MAIL_FIRST if self.client_name else replies.HELO_FIRST
        limits = self.host.limits
        self.recipients_tried += 1
        if self.recipients_tried > limits.max_recipients + limits.max_recipient_overshoot:
            return HangUp(replies.TOO_MANY_ERRORS, "too_many_recipients")
        if len(self.routes) >= limits.max_recipients:
            return replies.TOO_MANY_RECIPIENTS
        path, tail = addresses.split_path(argument, b"TO:", replies.BAD_RCPT)
        address = addresses.recipient(path, smtputf8=self.parameters.smtputf8, hostname=self.host.hostname)
        parameters.parse_rcpt(tail)
        return AskRoute(address)

    def data(self, argument: bytes) -> Step:
        if argument:
            return replies.NO_ARGUMENT_ALLOWED
        if self.mail_from is None:
            return replies.MAIL_FIRST if self.client_name else replies.HELO_FIRST
        if not self.routes:
            return replies.NO_VALID_RECIPIENTS if self.recipients_tried else replies.RCPT_FIRST
        return Move.READ_DATA

    def rset(self, argument: bytes) -> Step:
        if argument:
            return replies.NO_ARGUMENT_ALLOWED
        self._reset()
        return self._spend_junk(replies.OK)

    def noop(self, argument: bytes) -> Step:
        return self._spend_junk(replies.OK)

    def vrfy(self, argument: bytes) -> Step:
        return self._spend_junk(replies.CANNOT_VERIFY)

    def help(self, argument: bytes) -> Step:
        return self._spend_junk(replies.HELP)

    def quit(self, argument: bytes) -> Step:
        return replies.NO_ARGUMENT_ALLOWED if argument else Move.SAY_GOODBYE

    def starttls(self, argument: bytes) -> Step:
        if argument:
            return replies.NO_ARGUMENT_ALLOWED
        if self.tls:
            return replies.TLS_ALREADY
        return Move.START_TLS if self.host.tls_offered else replies.NOT_IMPLEMENTED

    def bdat(self, argument: bytes) -> Step:
        return Move.REFUSE_CHUNK


_COMMANDS: Final = {
    b"EHLO": Conversation.ehlo,
    b"HELO": Conversation.helo,
    b"MAIL": Conversation.mail,
    b"RCPT": Conversation.rcpt,
    b"DATA": Conversation.data,
    b"RSET": Conversation.rset,
    b"NOOP": Conversation.noop,
    b"VRFY": Conversation.vrfy,
    b"HELP": Conversation.help,
    b"QUIT": Conversation.quit,
    b"STARTTLS": Conversation.starttls,
    b"BDAT": Conversation.bdat,
}
