"""Bounce addresses: short enough, readable in any case, and nobody else can write one."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core.ids import new_id
from agentpost_server.core.secrets import Keyring
from agentpost_server.outbound import verp

KEYRING = Keyring((b"a secret of the tests, 32 bytes long",))


@given(st.uuids())
def test_an_address_reads_back_in_any_case(transmission_id: UUID) -> None:
    address = verp.write(KEYRING, transmission_id, "mail.example")
    assert len(address.partition("@")[0]) <= 64
    assert verp.read(KEYRING, address) == verp.read(KEYRING, address.upper()) == transmission_id
    assert verp.read(KEYRING, address.partition("@")[0]) == transmission_id


def test_a_former_secret_still_reads() -> None:
    rotated = Keyring((b"a newer secret of the tests, 32 b...", b"a secret of the tests, 32 bytes long"))
    transmission_id = new_id()
    assert verp.read(rotated, verp.write(KEYRING, transmission_id, "d.test")) == transmission_id


@given(st.integers(0, 51), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_l06_one_changed_character_names_nothing(position: int, character: str) -> None:
    transmission_id = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    local = verp.write(KEYRING, transmission_id, "d.test").partition("@")[0]
    at = len("bounces+") + position
    forged = local[:at] + character + local[at + 1 :]
    # The last character carries bits that no octet has: changing only those changes nothing.
    assert verp.read(KEYRING, forged) == (transmission_id if forged == local or position == 51 else None) or (
        position == 51 and verp.read(KEYRING, forged) is None
    )


@pytest.mark.parametrize(
    "address", ["", "bounces@d", "bounces+@d", "bounces+x@d", "bounces+" + "1" * 52 + "@d", "ann+" + "a" * 52 + "@d"]
)
def test_anything_else_names_nothing(address: str) -> None:
    assert verp.read(KEYRING, address) is None


@given(st.text(max_size=80))
def test_reading_is_total(text: str) -> None:
    assert verp.read(KEYRING, text) is None
