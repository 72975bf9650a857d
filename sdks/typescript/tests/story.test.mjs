// The client against a real server: AGENTPOST_BASE_URL and AGENTPOST_API_KEY (of a sandbox) say which.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentPost, APIError, WaitTimedOut } from "../dist/index.js";

const client = new AgentPost();
const deliver = (inbox_id, subject, text_body = "Hello.") =>
  client.sandbox.deliver({ inbox_id, from_address: "login@service.example", subject, text_body });

test("an inbox lives", async () => {
  const inbox = await client.inboxes.create({ username: "support", display_name: "Support", metadata: { team: "blue" } });
  assert.deepEqual(await client.inboxes.get(inbox.id), inbox);
  const changed = await client.inboxes.update(inbox.id, { display_name: null });
  assert.deepEqual([changed.display_name, changed.metadata], [null, { team: "blue" }]);
  assert.equal(await client.inboxes.delete(inbox.id), undefined);
  await assert.rejects(client.inboxes.get(inbox.id), (failure) => {
    assert.ok(failure instanceof APIError);
    assert.deepEqual([failure.status, failure.code], [404, "not_found"]);
    assert.match(failure.message, /404 not_found: .* \[req_/);
    return true;
  });
});

test("a list walks all its pages", async () => {
  const labels = await client.environments.list();
  assert.ok(labels.data.length >= 1);
  const made = [];
  for (let number = 0; number < 5; number++) made.push((await client.inboxes.create({ username: `page${number}` })).id);
  const seen = [];
  for await (const inbox of client.inboxes.list({ limit: 2, ascending: true })) seen.push(inbox.id);
  assert.deepEqual(seen.filter((id) => made.includes(id)), made);
  const first = await client.inboxes.list({ limit: 2, ascending: true });
  assert.ok(first.hasNextPage());
  const second = await first.getNextPage();
  assert.deepEqual([...first.data, ...second.data].map((one) => one.id), seen.slice(0, 4));
});

test("a send travels: one recipient alone, a date, octets", async () => {
  const inbox = await client.inboxes.create();
  const sent = await client.messages.send(inbox.id, {
    to: "delivered@sandbox.test",
    subject: "Hello",
    text_body: "See the file.",
    labels: "first",
    attachments: [{ filename: "a.bin", content: new Uint8Array([0, 255, 128]) }],
    send_at: new Date(Date.now() + 86_400_000),
  });
  assert.deepEqual([sent.status, sent.to_addresses[0].email, sent.attachments[0].size], ["scheduled", "delivered@sandbox.test", 3]);
  assert.ok(sent.labels.includes("first"));
  const { data } = await client.messages.list({ inbox_id: inbox.id });
  assert.deepEqual(data.map((one) => one.id), [sent.id]);
  assert.equal((await client.messages.cancel(sent.id, {})).status, "cancelled");
});

test("the answer itself can be had", async () => {
  const options = { idempotencyKey: `once-${Date.now()}` };
  const first = await client.inboxes.create({ username: "same" }, options).withResponse();
  const again = await client.inboxes.create({ username: "same" }, options).withResponse();
  assert.equal(again.data.id, first.data.id);
  assert.deepEqual([first.idempotentReplay, again.idempotentReplay], [false, true]);
  assert.equal(first.response.status, 201);
  assert.match(first.requestId, /^req_/);
});

test("a message and its code are waited for", async () => {
  const inbox = await client.inboxes.create();
  const code = client.inboxes.waitForCode(inbox.id);
  const message = client.inboxes.waitForMessage(inbox.id, { subject: "invoice" });
  await new Promise((done) => setTimeout(done, 500));
  await deliver(inbox.id, "Lunch?");
  await deliver(inbox.id, "Sign in", "Your verification code is 482913. It is valid for ten minutes.");
  await deliver(inbox.id, "Your INVOICE");
  assert.equal((await code).value, "482913");
  assert.equal((await message).subject, "Your INVOICE");
});

test("a wait ends in time and says how to go on", async () => {
  const inbox = await client.inboxes.create();
  const failure = await client.inboxes.waitForMessage(inbox.id, {}, { timeout: 500 }).catch((caught) => caught);
  assert.ok(failure instanceof WaitTimedOut);
  await deliver(inbox.id, "Late");
  assert.equal((await client.waits.join(failure.waitId)).message.subject, "Late");
});

test("each message is worked on once, and what is left unfinished comes back", async () => {
  const inbox = await client.inboxes.create();
  for (let number = 0; number < 4; number++) await deliver(inbox.id, `Task ${number}`);
  const done = [];
  let left = 0;
  const worker = async () => {
    for await (const message of client.inboxes.work(inbox.id, { untilEmpty: true })) {
      if (left++ === 0) break;
      done.push(message.subject);
    }
  };
  for (const until = Date.now() + 60_000; done.length < 4 && Date.now() < until; ) await Promise.all([worker(), worker()]);
  assert.deepEqual(done.sort(), ["Task 0", "Task 1", "Task 2", "Task 3"]);
});

for (const [name, socket] of [["server-sent events", undefined], ["a WebSocket", globalThis.WebSocket]]) {
  test(`events come as they happen, over ${name}`, { skip: name === "a WebSocket" && !socket }, async () => {
    const hearing = new AgentPost({ WebSocket: socket });
    const stopping = new AbortController();
    const heard = [];
    const listening = (async () => {
      for await (const event of hearing.events.stream({ types: ["draft.created"], signal: stopping.signal })) {
        heard.push(event.data.draft_id);
        if (heard.length === 2) stopping.abort();
      }
    })();
    await new Promise((done) => setTimeout(done, 1000));
    const inbox = await client.inboxes.create();
    const made = [];
    for (let number = 0; number < 2; number++) made.push((await client.drafts.create(inbox.id, { subject: "x" })).id);
    await listening;
    assert.deepEqual(heard, made);
  });
}
