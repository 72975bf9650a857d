"""`GET /threads/{id}/context` over HTTP: a thread as it is stored, its bounds, and who may not read it."""

from uuid import UUID

import httpx2 as httpx

from agentpost_server.core.ids import encode
from agentpost_server.mail.model import Address
from harness import Tenant
from messages.added import new_inbox
from messages.reading import fetch, outsiders, store_mail

_SECRET = '<p>Hello {n}</p><p style="display:none">for programs only</p><p>{words}</p>'


async def conversation(tenant: Tenant, count: int = 4) -> tuple[UUID, str]:
    """An inbox and the id of a thread in it, with turns of Ann and of ours."""
    inbox = await new_inbox(tenant)
    for number in range(count):
        await store_mail(
            tenant,
            inbox,
            header=f"<{number}@x>",
            in_reply_to=(f"<{number - 1}@x>",) if number else (),
            direction="outbound" if number % 2 else "inbound",
            status="sent" if number % 2 else "received",
            trust="internal" if number % 2 else "unverified",
            from_address=Address("us@agentpost.test") if number % 2 else Address("ann@example.com", "Ann"),
            text_body=None,
            html_body=_SECRET.format(n=number, words=f"word{number} " * 200),
        )
    [row] = await fetch(tenant, "SELECT id FROM threads WHERE inbox_id = $1", inbox)
    return inbox, encode("thr", row["id"])


async def test_a_thread_is_read_within_the_budget_and_paged_to_its_beginning(tenant: Tenant) -> None:
    _, thread = await conversation(tenant)
    said = ""
    query: dict[str, str | int] = {"max_tokens": 300}
    seen: list[str] = []
    while True:
        answer = await tenant.http.get(f"/threads/{thread}/context", params=query)
        assert answer.status_code == 200, answer.text
        context = answer.json()
        assert context["tokens"] <= 300 == context["max_tokens"]
        assert context["tokenizer"] == "o200k_base"
        assert context["truncated"] is (context["next_offset"] is not None)
        said += context["content"]
        seen += [span["message_id"] for span in context["spans"]]
        if context["next_offset"] is None:
            break
        query["offset"] = context["next_offset"]
    assert [said.count(f"word{number} ") + said.count(f"word{number}\n") for number in range(4)] == [200] * 4
    assert "for programs only" not in said
    assert len(set(seen)) == 4


async def test_answers_are_the_same_but_for_the_nonce(tenant: Tenant) -> None:
    _, thread = await conversation(tenant, 2)
    one, two = [(await tenant.http.get(f"/threads/{thread}/context?max_tokens=250")).json() for _ in range(2)]
    assert one["nonce"] != two["nonce"]
    assert one["content"].replace(one["nonce"], two["nonce"]) == two["content"]
    assert one["spans"] == two["spans"]
    assert [(span["direction"], span["trust"]) for span in one["spans"]] == [("outbound", "internal")]


async def test_hidden_text_stands_in_spans_of_its_own_when_asked_for(tenant: Tenant) -> None:
    _, thread = await conversation(tenant, 1)
    shown = (await tenant.http.get(f"/threads/{thread}/context?hidden=true&format=json")).json()
    assert [span["kind"] for span in shown["spans"]] == ["new", "hidden"]
    plain = (await tenant.http.get(f"/threads/{thread}/context")).json()
    assert [(one["reason"]) for one in plain["omitted"]] == ["hidden"]


async def test_bad_questions_are_refused(tenant: Tenant) -> None:
    _, thread = await conversation(tenant, 2)
    _, other = await conversation(tenant, 2)
    offset = (await tenant.http.get(f"/threads/{other}/context?max_tokens=200")).json()["next_offset"]

    async def refused(query: str) -> tuple[int, str]:
        answer = await tenant.http.get(f"/threads/{thread}/context?{query}")
        return answer.status_code, answer.json()["code"]

    assert await refused("max_tokens=199") == (422, "validation_failed")
    assert await refused("format=xml") == (422, "validation_failed")
    assert await refused(f"offset={offset}") == (400, "invalid_page_token")
    assert await refused("offset=x") == (400, "invalid_page_token")


async def test_no_stranger_reads_it(tenant: Tenant, stranger: Tenant) -> None:
    _, thread = await conversation(tenant, 1)

    async def answer(http: httpx.AsyncClient) -> int:
        return (await http.get(f"/threads/{thread}/context")).status_code

    async with outsiders(tenant, stranger) as strangers:
        assert {await answer(one) for one in strangers} == {404}
