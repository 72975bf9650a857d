// What is tried again, how often, with which key: against a server that answers as it is told.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { AgentPost, APIError, ConnectionFailed } from "../dist/index.js";

/** Steps: [status, body, headers], or "drop" to break the line, or "stall" to say nothing. */
async function scripted(steps, use, options = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const step = steps.shift();
    if (step === "drop") return request.socket.destroy();
    if (step === "stall") return;
    const [status, answer, headers] = step;
    response.writeHead(status, { "x-request-id": "req_scripted", ...headers });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const client = new AgentPost({ apiKey: "ap_sk_test_x", baseUrl: `http://127.0.0.1:${server.address().port}`, ...options });
  try {
    await use(client, requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const SOON = { "retry-after-ms": "1" };
const SENT = [201, { id: "msg_1" }];

for (const [name, bad] of Object.entries({
  503: [503, { code: "unavailable" }, SOON],
  500: [500, "<html>", SOON],
  429: [429, { code: "rate_limited" }, SOON],
  busy: [409, { code: "idempotency_in_progress" }, SOON],
  drop: "drop",
}))
  test(`a send is repeated with one key after ${name}`, () =>
    scripted([bad, bad, SENT], async (client, requests) => {
      assert.equal((await client.messages.send("inb_1", { to: "a@b.example" })).id, "msg_1");
      assert.equal(requests.length, 3);
      assert.equal(new Set(requests.map((one) => one.headers["idempotency-key"])).size, 1);
      assert.ok(requests[0].headers["idempotency-key"]);
    }));

for (const [status, code] of [[400, "invalid_json"], [401, "invalid_key"], [403, "missing_scope"], [404, "not_found"], [409, "revision_conflict"], [422, "validation_failed"]])
  test(`${status} ${code} is not repeated`, () =>
    scripted([[status, { code, detail: "No.", fix: "Do otherwise.", errors: [{ field: "to", message: "m", code: "c" }] }]], async (client, requests) => {
      const failure = await client.inboxes.create().catch((caught) => caught);
      assert.ok(failure instanceof APIError);
      assert.equal(failure.message, `${status} ${code}: No. Do otherwise. [req_scripted]`);
      assert.equal(failure.errors[0].field, "to");
      assert.equal(requests.length, 1);
    }));

test("a server that says much later is not waited for", () =>
  scripted([[429, { code: "rate_limited" }, { "retry-after": "3600" }]], async (client) => {
    const failure = await client.inboxes.list().catch((caught) => caught);
    assert.equal(failure.retryAfter, 3600);
  }));

test("a date to come again at is understood", () =>
  scripted(
    [[503, {}, { "retry-after": "Thu, 01 Jan 2026 12:00:01 GMT", date: "Thu, 01 Jan 2026 12:00:00 GMT" }], [200, { data: [], next_page_token: null }]],
    async (client) => {
      const began = Date.now();
      await client.inboxes.list();
      assert.ok(Date.now() - began >= 990);
    },
  ));

test("timeout bounds the whole call", () =>
  scripted(["stall", "stall"], async (client, requests) => {
    await assert.rejects(client.inboxes.list(), ConnectionFailed);
    assert.equal(requests.length, 1);
  }, { timeout: 300 }));

test("a signal ends the call with its own reason", () =>
  scripted(["stall"], async (client) => {
    await assert.rejects(client.inboxes.list({}, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  }));

test("a key may be fetched, and an environment chosen", () =>
  scripted([SENT], async (client, requests) => {
    await client.messages.send("inb/1", { to: ["a@b.example"] }, { environment: "staging" });
    assert.equal(requests[0].url, "/api/v1/inboxes/inb%2F1/messages");
    assert.equal(requests[0].headers.authorization, "Bearer ap_sk_test_fetched");
    assert.equal(requests[0].headers["agentpost-environment"], "staging");
  }, { apiKey: async () => "ap_sk_test_fetched" }));

test("an empty id names nothing; a client without a key says what to do", () => {
  const client = new AgentPost({ apiKey: "x", baseUrl: "http://127.0.0.1:1" });
  assert.throws(() => client.inboxes.get(""), /empty/);
  assert.throws(() => new AgentPost({ apiKey: "" }), /AGENTPOST_API_KEY/);
  assert.throws(() => new AgentPost({ apiKey: "x", baseUrl: "localhost:8025" }), /address/);
});
