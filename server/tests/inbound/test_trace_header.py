"""Our signature on mail that we send: read back by any of our keys, and by nobody else written."""

from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core import ids
from agentpost_server.core.secrets import Keyring
from agentpost_server.mail.trace_header import TRACE_HEADER, read, sign, traced_inboxes

_OLD, _NEW = b"o" * 32, b"n" * 32
_MESSAGE, _INBOX = ids.new_id(), ids.new_id()


def test_what_was_signed_is_read_even_after_the_key_was_rotated() -> None:
    value = sign(Keyring((_OLD,)), _MESSAGE, _INBOX)
    assert read(Keyring((_NEW, _OLD)), f" {value} ") == (_MESSAGE, _INBOX)
    assert read(Keyring((_NEW,)), value) is None


@given(st.integers(0, 63), st.characters(codec="ascii"))
def test_one_other_character_makes_it_nobodys(position: int, character: str) -> None:
    keyring = Keyring((_NEW,))
    value = sign(keyring, _MESSAGE, _INBOX)
    changed = value[:position] + character + value[position + 1 :]
    assert (read(keyring, changed) is not None) == (changed == value)


@given(st.text() | st.text(alphabet="Aa0-_", min_size=64, max_size=64))
def test_any_text_is_read_or_refused(value: str) -> None:
    assert read(Keyring((_NEW,)), value) is None


def test_only_fields_of_the_header_section_count_folded_ones_too() -> None:
    keyring = Keyring((_NEW,))
    value = sign(keyring, _MESSAGE, _INBOX)
    plain, folded = f"{TRACE_HEADER}: {value}", f"{TRACE_HEADER.lower()}:\r\n {value}"
    head = f"{plain}\r\nX: y\r\n{folded}\r\nNot-{plain}\r\n\r\n{plain}\r\n"
    assert traced_inboxes(keyring, head.encode()) == [_INBOX, _INBOX]
    assert traced_inboxes(keyring, plain.encode() + b"\r\n") == [_INBOX]
