/** Waiting for a mail: a wait is armed, then long-polled until it ends. Lost connections are taken up again. */

import { type CallOptions, pauseBefore, sleep } from "./core.js";
import { APIError, ConnectionFailed, WaitTimedOut } from "./errors.js";
import type { Resources } from "./generated/calls.js";
import type { Wait } from "./generated/types.js";

export interface WaitVerbs {
  /** The wait once a mail has matched. Throws WaitTimedOut after `timeout` milliseconds, or when it ends without. */
  join(waitId: string, options?: CallOptions): Promise<Wait>;
}

const LONGEST_POLL = 50;

export function waitVerbs(client: { waits: Resources["waits"] }): WaitVerbs {
  return {
    async join(waitId, options = {}) {
      const until = Date.now() + (options.timeout ?? 60_000);
      for (let failures = 0; ; ) {
        const left = Math.max(until - Date.now(), 0);
        const timeout = Math.min(Math.floor(left / 1000) + 1, LONGEST_POLL);
        let wait: Wait;
        try {
          wait = await client.waits.get(waitId, { timeout }, { ...options, timeout: left + 15_000 });
        } catch (failure) {
          // A wait outlives a restart of the server.
          const pause = failure instanceof APIError || failure instanceof ConnectionFailed ? pauseBefore(failures++, failure) : undefined;
          if (pause === undefined || Date.now() + pause > until) throw failure;
          await sleep(pause, options.signal);
          continue;
        }
        failures = 0;
        if (wait.status === "matched") return wait;
        if (wait.status !== "armed" || Date.now() >= until) throw new WaitTimedOut(waitId, wait.status);
      }
    },
  };
}
