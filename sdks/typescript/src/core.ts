/** One call: what is sent, when it is tried again, what its answer means. */

import { AgentPostError, APIError, ConnectionFailed } from "./errors.js";
import { LISTS } from "./generated/calls.js";

export interface ClientOptions {
  /** A key, or a function that fetches one. Else AGENTPOST_API_KEY. */
  apiKey?: string | (() => string | Promise<string>);
  /** The server. Else AGENTPOST_BASE_URL, else http://127.0.0.1:8025. */
  baseUrl?: string;
  /** Id or slug, for every call that does not name another. Else AGENTPOST_ENVIRONMENT. */
  environment?: string;
  /** Milliseconds for a whole call, its retries and pauses included. */
  timeout?: number;
  /** How often a call is tried again after a broken line, 408, 429 or 5xx. Sends happen once over all tries. */
  retries?: number;
  fetch?: typeof fetch;
  WebSocket?: typeof WebSocket;
  /** A key in a browser is anybody's. Allows it all the same. */
  dangerouslyAllowBrowser?: boolean;
}

export interface CallOptions {
  environment?: string;
  idempotencyKey?: string;
  /** Milliseconds. */
  timeout?: number;
  signal?: AbortSignal;
}

export interface Settings {
  apiKey: string | (() => string | Promise<string>);
  baseUrl: string;
  environment: string | undefined;
  timeout: number;
  retries: number;
  fetch: typeof fetch;
  WebSocket: typeof WebSocket | undefined;
}

export interface WithResponse<T> {
  data: T;
  response: Response;
  requestId: string;
  /** The first answer to the same idempotency key, told once more: nothing was done again. */
  idempotentReplay: boolean;
}

/** What a call returns: await it for its data, or `withResponse()` for the answer beside it. The call is under way. */
export class APIPromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "APIPromise";
  constructor(private readonly answer: Promise<WithResponse<T>>) {}
  withResponse(): Promise<WithResponse<T>> {
    return this.answer;
  }
  // biome-ignore lint: a promise is what this is
  then<A = T, B = never>(done?: ((value: T) => A | PromiseLike<A>) | null, failed?: ((reason: any) => B | PromiseLike<B>) | null) {
    return this.answer.then((one) => one.data).then(done, failed);
  }
  catch<B = never>(failed?: ((reason: any) => B | PromiseLike<B>) | null) {
    return this.then(undefined, failed);
  }
  finally(done?: (() => void) | null): Promise<T> {
    return this.then().finally(done);
  }
}

/** One page of a list. `for await` goes on over the next ones, fetched as they are needed. */
export class Page<T> implements AsyncIterable<T> {
  constructor(
    readonly data: T[],
    readonly next_page_token: string | null,
    private readonly next: (token: string) => PagePromise<T>,
  ) {}
  hasNextPage(): boolean {
    return this.next_page_token !== null;
  }
  async getNextPage(): Promise<Page<T> | undefined> {
    return this.next_page_token === null ? undefined : this.next(this.next_page_token);
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (let page: Page<T> | undefined = this; page; page = await page.getNextPage()) yield* page.data;
  }
}

/** A list: await it for its first page, or `for await` over all of it. */
export class PagePromise<T> extends APIPromise<Page<T>> implements AsyncIterable<T> {
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    yield* await this;
  }
}

type Params = Record<string, unknown>;

/** Makes the call that an entry of the table stands for. */
export function call(settings: Settings, entry: string, args: unknown[]): APIPromise<unknown> {
  const [method, template, marks = ""] = entry.split(" ") as [string, string, string?];
  const given = [...args];
  let path = template.replace(/\*/g, () => part(given.shift()));
  const params = { ...(marks.includes("-") ? {} : (given.shift() as Params | undefined)) };
  path = path.replace(/\[(.*?)\{(\w+)\}\]/, (_all, before: string, name: string) => {
    const { [name]: id } = params;
    delete params[name];
    return id === undefined ? "" : before + part(id);
  });
  const request = { method, path, params, marks, options: (given[0] as CallOptions | undefined) ?? {} };
  return marks.includes("p") ? pages(settings, request) : new APIPromise(exchange(settings, request));
}

interface Request {
  method: string;
  path: string;
  params: Params;
  marks: string;
  options: CallOptions;
}

function pages(settings: Settings, request: Request): PagePromise<unknown> {
  return new PagePromise(
    exchange(settings, request).then((answer) => {
      const { data, next_page_token } = answer.data as { data: unknown[]; next_page_token: string | null };
      const next = (page_token: string) => pages(settings, { ...request, params: { ...request.params, page_token } });
      return { ...answer, data: new Page(data, next_page_token, next) };
    }),
  );
}

