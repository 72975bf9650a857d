"""A new DKIM key beside the old one: what either signs can be verified at every moment."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import dkim
import pytest

from agentpost_server.core import ids
from agentpost_server.domains import senders
from agentpost_server.mail.dkim_sign import sign
from domains.living import Json, Owner, publish
from harness import KEYRING


async def _signed(owner: Owner, domain: Json, name: str = "") -> tuple[str, bytes]:
    """(selector, a mail of the domain with its signature)."""
    key = (owner.organization_id, ids.decode("env", domain["environment_id"]), name or domain["domain"])
    async with owner.server.database.work([owner.organization_id]) as tx:
        signer = (await senders(tx, KEYRING, [key]))[key].signer
    if signer is None:
        raise KeyError(key)
    raw = f"From: a@{key[2]}\r\nTo: b@example.com\r\nSubject: Hello\r\n\r\nHi.\r\n".encode()
    return signer.selector, sign(raw, signer, now=datetime.now(UTC)) + raw


async def _verifies(owner: Owner, signed: bytes) -> bool:
    """By dkimpy, with the keys that stand in the zone."""

    def record(name: bytes, **_: Any) -> bytes | None:
        texts = owner.names.zone.get((name.decode().rstrip("."), "TXT"))
        return texts[0].replace('" "', "").strip('"').encode() if texts else None

    return await asyncio.to_thread(dkim.verify, signed, dnsfunc=record)


def _keys(domain: Json) -> list[Json]:
    return [one for one in domain["records"] if one["purpose"] == "dkim"]


async def test_no_moment_is_without_a_valid_key(owner: Owner) -> None:
    found = await owner.added()
    first, before = await _signed(owner, found)
    assert await _verifies(owner, before)

    path = f"/domains/{found['id']}/rotate-dkim"
    rotated = (await owner.tenant.http.post(path)).json()
    assert rotated["status"] == "verified"
    assert [(one["status"], one["required"]) for one in _keys(rotated)] == [("verified", True), ("pending", False)]
    selector, signed = await _signed(owner, rotated)
    assert selector == first, "the old key signs until the new one is seen"
    assert await _verifies(owner, signed)
    again = await owner.tenant.http.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")

    publish(owner.names, rotated)
    seen = await owner.look(rotated)
    assert [(one["status"], one["required"]) for one in _keys(seen)] == [("verified", False), ("verified", True)]
    second, after = await _signed(owner, seen)
    assert second != first
    assert await _verifies(owner, after)
    assert await _verifies(owner, before), "what the old key signed is still on its way"

    # After the overlap the old record is asked for no more.
    await owner.sql("UPDATE dkim_keys SET retires_at = now() - interval '1s' WHERE domain_id = $1 AND selector = $2",
                    found, first)  # fmt: skip
    done = await owner.look(seen)
    assert [one["name"].split(".")[0] for one in _keys(done)] == [second]
    assert done["status"] == "verified"
    assert (await owner.tenant.http.post(path)).status_code == 200


async def test_a_rotation_that_is_never_published_changes_nothing(owner: Owner) -> None:
    found = await owner.added()
    await owner.tenant.http.post(f"/domains/{found['id']}/rotate-dkim")
    later = await owner.look(found)
    assert (later["status"], later["can_send"]) == ("verified", True)
    first, _ = await _signed(owner, found)
    assert _keys(found)[0]["name"].startswith(f"{first}.")


async def test_only_a_key_that_was_seen_signs(owner: Owner) -> None:
    made = await owner.add()
    with pytest.raises(KeyError):
        await _signed(owner, made)
    publish(owner.names, made, "dkim")
    await owner.look(made)
    assert await _verifies(owner, (await _signed(owner, made))[1])


async def test_a_subdomain_is_signed_for_by_the_domain_above_it(owner: Owner) -> None:
    found = await owner.added()
    with pytest.raises(KeyError):
        await _signed(owner, found, f"eu.{found['domain']}")
    await owner.tenant.http.patch(f"/domains/{found['id']}", json={"subdomains_enabled": True})
    _, signed = await _signed(owner, found, f"eu.{found['domain']}")
    assert f" d={found['domain']};".encode() in signed
    assert await _verifies(owner, signed)


async def test_the_private_key_is_sealed_and_never_shown(owner: Owner) -> None:
    made = await owner.add()
    sealed = await owner.sql("SELECT private_key FROM dkim_keys WHERE domain_id = $1", made)
    assert b"PRIVATE KEY" not in sealed
    assert b"PRIVATE KEY" in KEYRING.unseal("dkim", sealed)
    log = await owner.tenant.http.get("/org/audit-log")
    assert "domain.created" in log.text
    assert "PRIVATE" not in log.text
