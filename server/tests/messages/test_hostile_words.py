"""Words that cost PostgreSQL's own parser minutes: stored, indexed and shown within the time of any other mail."""

import pytest

from harness import Tenant
from messages.added import new_inbox
from messages.reading import msg, store_mail

# Each took a minute and more at this length; the bound below is a statement's own.
_HOSTILE = ("~/", "a_", "<!--", "1a@", "@1e", "<a <!-- ", "/.")
_CHARACTERS = 262_144


@pytest.mark.parametrize("piece", _HOSTILE)
async def test_no_words_make_storing_or_finding_slow(tenant: Tenant, piece: str) -> None:
    inbox_id = await new_inbox(tenant)
    body = "findable first\n" + piece * (_CHARACTERS // len(piece))
    one = await store_mail(tenant, inbox_id, text_body=body, subject="findable " + piece * 300)
    # A search, its highlights included, has one second.
    [found] = (await tenant.http.get("/search", params={"q": "findable"})).json()["data"]
    assert found["message"]["id"] == msg(one)
    assert "<mark>findable</mark>" in found["highlights"]["subject"]


async def test_a_long_word_is_found_by_its_beginning_and_an_address_in_brackets_as_it_is(tenant: Tenant) -> None:
    inbox_id = await new_inbox(tenant)
    text = "x" * 600 + " write to <ann.long@mail.example.com> " + "beginning" + "y" * 600
    one = await store_mail(tenant, inbox_id, text_body=text)
    for words in ("beginning*", "ann.long@mail.example.com "):
        answer = (await tenant.http.get("/search", params={"q": words})).json()
        assert [each["message"]["id"] for each in answer["data"]] == [msg(one)], words
