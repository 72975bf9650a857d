/** What an agent does with an inbox: wait for a mail, for its code, and work through what comes. */

import type { CallOptions } from "./core.js";
import { APIError, WaitTimedOut } from "./errors.js";
import type { Resources, WaitsCreateParams } from "./generated/calls.js";
import type { Code, FiltersParam, Lease, Message, Wait } from "./generated/types.js";
import type { WaitVerbs } from "./waits.js";

export type WaitFilters = Pick<WaitsCreateParams, "from" | "subject" | "text" | "label" | "has_code">;

export interface WorkOptions {
  /** For how long each message is held; 300 by default. */
  leaseSeconds?: number;
  filters?: FiltersParam;
  environment?: string;
  /** Ends the loop when nothing waits, instead of waiting for more. */
  untilEmpty?: boolean;
  signal?: AbortSignal;
}

export interface Work extends AsyncIterable<Message> {
  /** The lease of the message at hand. */
  readonly lease: Lease | undefined;
  /** Holds the message at hand for so many seconds from now. */
  extend(seconds: number): Promise<void>;
  /** Gives the message at hand back: it will be handed out again, to anyone, after `delaySeconds`. */
  release(delaySeconds?: number): Promise<void>;
}

export interface InboxVerbs {
  /**
   * The next message that comes from now on and matches all filters. Throws WaitTimedOut after `timeout` milliseconds.
   * To miss nothing, arm before the trigger: `waits.create`, then the trigger, then `waits.join`.
   */
  waitForMessage(inboxId: string, filters?: WaitFilters, options?: CallOptions): Promise<Message>;
  /** The likeliest code or sign-in link of the next message that has one. */
  waitForCode(inboxId: string, filters?: WaitFilters, options?: CallOptions): Promise<Code>;
  /**
   * Messages one by one, each leased to this worker alone: `for await (const message of client.inboxes.work(id))`.
   * Asking for the next one acknowledges the last; leaving the loop by `break` or `throw` gives the last one back.
   */
  work(inboxId: string, options?: WorkOptions): Work;
}

type Needs = { inboxes: unknown; leases: Resources["leases"]; waits: Resources["waits"] & WaitVerbs };
const REST_SECONDS = 20;

export function inboxVerbs(client: Needs): InboxVerbs {
  async function waited(inboxId: string, filters: WaitFilters = {}, options: CallOptions = {}): Promise<Wait> {
    const until = Date.now() + (options.timeout ?? 60_000);
    const { environment, signal } = options;
    const common = { ...(environment && { environment }), ...(signal && { signal }) };
    const wait = await client.waits.create(inboxId, { ...filters, deadline: new Date(until + 60_000) }, common);
    return client.waits.join(wait.id, { ...common, timeout: Math.max(until - Date.now(), 0) });
  }
  return {
    async waitForMessage(inboxId, filters, options) {
      const wait = await waited(inboxId, filters, options);
      if (!wait.message) throw new WaitTimedOut(wait.id, "matched, but its message is gone");
      return wait.message;
    },
    async waitForCode(inboxId, filters, options) {
      const wait = await waited(inboxId, { ...filters, has_code: true }, options);
      const [best] = [...wait.codes].sort((a, b) => b.confidence - a.confidence);
      if (!best) throw new WaitTimedOut(wait.id, "matched, but its message has no code");
      return best;
    },
    work: (inboxId, options) => new Worker(client, inboxId, options),
  };
}

class Worker implements Work {
  lease: Lease | undefined;
  private readonly common: CallOptions;

  constructor(
    private readonly client: Needs,
    private readonly inboxId: string,
    private readonly options: WorkOptions = {},
  ) {
    const { environment, signal } = options;
    this.common = { ...(environment && { environment }), ...(signal && { signal }) };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    try {
      for (;;) {
        this.lease = (await this.claim()) ?? (this.options.untilEmpty ? undefined : await this.restOrClaim());
        if (this.lease) {
          yield this.lease.message;
          await this.settle("ack");
        } else if (this.options.untilEmpty) return;
      }
    } finally {
      // The loop was left with a message at hand.
      await this.release();
    }
  }

  async extend(seconds: number): Promise<void> {
    if (this.lease) await this.client.leases.extend(this.lease.lease_id, { lease_seconds: seconds }, this.common);
  }

  async release(delaySeconds = 0): Promise<void> {
    await this.settle("release", { delay_seconds: delaySeconds });
  }

  private async claim(): Promise<Lease | undefined> {
    const { leaseSeconds = 300, filters } = this.options;
    const asked = { limit: 1, lease_seconds: leaseSeconds, ...(filters && { filters }) };
    return (await this.client.leases.claim(this.inboxId, asked, this.common)).data[0];
  }

  /** Rests until mail comes. The wait is armed before the last look, so that none falls between. */
  private async restOrClaim(): Promise<Lease | undefined> {
    const deadline = new Date(Date.now() + (REST_SECONDS + 5) * 1000);
    const wait = await this.client.waits.create(this.inboxId, { exclusive: false, deadline }, this.common);
    const lease = await this.claim();
    if (!lease) await this.client.waits.get(wait.id, { timeout: REST_SECONDS }, this.common);
    return lease;
  }

  private async settle(verb: "ack" | "release", body: { delay_seconds?: number } = {}): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    if (!lease) return;
    try {
      await this.client.leases[verb](lease.lease_id, body, this.common);
    } catch (failure) {
      // Too slow: the message is, or was, somebody else's.
      if (!(failure instanceof APIError && (failure.status === 409 || failure.status === 404))) throw failure;
    }
  }
}
