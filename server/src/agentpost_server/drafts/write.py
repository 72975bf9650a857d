"""Creating, changing and deleting drafts. Files are fetched before the transaction; everything else is decided in it,
under the draft's lock, so that two changes at once are two revisions, each of the other's outcome.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from agentpost_server.accounts import Caller
from agentpost_server.accounts.environments import clock_offset
from agentpost_server.core import ids
from agentpost_server.core.errors import Conflict, NotFound
from agentpost_server.core.scope import Scope
from agentpost_server.db import Tx
from agentpost_server.drafts import files, store
from agentpost_server.drafts.content import Content, StoredFile
from agentpost_server.drafts.files import Gathered
from agentpost_server.drafts.model import CreateDraft, Draft, UpdateDraft, draft_of
from agentpost_server.drafts.tell import told
from agentpost_server.events import append
from agentpost_server.inboxes import InboxRow
from agentpost_server.inboxes import find as find_inbox
from agentpost_server.mail.reply import reply_citations, reply_subject
from agentpost_server.outbound.check import Checked, check, check_recipients, check_send_at, cited
from agentpost_server.outbound.facts import hosts_of, urls_of
from agentpost_server.outbound.letter import Original, addressed
from agentpost_server.outbound.model import AttachmentIn, Send
from agentpost_server.outbound.submit import find_original, refuse_unknown_basis
from agentpost_server.policies import refuse_fetching
from agentpost_server.runtime import Runtime
from agentpost_server.web.idempotency import Answer, Effect

# What a change takes over as it is given; recipients and labels are read first.
_PLAIN = ("subject", "text_body", "html_body", "headers", "unattended", "list_unsubscribe", "track_opens")


async def create(
    runtime: Runtime, tenant: Scope, caller: Caller, effect: Effect, inbox_id: UUID, wanted: CreateDraft
) -> Response[Draft] | Response[Any]:
    """201 with the draft; 200 with the one that has this `client_id`."""
    if (first := await effect.replay()) is not None:
        return first
    moment = runtime.now()
    checked = check(wanted, moment)
    async with runtime.database.transaction(tenant.organization_id) as tx:
        await find_inbox(tx, tenant, inbox_id)
        known = await _named(tx, tenant, wanted.client_id)
        if known is None:
            await _refuse_urls(tx, tenant, inbox_id, wanted.attachments)
    if known is not None:
        return await effect(_giving(known))
    gathered = await files.fetch(runtime, tenant, inbox_id, wanted.attachments, {})

    async def act(tx: Tx) -> Answer[Draft]:
        inbox = await find_inbox(tx, tenant, inbox_id)
        if wanted.client_id is not None:
            await store.lock_client_id(tx, tenant, wanted.client_id)
            if (known := await _named(tx, tenant, wanted.client_id)) is not None:
                return Answer(value=known, status=200)
        content = await _begun(tx, tenant, inbox, wanted, checked)
        content = msgspec.structs.replace(content, files=gathered.files)
        draft_id = ids.new_id()
        author = msgspec.json.encode(caller.actor).decode()
        await store.insert(tx, tenant, draft_id, inbox_id, client_id=wanted.client_id, status="open", author=author)
        made = await _store(runtime, tx, tenant, caller, draft_id, content, [], gathered, failed=None, timed=True)
        await append(tx, tenant, told("created", made))
        return Answer(value=draft_of(made), status=201)

    return await _with_files(runtime, tenant, effect, gathered, act)


async def update(
    runtime: Runtime, tenant: Scope, caller: Caller, effect: Effect, draft_id: UUID, wanted: UpdateDraft
) -> Response[Draft] | Response[Any]:
    """A new revision, or the same one where nothing differs."""
    if (first := await effect.replay()) is not None:
        return first
    moment = runtime.now()
    own: dict[str, StoredFile] = {}
    async with runtime.database.transaction(tenant.organization_id) as tx:
        row = await store.find(tx, tenant, draft_id)
        refuse_other_revision(row, wanted.revision)
        if wanted.attachments:
            own = _by_key(await store.files_of(tx, tenant, draft_id))
            await _refuse_urls(tx, tenant, row["inbox_id"], wanted.attachments)
    given = wanted.attachments if wanted.attachments is not UNSET else None
    # What is wrong with the request is said before anything is fetched for it.
    check(_merged(Content.read(row), wanted), moment)
    gathered = await files.fetch(runtime, tenant, row["inbox_id"], given or [], own)

    async def act(tx: Tx) -> Draft:
        row = await store.lock(tx, tenant, draft_id)
        refuse_other_revision(row, wanted.revision)
        before = Content.read(row)
        after = await _changed(tx, tenant, row, before, wanted, moment)
        if wanted.attachments is not UNSET:
            after = msgspec.structs.replace(after, files=gathered.files)
        changed = after.changed_from(before)
        timed = wanted.send_at is not UNSET
        if not changed and not (timed and row["status"] == "failed"):
            return draft_of(row)
        failed = row["failure"] if row["status"] == "failed" and not timed else None
        made = await _store(runtime, tx, tenant, caller, draft_id, after, changed, gathered, failed=failed, timed=timed)
        await append(tx, tenant, told("updated", made))
        return draft_of(made)

    return await _with_files(runtime, tenant, effect, gathered, act)


async def delete(tx: Tx, tenant: Scope, draft_id: UUID) -> None:
    """With its revisions and files. One that is being sent is either sent or deleted, never both."""
    row = await store.find(tx, tenant, draft_id)
    if row is None or (revision := await store.take(tx, tenant.organization_id, draft_id)) is None:
        raise NotFound
    await append(tx, tenant, told("deleted", {**row, "revision": revision}))


async def _refuse_urls(tx: Tx, tenant: Scope, inbox_id: UUID, attachments: Sequence[AttachmentIn]) -> None:
    """A draft's files are fetched now, long before anybody asks what its sending would meet."""
    if hosts := hosts_of(attachments):
        await refuse_fetching(tx, tenant, inbox_id, urls_of(attachments), hosts)


