/**
 * Everything that the client throws. One class a kind of thing to do about it; `status` and `code` say the rest.
 *
 *     AgentPostError
 *     ├── ConnectionFailed      no answer came; a call that sends may be repeated with the same idempotency key
 *     ├── WaitTimedOut          no mail came in time; `waitId` goes on waiting until its deadline
 *     ├── SignatureInvalid      a webhook delivery is not from this server, or not of now (agentpost/webhooks)
 *     └── APIError              the server said no: status, code, detail, fix, errors, requestId, retryAfter
 */

export class AgentPostError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export class ConnectionFailed extends AgentPostError {}

export class WaitTimedOut extends AgentPostError {
  constructor(
    readonly waitId: string,
    readonly status: string,
  ) {
    super(`no mail came that matches wait ${waitId} (it is ${status})`);
  }
}

export interface FieldError {
  field: string;
  message: string;
  code: string;
}

export class APIError extends AgentPostError {
  /** A stable word: `missing_scope`, `validation_failed` … */
  readonly code: string;
  readonly detail: string;
  /** What to do next. */
  readonly fix: string;
  /** One for each wrong field. */
  readonly errors: FieldError[];
  readonly requestId: string;

  constructor(
    readonly status: number,
    // biome-ignore lint: a problem document, or whatever stood in its place
    readonly body: any,
    requestId: string,
    /** Seconds, where the server said when to come again. */
    readonly retryAfter?: number,
  ) {
    const code = body.code ?? "unknown";
    const detail = body.detail ?? body.title ?? "no explanation came with the answer";
    const id = body.request_id ?? requestId;
    super([`${status} ${code}: ${detail}`, body.fix, id && `[${id}]`].filter(Boolean).join(" "));
    this.code = code;
    this.detail = detail;
    this.fix = body.fix ?? "";
    this.errors = body.errors ?? [];
    this.requestId = id;
  }
}
