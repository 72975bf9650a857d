"""GET /messages/{id}/codes: what is to be typed or opened, of one message, for who may read it."""

from typing import Any

from agentpost_server.core import ids
from contract.shapes import check
from harness import Tenant
from messages.added import message, new_inbox, stored


async def _codes(tenant: Tenant, header: str, **fields: Any) -> Any:
    one = message(tenant, await new_inbox(tenant), header, **fields)
    await stored(tenant, one)
    answer = await tenant.http.get(f"/messages/{ids.encode('msg', one.id)}/codes")
    assert answer.status_code == 200, answer.text
    assert sorted(answer.json()) == ["data"]
    for code in answer.json()["data"]:
        check("Code", code)
    return answer.json()["data"]


async def test_a_code_and_a_link_of_one_mail(tenant: Tenant) -> None:
    link = "https://id.shop.example.co.uk/verify?token=Zk3v9QpLr7TnWx2B"
    found = await _codes(
        tenant,
        "<codes@x>",
        subject="Confirm your e-mail address",
        text_body="Your verification code is 482 913. It expires in ten minutes.",
        html_body=f'<p>Or click the button below.</p><a href="{link}">Confirm e-mail address</a>',
    )
    assert [(one["kind"], one["value"], one["purpose"], one["where"], one["domain"]) for one in found] == [
        ("otp", "482913", "verify", "text_body", None),
        ("link", link, "verify", "html_body", "example.co.uk"),
    ]
    assert all(0.6 <= one["confidence"] <= 0.99 for one in found)


async def test_a_mail_without_any_answers_an_empty_list(tenant: Tenant) -> None:
    assert await _codes(tenant, "<none@x>", subject="Order 482913", text_body="Your order 482913 has shipped.") == []


async def test_a_mail_without_bodies(tenant: Tenant) -> None:
    [code] = await _codes(tenant, "<subject@x>", subject="482913 is your sign-in code", text_body=None, html_body=None)
    assert (code["value"], code["where"], code["purpose"]) == ("482913", "subject", "sign_in")


async def test_an_unknown_message_is_404(tenant: Tenant) -> None:
    for one in (ids.encode("msg", ids.new_id()), "msg_x"):
        assert (await tenant.http.get(f"/messages/{one}/codes")).status_code == 404