def refuse_other_revision(row: Any, wanted: int | None) -> None:
    """NotFound without a draft; Conflict (409 `revision_conflict`) where the caller has read another one."""
    if row is None:
        raise NotFound
    if wanted is not None and row["revision"] != wanted:
        raise revision_conflict(row["revision"])


def revision_conflict(now: int | None) -> Conflict:
    stands = f"The draft has revision {now} by now." if now else "The draft was changed meanwhile."
    return Conflict(
        stands, code="revision_conflict", fix="Read the draft again, and repeat what you wanted with its revision."
    )


async def _store(
    runtime: Runtime,
    tx: Tx,
    tenant: Scope,
    caller: Caller,
    draft_id: UUID,
    content: Content,
    changed: list[str],
    gathered: Gathered,
    *,
    failed: str | None,
    timed: bool,
) -> Any:
    """The new revision and the draft as it stands with it. `failed`: why it failed, where that is still so.
    `timed`: `send_at` was given now."""
    ahead = await clock_offset(tx, tenant)
    status = "failed" if failed else "scheduled" if content.send_at else "open"
    if status == "scheduled":
        # It will be sent without anybody asking again: so it is asked now.
        caller.demand("messages:send")
        if timed:
            check_send_at(content.send_at, runtime.now() + ahead)
        check_recipients(check(content.as_send(), runtime.now()))
    files.refuse_too_large(content, runtime.settings.max_send_octets)
    if gathered.fresh:
        await store.insert_files(tx, tenant, draft_id, gathered.rows(), gathered.at)
    await store.add_revision(
        tx,
        tenant,
        draft_id,
        author=msgspec.json.encode(caller.actor).decode(),
        changed=changed,
        status=status,
        failure=failed,
        due_at=content.send_at - ahead if status == "scheduled" and content.send_at else None,
        rest=content.rest(),
        text_body=content.text_body,
        html_body=content.html_body,
        send_at=content.send_at,
    )
    return await store.find(tx, tenant, draft_id)


async def _with_files(
    runtime: Runtime,
    tenant: Scope,
    effect: Effect,
    gathered: Gathered,
    act: Callable[[Tx], Awaitable[Draft | Answer[Draft]]],
) -> Response[Draft]:
    """Large bytes first, so that no row names bytes that are not there; and away with them when no row does."""
    stored = False

    async def noting(tx: Tx) -> Draft | Answer[Draft]:
        nonlocal stored
        done = await act(tx)
        stored = True
        return done

    await files.keep_large(runtime, tenant, gathered)
    try:
        return await effect(noting)
    finally:
        # Only when it is sure that no row names them: a commit whose answer was lost may stand.
        if not stored:
            await files.remove_large(runtime, tenant, gathered)


