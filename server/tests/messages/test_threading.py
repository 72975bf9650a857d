"""Which thread a mail joins: headers only, per inbox, in whatever order the mails come."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core import ids
from agentpost_server.mail.model import Address
from agentpost_server.messages.new import Added, NewMessage
from agentpost_server.messages.threading import Conversations, fingerprint, named
from harness import Tenant
from messages.added import message, new_inbox, stored, thread_ids

_INBOX = ids.new_id()


def _place(conversations: Conversations, own: str, *references: str, in_reply_to: tuple[str, ...] = ()):
    return conversations.place(named(_INBOX, own, in_reply_to, references))


@st.composite
def _conversation(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """Mails of a tree: each names its whole chain of ancestors; in any order of arrival."""
    size = draw(st.integers(2, 12))
    chains: list[list[str]] = [[]]
    for number in range(1, size):
        parent = draw(st.integers(0, number - 1))
        chains.append([*chains[parent], f"<{parent}@x>"])
    return draw(st.permutations([(f"<{number}@x>", chain) for number, chain in enumerate(chains)]))


@given(_conversation())
def test_any_order_of_arrival_gives_one_thread_when_references_suffice(mails: list[tuple[str, list[str]]]) -> None:
    conversations = Conversations()
    places = [_place(conversations, own, *chain) for own, chain in mails]
    assert len({place.thread_id for place in places}) == 1
    assert [place.created for place in places] == [True, *[False] * (len(mails) - 1)]
    assert not any(place.conflict for place in places)


@given(st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=4)), min_size=1, max_size=20))
def test_no_mail_ever_moves_a_thread_that_stands(mails: list[tuple[int, list[int]]]) -> None:
    conversations = Conversations()
    seen: dict[str, Any] = {}
    for own, references in mails:
        _place(conversations, f"<{own}>", *(f"<{one}>" for one in references))
        for number in (own, *references):
            thread = conversations.thread_of((_INBOX, fingerprint(f"<{number}>")))
            assert seen.setdefault(f"<{number}>", thread) == thread


def test_the_choice_is_own_id_then_in_reply_to_then_the_last_reference() -> None:
    conversations = Conversations()
    first, second, third = (_place(conversations, own).thread_id for own in ("<1>", "<2>", "<3>"))
    assert _place(conversations, "<a>", "<1>", "<2>").thread_id == second
    assert _place(conversations, "<b>", "<1>", "<2>", in_reply_to=("<3>",)).thread_id == third
    assert _place(conversations, "<1>", "<2>", in_reply_to=("<3>",)).thread_id == first
    assert _place(conversations, "<c>", "<1>", "<2>").conflict


def test_m21_only_the_last_fifty_references_count() -> None:
    conversations = Conversations()
    old = _place(conversations, "<old>").thread_id
    place = _place(conversations, "<new>", "<old>", *(f"<{n}>" for n in range(50)))
    assert place.thread_id != old
    assert len(named(_INBOX, "<own>", [f"<{n}>" for n in range(1000)], [f"<r{n}>" for n in range(1000)]).all) == 101


def test_m21_a_cycle_of_references_ends() -> None:
    conversations = Conversations()
    places = [
        _place(conversations, "<1>", "<2>"),
        _place(conversations, "<2>", "<1>"),
        _place(conversations, "<1>", "<1>"),
    ]
    assert len({place.thread_id for place in places}) == 1


async def _store(tenant: Tenant, *messages: NewMessage, together: bool = True) -> list[Added]:
    """All new, in one batch or one by one."""
    batches = [messages] if together else [(one,) for one in messages]
    answers = [answer for batch in batches for answer in await stored(tenant, *batch)]
    return [answer for answer in answers if answer is not None]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
async def test_a_late_parent_finds_its_thread_waiting(tenant: Tenant, together: bool) -> None:
    inbox = await new_inbox(tenant)
    mails = [
        message(tenant, inbox, "<3@x>", references=("<1@x>", "<2@x>")),
        message(tenant, inbox, "<2@x>", in_reply_to=("<1@x>",)),
        message(tenant, inbox, "<1@x>"),
    ]
    added = await _store(tenant, *mails, together=together)
    assert len(set(thread_ids(added))) == 1
    assert [one.thread_created for one in added] == [True, False, False]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
async def test_threads_are_never_merged_and_the_conflict_is_flagged(tenant: Tenant, together: bool) -> None:
    inbox = await new_inbox(tenant)
    mails = [
        message(tenant, inbox, "<1@x>"),
        message(tenant, inbox, "<2@x>"),
        message(tenant, inbox, "<3@x>", references=("<1@x>", "<2@x>")),
    ]
    first, second, third = await _store(tenant, *mails, together=together)
    assert first.thread_id != second.thread_id == third.thread_id
    assert third.flags == ("thread_conflict",)


async def test_a_reply_never_joins_the_thread_of_another_inbox(tenant: Tenant, stranger: Tenant) -> None:
    here, there = await new_inbox(tenant), await new_inbox(tenant)
    original = message(tenant, here, "<1@x>")
    sibling = message(tenant, there, "<2@x>", in_reply_to=("<1@x>",))
    foreign = message(stranger, await new_inbox(stranger), "<3@x>", in_reply_to=("<1@x>",))
    added = await stored(tenant, original, sibling, foreign)
    assert len(set(thread_ids(added))) == 3


async def test_an_outsider_to_a_thread_is_flagged_until_a_participant_brings_him_in(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    mails = [
        message(tenant, inbox, "<1@x>", cc_addresses=(Address("bob@example.com"),)),
        message(tenant, inbox, "<2@x>", in_reply_to=("<1@x>",), from_address=Address("BOB@example.com")),
        message(tenant, inbox, "<3@x>", in_reply_to=("<1@x>",), from_address=Address("eve@example.com")),
        message(tenant, inbox, "<4@x>", in_reply_to=("<1@x>",), from_address=Address("eve@example.com")),
        message(tenant, inbox, "<5@x>", in_reply_to=("<4@x>",), to_addresses=(Address("eve@example.com"),)),
        message(tenant, inbox, "<6@x>", in_reply_to=("<5@x>",), from_address=Address("eve@example.com")),
    ]
    added = await stored(tenant, *mails)
    outside = ("untrusted_participant",)
    assert [one.flags for one in added if one] == [(), (), outside, outside, (), ()]


async def test_an_equal_message_id_with_other_content_is_another_message(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    added = await _store(tenant, message(tenant, inbox, "<1@x>"), message(tenant, inbox, "<1@x>", text_body="other"))
    assert added[0].message_id != added[1].message_id
    assert added[0].thread_id == added[1].thread_id


async def test_a_thread_tells_of_its_last_message_and_of_all_labels(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    mails = [
        message(tenant, inbox, f"<{n}@x>", references=("<0@x>",), labels=(f"l{n}",), subject=f"S{n}", preview=f"P{n}")
        for n in range(3)
    ]
    await asyncio.gather(*(stored(tenant, one) for one in mails))
    async with tenant.server.database.transaction(tenant.organization.organization_id) as tx:
        [row] = await tx.rows("SELECT * FROM threads")
    assert (row["message_count"], row["labels"]) == (3, ["l0", "l1", "l2"])
    last = max(mails, key=lambda one: one.created_at)
    assert (row["last_message_id"], row["preview"]) == (last.id, last.preview)
