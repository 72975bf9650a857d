"""Search: what finds what, in which order, marked how, and that nothing typed into the box breaks it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentpost_server.core import ids
from agentpost_server.core.errors import Invalid
from agentpost_server.core.ids import encode
from agentpost_server.mail.model import Address
from agentpost_server.messages.words import MOST_TERMS, words_of
from harness import Tenant, client
from messages.added import new_inbox
from messages.reading import msg, outsiders, store_mail


async def _found(tenant: Tenant, q: str, **params: str) -> list[str]:
    seen: list[str] = []
    query = {"q": q, "limit": "2", **params}
    while True:
        answer = await tenant.http.get("/search", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [one["message"]["id"] for one in page["data"]]
        if page["next_page_token"] is None:
            return seen
        query["page_token"] = page["next_page_token"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("invoice", "('invoice':*)"),
        ("invoice ", "('invoice')"),
        ("red blue", "('red' & 'blue':*)"),
        ("inv* paid ", "('inv':* & 'paid')"),
        ("red or blue green ", "('red') | ('blue' & 'green')"),
        ("OR red OR OR ", "('red')"),
        ('"new york" -jersey ', "('new york' & !'jersey')"),
        ('-"new york" a ', "(!'new york' & 'a')"),
        ('"open end', "('open end')"),
        ("it's a\\b ", "('it''s' & 'a\\\\b')"),
        ("& | ! <-> ( ) : *", ""),
        ("", ""),
    ],
)
def test_a_query_means_what_it_means_on_the_web(text: str, expected: str) -> None:
    assert words_of(text) == expected


def test_a_weight_looks_into_subjects_only() -> None:
    assert words_of("red blue", weight="A") == "('red':A & 'blue':*A)"


def test_too_many_words_are_refused() -> None:
    assert words_of("w " * MOST_TERMS)
    with pytest.raises(Invalid):
        words_of("w " * (MOST_TERMS + 1))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    try:
        query = words_of(text)
    except Invalid:
        return
    bare = query.replace("\\\\", "").replace("''", "")
    assert bare.count("'") % 2 == 0
    outside = "".join(bare.split("'")[::2])
    assert set(outside) <= set("()&|! :*")


async def test_words_of_subject_people_and_text_find_a_message(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    old = await store_mail(
        tenant, inbox, id=ids.id_at(1_700_000_000_000), subject="Invoice 1042", text_body="Please pay"
    )
    new = await store_mail(
        tenant,
        inbox,
        subject="Re: Your Rechnung",
        text_body="The invoice, paid in New York",
        labels=("received", "paid"),
        from_address=Address("billing@Example.com", "Zoë Ångström"),
    )
    for q, expected in (
        ("invoice", [new, old]),
        ("INVOI", [new, old]),
        ("invo*", [new, old]),
        ("invo* pay ", [old]),
        ("invo ", []),
        ("1042", [old]),
        ("rechnung or 1042", [new, old]),
        ("invoice -paid", [old]),
        ('"new york"', [new]),
        ('"york new"', []),
        ("ångström", [new]),
        ("billing@example.com", [new]),
        ("-invoice ", []),
    ):
        assert await _found(tenant, q) == [msg(one) for one in expected], q
        assert await _found(tenant, q, ascending="true") == [msg(one) for one in reversed(expected)], q
    assert await _found(tenant, "invoice", inbox_id=encode("inb", inbox)) == [msg(new), msg(old)]
    assert await _found(tenant, "invoice", labels="paid") == [msg(new)]
    assert await _found(tenant, "invoice", before="2024-01-01T00:00:00Z") == [msg(old)]


async def test_highlights_mark_the_words_and_escape_everything_else(tenant: Tenant) -> None:
    inbox = await new_inbox(tenant)
    await store_mail(
        tenant,
        inbox,
        subject="<b>needle</b> \x02 &amp; 'quoted'",
        text_body="padding " * 500 + "<b>needle</b> in \x03 the </mark><img src=x> haystack " + "tail " * 500,
    )
    [one] = (await tenant.http.get("/search", params={"q": "needle"})).json()["data"]
    assert set(one) == {"message", "highlights"}
    marked = one["highlights"]
    assert "<mark>needle</mark>" in marked["subject"]
    assert "<mark>needle</mark>" in marked["text"]
    for text in marked.values():
        plain = text.replace("<mark>", "").replace("</mark>", "")
        assert not set(plain) & set("<>\x02\x03")
        assert text.count("<mark>") == text.count("</mark>")
    assert len(marked["text"]) < 1000
    assert "text_body" not in one["message"]


@pytest.mark.parametrize(
    "q",
    ["%_" * 240, "((((" * 120, "(a+)+$" * 80, "a OR " * 31 + "a", "'" * 500, "\\" * 499 + "a", "a:*b:*" * 80,
     "<->" * 100 + "x", "!" * 400 + "a", "\x00a", "{{1;DROP TABLE}}", "é" * 500, "-" * 400 + "a", "😀 a",
     "http://x/" + "../" * 150, "a" * 500],
)  # fmt: skip
async def test_h48_what_looks_like_an_attack_is_only_text(tenant: Tenant, q: str) -> None:
    await store_mail(tenant, await new_inbox(tenant), text_body="plain words")
    started = time.monotonic()
    answer = await tenant.http.get("/search", params={"q": q})
    assert answer.status_code in (200, 422)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("params", [{"q": ""}, {"q": "a OR " * 1000}, {"q": "x" * 10_240}, {"q": "&|!"}])
async def test_h48_what_holds_no_words_or_too_many_is_422(tenant: Tenant, params: dict[str, str]) -> None:
    answer = await tenant.http.get("/search", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_h07_h08_nobody_elses_words_are_found(tenant: Tenant, stranger: Tenant) -> None:
    inbox = await new_inbox(tenant)
    one = await store_mail(tenant, inbox, subject="sesame")
    async with outsiders(tenant, stranger) as others:
        for http in others:
            for q in ("sesame", "sesame or -zzz", "-zzz "):
                assert (await http.get("/search", params={"q": q})).json()["data"] == []
            path = {"q": "sesame", "inbox_id": encode("inb", inbox)}
            assert (await http.get("/search", params=path)).status_code == 404
    assert await _found(tenant, "sesame") == [msg(one)]


async def test_the_words_that_mark_a_tenant_are_no_way_in(tenant: Tenant, stranger: Tenant) -> None:
    """The index holds each message's organization as a lexeme; asking for another's gives nothing."""
    await store_mail(stranger, await new_inbox(stranger), subject="sesame")
    theirs = f"o{stranger.organization.organization_id.hex}"
    for q in (theirs, f"sesame or {theirs}", f"{theirs} or -zzz "):
        assert await _found(tenant, q) == []


async def test_searching_needs_its_own_scope(tenant: Tenant) -> None:
    made = (await tenant.http.post("/api-keys", json={"name": "r", "scopes": ["messages:read"]})).json()
    async with client(tenant.server, made["key"]) as http:
        answer = await http.get("/search", params={"q": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
