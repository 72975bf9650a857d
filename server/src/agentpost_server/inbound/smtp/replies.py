"""Reply lines (RFC 5321 4.2) with enhanced status codes (RFC 3463), built once: answering is appending constants.

Texts that come from elsewhere pass `reply`, which lets nothing through that could end a line or start another.
"""

import re

_CODE = re.compile(r"[245]\d\d [245]\.\d{1,3}\.\d{1,3}")
_MAX_TEXT = 400


class CommandError(Exception):
    """A command is refused with `reply`; the conversation goes on."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


def reply(code: str, text: str) -> bytes:
    """One reply line. `code` is `"550 5.1.1"`, malformed ones become 451 4.3.0; text is made printable ASCII."""
    if not _CODE.fullmatch(code):
        code = "451 4.3.0"
    printable = "".join([c if " " <= c <= "~" else "?" for c in text[:_MAX_TEXT]])
    return f"{code} {printable}\r\n".encode("ascii")


OK = reply("250 2.0.0", "Ok")
SENDER_OK = reply("250 2.1.0", "Sender ok")
RECIPIENT_OK = reply("250 2.1.5", "Recipient ok")
START_MAIL_INPUT = b"354 End data with <CR><LF>.<CR><LF>\r\n"
BYE = reply("221 2.0.0", "Bye")
HELP = reply("214 2.0.0", "See RFC 5321")
CANNOT_VERIFY = reply("252 2.5.2", "Cannot verify, send some mail to find out")
READY_FOR_TLS = reply("220 2.0.0", "Ready to start TLS")

BUSY = reply("421 4.7.0", "Too many connections, try again later")
TOO_MANY_ERRORS = reply("421 4.7.0", "Too many errors, closing")
TOO_MUCH_JUNK = reply("421 4.7.0", "Too many commands without mail, closing")
NOT_SMTP = reply("421 4.7.0", "This is an SMTP server, closing")
BEHIND_STARTTLS = reply("421 4.7.0", "Octets behind STARTTLS, closing")
TOO_SLOW = reply("421 4.4.2", "Timeout, closing")
SHUTTING_DOWN = reply("421 4.3.2", "Shutting down, try again later")
TOO_MUCH_REFUSED_DATA = reply("421 4.3.0", "Too much data of a refused message, closing")

TRY_LATER = reply("451 4.3.0", "Temporary failure, try again later")
NO_ROOM = reply("452 4.3.1", "No room for the message, try again later")
TOO_MANY_RECIPIENTS = reply("452 4.5.3", "Too many recipients, send the rest as another message")
TLS_FAILED = reply("454 4.7.0", "TLS not available")

UNKNOWN_COMMAND = reply("500 5.5.2", "Command not recognized")
LINE_TOO_LONG = reply("500 5.5.2", "Line too long")
ARGUMENT_TOO_LONG = reply("501 5.5.4", "Argument too long")
NO_ARGUMENT_ALLOWED = reply("501 5.5.4", "This command takes no argument")
BAD_HELO = reply("501 5.5.4", "Give a host name or an address literal")
BAD_MAIL = reply("501 5.5.4", "Syntax: MAIL FROM:<address> [parameters]")
BAD_RCPT = reply("501 5.5.4", "Syntax: RCPT TO:<address>")
BAD_SENDER = reply("501 5.1.7", "Bad sender address syntax")
BAD_RECIPIENT = reply("501 5.1.3", "Bad recipient address syntax")
BAD_SIZE = reply("501 5.5.4", "SIZE takes 1 to 20 digits")
BAD_BODY = reply("501 5.5.4", "BODY is 7BIT or 8BITMIME")
BAD_PARAMETER = reply("501 5.5.4", "Parameter malformed or given twice")
NOT_IMPLEMENTED = reply("502 5.5.1", "Command not implemented")
HELO_FIRST = reply("503 5.5.1", "Send EHLO first")
NESTED_MAIL = reply("503 5.5.1", "Sender already given")
MAIL_FIRST = reply("503 5.5.1", "Send MAIL first")
RCPT_FIRST = reply("503 5.5.1", "Send RCPT first")
TLS_ALREADY = reply("503 5.5.1", "TLS already active")
RELAY_DENIED = reply("550 5.7.1", "Relaying denied")
NOT_YOUR_NAME = reply("550 5.7.1", "That name is ours")
BARE_NEWLINES = reply("550 5.6.11", "Bare CR, bare LF or NUL in content")
TOO_LARGE = reply("552 5.3.4", "Message too large")
NEEDS_SMTPUTF8 = reply("553 5.6.7", "Address needs SMTPUTF8")
NO_VALID_RECIPIENTS = reply("554 5.5.1", "No valid recipients")
LOOP = reply("554 5.4.6", "Too many Received fields, this is a loop")
UNKNOWN_PARAMETER = reply("555 5.5.4", "Parameter not supported")