async def _named(tx: Tx, tenant: Scope, client_id: str | None) -> Draft | None:
    row = await store.find_by_client_id(tx, tenant, client_id) if client_id is not None else None
    if row is None:
        return None
    if not tenant.may_use(row["inbox_id"]):
        raise Conflict("Another inbox has a draft with this client_id.", fix="Choose another client_id.")
    return draft_of(row)


def _giving(known: Draft) -> Callable[[Tx], Awaitable[Answer[Draft]]]:
    async def act(_tx: Tx) -> Answer[Draft]:
        return Answer(value=known, status=200)

    return act


async def _begun(tx: Tx, tenant: Scope, inbox: InboxRow, wanted: CreateDraft, checked: Checked) -> Content:
    """The first content: an answer's recipients and subject are those of a reply where none are given."""
    original, reference = await _cited(tx, tenant, inbox.id, wanted.in_reply_to)
    await refuse_unknown_basis(tx, tenant, checked)
    subject = wanted.subject
    if original is not None:
        checked = addressed("reply", checked, original, inbox.email, unattended=wanted.unattended)
        subject = subject or reply_subject(original.mail.subject)
    return _read(Content(), wanted, checked, original, reference, subject=subject)


async def _changed(tx: Tx, tenant: Scope, row: Any, before: Content, wanted: UpdateDraft, moment: datetime) -> Content:
    merged = _merged(before, wanted)
    checked = check(merged, moment)
    if wanted.based_on is not UNSET:
        await refuse_unknown_basis(tx, tenant, checked)
    if wanted.in_reply_to is UNSET:
        after = _read(before, merged, checked, None, before.in_reply_to, subject=merged.subject)
        after = msgspec.structs.replace(after, thread_id=before.thread_id)
    else:
        original, reference = await _cited(tx, tenant, row["inbox_id"], wanted.in_reply_to)
        after = _read(before, merged, checked, original, reference, subject=merged.subject)
    # One whose time has passed keeps it: only a time that is given is asked about.
    return after if wanted.send_at is not UNSET else msgspec.structs.replace(after, send_at=before.send_at)


def _read(
    before: Content, wanted: Send, checked: Checked, original: Original | None, reference: str | None, *, subject: str
) -> Content:
    return msgspec.structs.replace(
        before,
        to=checked.to,
        cc=checked.cc,
        bcc=checked.bcc,
        reply_to=checked.reply_to,
        subject=subject,
        text_body=wanted.text_body,
        html_body=wanted.html_body,
        headers=wanted.headers,
        labels=checked.labels,
        send_at=wanted.send_at,
        in_reply_to=reference,
        thread_id=original.thread_id if original is not None else None,
        based_on=checked.based_on,
        unattended=wanted.unattended,
        list_unsubscribe=wanted.list_unsubscribe,
        track_opens=wanted.track_opens,
    )


def _merged(before: Content, wanted: UpdateDraft) -> Send:
    """The send that the draft would be: what is absent as it was, what is null as in a draft that is new."""
    blank, merged = Send(), before.as_send()
    names = ("to", "cc", "bcc", "reply_to", "labels", "based_on", "send_at", "in_reply_to", "attachments", *_PLAIN)
    given = {name: value for name in names if (value := getattr(wanted, name)) is not UNSET}
    return msgspec.structs.replace(
        merged, **{name: getattr(blank, name) if value is None else value for name, value in given.items()}
    )


async def _cited(tx: Tx, tenant: Scope, inbox_id: UUID, in_reply_to: str | None) -> tuple[Original | None, str | None]:
    """The message that is answered, when it is here, and the Message-ID that the answer will cite."""
    reference = cited(in_reply_to)
    if reference is None:
        return None, None
    original = await find_original(tx, tenant, "send", reference, inbox_id)
    if original is None:
        return None, reference if isinstance(reference, str) else None
    return original, reply_citations(original.mail).in_reply_to


def _by_key(texts: list[str]) -> dict[str, StoredFile]:
    found = [msgspec.json.decode(one, type=StoredFile) for one in texts]
    return {one.key: one for one in found}
