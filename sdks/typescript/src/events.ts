/**
 * The log of events, live: a stream that takes itself up again after a break, without a gap and without repeats.
 * Over a WebSocket where there is one, else over server-sent events.
 */

import { headersOf, pauseBefore, problemOf, queryOf, type Settings, sleep } from "./core.js";
import { APIError, ConnectionFailed } from "./errors.js";
import type { Resources } from "./generated/calls.js";
import type { Event } from "./generated/types.js";

export interface StreamOptions {
  types?: string[];
  inboxId?: string;
  environment?: string;
  /** First, from the log, what came since this event. */
  after?: string;
  signal?: AbortSignal;
}

export interface EventVerbs {
  /**
   * Events as they happen, for ever: `for await (const event of client.events.stream())`. Throws APIError when the
   * server refuses: 410 `event_expired` for an `after` that the log no longer holds.
   */
  stream(options?: StreamOptions): AsyncGenerator<Event, void>;
}

type Needs = { events: Resources["events"]; realtime: Resources["realtime"] };
/** The server says something every 15 seconds. A line that is silent for longer is dead. */
const SILENCE = 45_000;

export function eventVerbs(client: Needs, settings: Settings): EventVerbs {
  return {
    async *stream(options = {}) {
      const { types, inboxId: inbox_id, environment, signal } = options;
      const common = { ...(environment && { environment }), ...(signal && { signal }) };
      let { after } = options;
      let failures = 0;
      for (let first = true; !signal?.aborted; first = false) {
        try {
          if (after === undefined) {
            // Where the log stands now, so that a break before the first event loses nothing. If it was empty then,
            // all that it holds after a break came since.
            const filter = { ...(types && { types }), ...(inbox_id && { inbox_id }) };
            const page = await client.events.list(first ? { limit: 1 } : { ...filter, limit: 100, ascending: true }, common);
            for (const event of page.data) {
              after = event.id;
              if (!first) yield event;
            }
          }
          // A WebSocket subscribes by the ids of environments; a slug travels in a header, which only the other has.
          const named = environment ?? settings.environment;
          const open = settings.WebSocket && (!named || named.startsWith("env_")) ? overWebSocket : overServerSentEvents;
          for await (const event of open(settings, client, { types, inbox_id, environment: named, after, signal })) {
            after = event.id;
            failures = 0;
            yield event;
          }
          await sleep(pauseBefore(failures++, new ConnectionFailed("ended"))!, signal);
        } catch (failure) {
          if (signal?.aborted) return;
          const known = failure instanceof APIError || failure instanceof ConnectionFailed;
          const pause = known ? pauseBefore(failures++, failure) : undefined;
          if (pause === undefined) throw failure;
          await sleep(pause, signal);
        }
      }
    },
  };
}

interface Opening {
  types: string[] | undefined;
  inbox_id: string | undefined;
  environment: string | undefined;
  after: string | undefined;
  signal: AbortSignal | undefined;
}

async function* overServerSentEvents(settings: Settings, _client: Needs, asked: Opening): AsyncGenerator<Event, void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    const url = `${settings.baseUrl}/api/v1/events/stream${queryOf({ event_types: asked.types, inbox_id: asked.inbox_id })}`;
    const headers = { ...(await headersOf(settings, asked.environment)), accept: "text/event-stream" };
    const signal = asked.signal ? AbortSignal.any([asked.signal, silence.signal]) : silence.signal;
    const last = asked.after && { "last-event-id": asked.after };
    const response = await settings.fetch(url, { headers: { ...headers, ...last }, signal });
    if (!response.ok) throw await problemOf(response);
    let text = "";
    const decoder = new TextDecoder();
    for await (const octets of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      text += decoder.decode(octets, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop()!;
      for (const frame of frames) {
        const data = frame.match(/^data: ?(.*)$/m)?.[1];
        if (data) yield JSON.parse(data);
      }
    }
  } catch (broken) {
    throw broken instanceof APIError ? broken : new ConnectionFailed(String(broken), { cause: broken });
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

async function* overWebSocket(settings: Settings, client: Needs, asked: Opening): AsyncGenerator<Event, void> {
  // A ticket lets one socket in, once: the key stands in no address.
  const { ticket } = await client.realtime.createTicket();
  const socket = new settings.WebSocket!(`${settings.baseUrl.replace(/^http/, "ws")}/ws?token=${ticket}`);
  const waiting: unknown[] = [];
  let ring = () => {};
  const say = (one: unknown) => (waiting.push(one), ring());
  const subscribe = {
    type: "subscribe",
    event_types: asked.types ?? [],
    inbox_id: asked.inbox_id ?? null,
    environment_ids: asked.environment ? [asked.environment] : [],
    after: asked.after ?? null,
  };
  let heard = Date.now();
  const send = (one: object) => socket.readyState === 1 && socket.send(JSON.stringify(one));
  const beat = setInterval(() => (Date.now() - heard > SILENCE ? say(undefined) : send({ type: "ping" })), SILENCE / 3);
  socket.onopen = () => send(subscribe);
  socket.onmessage = (message) => (heard = Date.now()) && say(JSON.parse(message.data));
  socket.onclose = socket.onerror = () => say(undefined);
  asked.signal?.addEventListener("abort", () => say(undefined), { once: true });
  try {
    for (;;) {
      while (!waiting.length) await new Promise<void>((done) => (ring = done));
      const said = waiting.shift() as { type: string; data: Event; code: string; message: string; fix: string } | undefined;
      if (!said) throw new ConnectionFailed("the line broke");
      if (said.type === "event") yield said.data;
      if (said.type === "error")
        throw new APIError(said.code === "event_expired" ? 410 : 422, { ...said, detail: said.message }, "");
    }
  } finally {
    clearInterval(beat);
    socket.close();
  }
}