/** Tries until there is an answer that will not get better, within the call's time. */
export async function exchange(settings: Settings, request: Request): Promise<WithResponse<unknown>> {
  const { options } = request;
  const until = Date.now() + (options.timeout ?? settings.timeout);
  const [url, init] = await prepared(settings, request);
  for (let tried = 0; ; tried++) {
    let failure: APIError | ConnectionFailed;
    try {
      const response = await fetchWithin(settings, url, init, until - Date.now(), options.signal);
      if (response.ok) return await read(response, request.marks);
      failure = await problemOf(response);
    } catch (broken) {
      if (options.signal?.aborted) throw broken;
      failure = new ConnectionFailed(`${request.method} ${request.path}: ${String(broken)}`, { cause: broken });
    }
    const pause = pauseBefore(tried, failure);
    if (pause === undefined || tried >= settings.retries || Date.now() + pause >= until) throw failure;
    await sleep(pause, options.signal);
  }
}

async function prepared(settings: Settings, request: Request): Promise<[string, RequestInit]> {
  const { method, params, options, marks } = request;
  const asks = method === "GET" || method === "DELETE";
  const headers = await headersOf(settings, options.environment);
  // The same key on every try: however often the line breaks, the server acts once.
  if (marks.includes("i")) headers["idempotency-key"] = options.idempotencyKey ?? `sdk-${crypto.randomUUID()}`;
  if (!asks) headers["content-type"] = "application/json";
  const body = asks ? null : JSON.stringify(inBody(params, !marks.includes("=")));
  return [settings.baseUrl + "/api/v1" + request.path + (asks ? queryOf(params) : ""), { method, headers, body }];
}

export async function headersOf(settings: Settings, environment?: string): Promise<Record<string, string>> {
  const { apiKey } = settings;
  const headers: Record<string, string> = {
    authorization: `Bearer ${typeof apiKey === "string" ? apiKey : await apiKey()}`,
    "x-agentpost-source": "sdk-typescript",
  };
  const chosen = environment ?? settings.environment;
  if (chosen) headers["agentpost-environment"] = chosen;
  return headers;
}

async function fetchWithin(settings: Settings, url: string, init: RequestInit, left: number, signal?: AbortSignal) {
  const late = AbortSignal.timeout(Math.max(left, 1));
  return settings.fetch(url, { ...init, redirect: "manual", signal: signal ? AbortSignal.any([signal, late]) : late });
}

async function read(response: Response, marks: string): Promise<WithResponse<unknown>> {
  const data = marks.includes("n")
    ? undefined
    : marks.includes("b")
      ? new Uint8Array(await response.arrayBuffer())
      : await response.json();
  const header = (name: string) => response.headers.get(name) ?? "";
  return { data, response, requestId: header("x-request-id"), idempotentReplay: header("idempotent-replayed") === "true" };
}

/** The error that an answer of 4xx or 5xx is. */
export async function problemOf(response: Response): Promise<APIError> {
  const said = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(said);
  } catch {}
  if (typeof body !== "object" || body === null) body = { detail: said.slice(0, 200) };
  return new APIError(response.status, body, response.headers.get("x-request-id") ?? "", retryAfter(response.headers));
}

/** Seconds, from retry-after-ms or Retry-After (RFC 9110, 10.2.3: seconds or a date). */
function retryAfter(headers: Headers): number | undefined {
  const milliseconds = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds / 1000;
  const given = headers.get("retry-after");
  if (!given) return undefined;
  const seconds = Number(given);
  if (seconds >= 0) return seconds;
  const until = Date.parse(given) - Date.parse(headers.get("date") ?? "");
  return until >= 0 ? until / 1000 : undefined;
}

/** Milliseconds before the next try, as long as the server says, else full jitter; undefined: trying again mends nothing. */
export function pauseBefore(tried: number, failure: APIError | ConnectionFailed): number | undefined {
  if (failure instanceof APIError) {
    if (![408, 429, 500, 502, 503, 504].includes(failure.status) && failure.code !== "idempotency_in_progress")
      return undefined;
    if (failure.retryAfter !== undefined) return failure.retryAfter > 60 ? undefined : failure.retryAfter * 1000;
  }
  return (0.1 + Math.random() * 0.9) * Math.min(500 * 2 ** tried, 8000);
}

export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), failed(signal.reason)), { once: true });
  });
}

/** One segment of a path. An empty one would name another path, so it is refused. */
export function part(id: unknown): string {
  if (typeof id !== "string" || !id || id === "." || id === "..")
    throw new AgentPostError("an id is empty: give the id of what is meant");
  return encodeURIComponent(id);
}

export function queryOf(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null) query.append(name, one instanceof Date ? one.toISOString() : String(one));
  return query.size ? `?${query}` : "";
}

/** Lists where one was given alone, base64 where octets were; dates become RFC 3339 by themselves. */
function inBody(value: unknown, lift: boolean): unknown {
  if (value instanceof Uint8Array) return btoa(Array.from(value, (octet) => String.fromCharCode(octet)).join(""));
  if (Array.isArray(value)) return value.map((one) => inBody(one, lift));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const lone = lift && LISTS.includes(name) && one !== undefined && one !== null && !Array.isArray(one);
      return [name, inBody(lone ? [one] : one, lift)];
    }),
  );
}
