"""Every bound of the SMTP receiver in one place: octets, counts and seconds, each with the reason for its default.

RFC 5321 4.5.3 gives minimums; the defaults lie at or above them except where hostile clients make them a gift.
"""

import msgspec


class SmtpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one receiver grants. Octets are counted after dot-unstuffing and normalisation, seconds are wall clock."""

    max_message_octets: int = 25 * 1024 * 1024
    """Content above this is refused with 552 5.3.4; announced by SIZE (RFC 1870)."""
    memory_octets: int = 256 * 1024
    """Content up to this stays in memory; above it goes to a temporary file."""
    max_discarded_octets: int = 512 * 1024 * 1024
    """How much of a refused message is read to its end for the sake of a clean answer before the connection is cut."""
    max_recipients: int = 100
    """Accepted recipients of one message; further ones get 452 4.5.3 (RFC 5321 4.5.3.1.8 asks for at least 100)."""
    max_recipient_overshoot: int = 1000
    """RCPT commands of one message beyond max_recipients, whatever their answer; then 421."""
    max_received_headers: int = 50
    """More Received fields than this are a loop: 554 5.4.6 (RFC 5321 6.3)."""
    max_line_octets: int = 2048
    """Longest command line; RFC 5321 asks for 512 and extensions add to it."""
    max_pending_octets: int = 16 * 1024
    """Pipelined commands kept while an answer is being found; above it the socket is not read."""
    max_errors: int = 20
    """5xx answers without a delivered message; then 421 4.7.0."""
    max_junk_commands: int = 100
    """NOOP, RSET, VRFY, HELP and repeated EHLO without a delivered message; then 421 4.7.0."""
    max_connections: int = 2000
    """Connections at once; needs as many file descriptors, and as many again when every mail is large."""
    max_connections_per_network: int = 100
    """Connections at once of one IPv4 /24 or one IPv6 /64."""
    greeting_seconds: float = 60
    """From connect to the first complete command."""
    command_seconds: float = 300
    """For each complete command, however its octets trickle (RFC 5321 4.5.3.2.7)."""
    data_window_seconds: float = 60
    """The stretch over which data_min_octets_per_second is measured."""
    data_min_octets_per_second: int = 1024
    """Content slower than this over a window ends with 421 4.4.2."""
    data_seconds: float = 1800
    """For the whole content of one message."""
    session_seconds: float = 7200
    """For the whole connection; ends it between two commands only."""
    handshake_seconds: float = 10
    """For the TLS handshake."""
    mailroom_seconds: float = 120
    """For one answer of the mailroom; then 451 4.3.0 (clients wait 5 to 10 minutes, RFC 5321 4.5.3.2)."""
    linger_seconds: float = 2
    """How long a connection that we end may take to read our last answer before it is cut."""
    refuse_bare_newlines: bool = False
    """Refuse content with bare CR, bare LF or NUL by 550 5.6.11 instead of normalising it."""
