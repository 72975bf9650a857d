/**
 * AgentPost: e-mail for AI agents, self-hosted.
 *
 *     const client = new AgentPost(); // AGENTPOST_API_KEY, AGENTPOST_BASE_URL
 *     const inbox = await client.inboxes.create();
 */

import { call, type ClientOptions, type Settings } from "./core.js";
import { AgentPostError } from "./errors.js";
import { type EventVerbs, eventVerbs } from "./events.js";
import { CALLS, type Resources } from "./generated/calls.js";
import { type InboxVerbs, inboxVerbs } from "./inboxes.js";
import { type WaitVerbs, waitVerbs } from "./waits.js";

export type { CallOptions, ClientOptions, WithResponse } from "./core.js";
export { APIPromise, Page, PagePromise } from "./core.js";
export * from "./errors.js";
export type * from "./generated/calls.js";
export type * from "./generated/types.js";

export class AgentPost {
  constructor(options: ClientOptions = {}) {
    const settings = settle(options);
    for (const [resource, calls] of Object.entries(CALLS)) {
      const verbs = Object.entries(calls).map(([name, entry]) => [name, (...args: unknown[]) => call(settings, entry, args)]);
      (this as Record<string, unknown>)[resource] = Object.fromEntries(verbs);
    }
    Object.assign(this.events, eventVerbs(this, settings));
    Object.assign(this.waits, waitVerbs(this));
    Object.assign(this.inboxes, inboxVerbs(this));
  }
}

export interface AgentPost extends Resources {
  events: Resources["events"] & EventVerbs;
  inboxes: Resources["inboxes"] & InboxVerbs;
  waits: Resources["waits"] & WaitVerbs;
}

export default AgentPost;

function settle(options: ClientOptions): Settings {
  const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const browser = "document" in globalThis && "window" in globalThis;
  const apiKey = options.apiKey ?? env.AGENTPOST_API_KEY;
  if (!apiKey) throw new AgentPostError("There is no API key. Give apiKey, or set AGENTPOST_API_KEY.");
  if (browser && !options.dangerouslyAllowBrowser)
    throw new AgentPostError("A key in a browser is anybody's: call from a server, or set dangerouslyAllowBrowser.");
  const baseUrl = options.baseUrl ?? env.AGENTPOST_BASE_URL ?? "http://127.0.0.1:8025";
  if (!/^https?:\/\/[^/?#]+/.test(baseUrl)) throw new AgentPostError(`${baseUrl} is not the address of a server.`);
  return {
    apiKey,
    baseUrl: baseUrl.replace(/\/+$/, "").replace(/\/api\/v1$/, ""),
    environment: options.environment ?? env.AGENTPOST_ENVIRONMENT,
    timeout: options.timeout ?? 60_000,
    retries: options.retries ?? 2,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
  };
}
