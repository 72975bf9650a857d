// Written by sdks/generate from openapi.json. Do not edit.

import type { APIPromise, CallOptions, PagePromise } from "../core.js";
import type * as t from "./types.js";

/**
 * Each call as `METHOD path marks`. i: takes an idempotency key; -: no parameters; =: a name that means
 * a list elsewhere means none here. It answers p pages, b octets, t text, n nothing, else an object.
 */
export const CALLS = {
  apiKeys: {
    list: "GET /api-keys p",
    create: "POST /api-keys i",
    get: "GET /api-keys/* -",
    update: "PATCH /api-keys/*",
    delete: "DELETE /api-keys/* n-",
    rotate: "POST /api-keys/*/rotate i",
  },
  attachments: {
    getUploadUrl: "POST /attachments/upload-url i",
    get: "GET /attachments/* -",
    getText: "GET /attachments/*/text",
  },
  auth: {
    me: "GET /auth/me -",
  },
  deliveries: {
    get: "GET /deliveries/* -",
    redeliver: "POST /deliveries/*/redeliver i-",
  },
  domains: {
    list: "GET /domains p",
    create: "POST /domains i",
    get: "GET /domains/* -",
    update: "PATCH /domains/*",
    delete: "DELETE /domains/* n-",
    listReports: "GET /domains/*/reports p",
    getReportsSummary: "GET /domains/*/reports/summary",
    rotateDkim: "POST /domains/*/rotate-dkim i-",
    verify: "POST /domains/*/verify -",
    getZoneFile: "GET /domains/*/zone-file t-",
  },
  drafts: {
    get: "GET /drafts/* -",
    update: "PATCH /drafts/*",
    delete: "DELETE /drafts/* n-",
    listRevisions: "GET /drafts/*/revisions p",
    send: "POST /drafts/*/send i",
    list: "GET /inboxes/*/drafts p",
    create: "POST /inboxes/*/drafts i",
  },
  environments: {
    list: "GET /environments p",
    create: "POST /environments i",
    get: "GET /environments/* -",
    update: "PATCH /environments/*",
    delete: "DELETE /environments/* n-",
  },
  events: {
    list: "GET /events p",
    get: "GET /events/* -",
  },
  filterRules: {
    list: "GET /filter-rules p",
    create: "POST /filter-rules i",
    test: "POST /filter-rules/test",
    get: "GET /filter-rules/* -",
    update: "PATCH /filter-rules/*",
    delete: "DELETE /filter-rules/* n-",
  },
  inboxes: {
    list: "GET /inboxes p",
    create: "POST /inboxes i",
    get: "GET /inboxes/* -",
    update: "PATCH /inboxes/*",
    delete: "DELETE /inboxes/* n-",
    getDeliverability: "GET /inboxes/*/deliverability",
    pause: "POST /inboxes/*/pause i-",
    resume: "POST /inboxes/*/resume i-",
  },
  labels: {
    list: "GET /labels p",
  },
  leases: {
    claim: "POST /inboxes/*/messages/claim i",
    ack: "POST /leases/*/ack i",
    extend: "POST /leases/*/extend i",
    release: "POST /leases/*/release i",
  },
  messages: {
    list: "GET [/inboxes/{inbox_id}]/messages p",
    send: "POST /inboxes/*/messages i",
    preflight: "POST /inboxes/*/messages/preflight",
    batchGet: "POST /messages/batch-get p",
    batchLabels: "POST /messages/batch-labels ip",
    get: "GET /messages/* -",
    delete: "DELETE /messages/* n-",
    approve: "POST /messages/*/approve i",
    cancel: "POST /messages/*/cancel i-",
    getCodes: "GET /messages/*/codes -",
    listEvents: "GET /messages/*/events p",
    forward: "POST /messages/*/forward i",
    addLabels: "POST /messages/*/labels i",
    removeLabels: "DELETE /messages/*/labels",
    getRaw: "GET /messages/*/raw b",
    reject: "POST /messages/*/reject i",
    reply: "POST /messages/*/reply i",
    replyAll: "POST /messages/*/reply-all i",
    reschedule: "POST /messages/*/reschedule i",
    listRevisions: "GET /messages/*/revisions p",
  },
  metrics: {
    getDeliverability: "GET /metrics/deliverability",
  },
  org: {
    listAuditLog: "GET /org/audit-log p",
  },
  organizations: {
    getUsage: "GET /usage -",
  },
  policies: {
    list: "GET /policies p",
    create: "POST /policies i",
    get: "GET /policies/* -",
    update: "PATCH /policies/*",
    delete: "DELETE /policies/* n-",
  },
  realtime: {
    createTicket: "POST /ws/tickets i-",
  },
  requests: {
    list: "GET /requests p",
  },
  sandbox: {
    getClock: "GET /sandbox/clock -",
    advanceClock: "POST /sandbox/clock i=",
    deliver: "POST /sandbox/deliver i",
    listOutbox: "GET /sandbox/outbox p",
    listPersonas: "GET /sandbox/personas p",
    writePersona: "POST /sandbox/personas i",
  },
  search: {
    query: "GET /search p",
  },
  suppressions: {
    list: "GET /suppressions p",
    create: "POST /suppressions i",
    get: "GET /suppressions/* -",
    delete: "DELETE /suppressions/* n-",
  },
  threads: {
    list: "GET [/inboxes/{inbox_id}]/threads p",
    get: "GET /threads/* -",
    delete: "DELETE /threads/* n-",
    getContext: "GET /threads/*/context",
    addLabels: "POST /threads/*/labels i",
    removeLabels: "DELETE /threads/*/labels",
    listMessages: "GET /threads/*/messages p",
  },
  waits: {
    create: "POST /inboxes/*/waits i",
    get: "GET /waits/*",
    delete: "DELETE /waits/* n-",
  },
  webhooks: {
    list: "GET /webhooks p",
    create: "POST /webhooks i",
    get: "GET /webhooks/* -",
    update: "PATCH /webhooks/*",
    delete: "DELETE /webhooks/* n-",
    listDeliveries: "GET /webhooks/*/deliveries p",
    replay: "POST /webhooks/*/replay i",
    rotateSecret: "POST /webhooks/*/rotate-secret i-",
    test: "POST /webhooks/*/test i",
  },
} as const;

/** Lists within bodies: where one is given alone, it is a list of one. */
export const LISTS = "add allowed_recipients attachments based_on bcc cc environment_ids event_types ids inbox_ids labels remove reply_to scopes script to".split(" ");

export interface ApiKeysListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface ApiKeysCreateParams {
  name: string;
  scopes: string | Array<string>;
  kind?: "dev" | "live" | "test";
  environment_ids?: string | Array<string>;
  inbox_ids?: string | Array<string>;
  expires_at?: string;
}

export interface ApiKeysUpdateParams {
  name?: string;
}

export interface ApiKeysRotateParams {
  overlap_seconds?: number;
}

export interface ApiKeys {
  /**
   * List API keys.
   * Newest first, revoked and expired ones included. Secrets are never shown again.
   *
   * Needs the scope `api_keys:read`.
   */
  list(params?: ApiKeysListParams, options?: CallOptions): PagePromise<t.ApiKey>;
  /**
   * Create an API key.
   * The secret stands in `key`, this once. A key cannot make one that may do more than itself.
   *
   * Needs the scope `api_keys:write`.
   */
  create(params: ApiKeysCreateParams, options?: CallOptions): APIPromise<t.ApiKey>;
  /**
   * Get an API key.
   * Needs the scope `api_keys:read`.
   */
  get(keyId: string, options?: CallOptions): APIPromise<t.ApiKey>;
  /**
   * Rename an API key.
   * Needs the scope `api_keys:write`.
   */
  update(keyId: string, params?: ApiKeysUpdateParams, options?: CallOptions): APIPromise<t.ApiKey>;
  /**
   * Revoke an API key.
   * Ends the key within a second on every process. The row stays listed.
   *
   * Needs the scope `api_keys:write`.
   */
  delete(keyId: string, options?: CallOptions): APIPromise<void>;
  /**
   * Rotate an API key.
   * A new key with the same reach. The old one ends at once, or after `overlap_seconds`.
   *
   * Needs the scope `api_keys:write`.
   */
  rotate(keyId: string, params?: ApiKeysRotateParams, options?: CallOptions): APIPromise<t.ApiKey>;
}

export interface AttachmentsGetUploadUrlParams {
  filename: string;
  mime_type: string;
  size: number;
}

export interface AttachmentsGetTextParams {
  /** The first page wanted. */
  page?: number;
  /** How many characters the answer may have. */
  max_chars?: number;
  /** How many characters of the first page to leave out. */
  offset?: number;
}

export interface Attachments {
  /**
   * Get a URL to upload a file to.
   * PUT exactly the announced bytes there, then send with `{"key": …}`. Unused ones go after `upload_hours`.
   *
   * Needs the scope `attachments:write`.
   */
  getUploadUrl(params: AttachmentsGetUploadUrlParams, options?: CallOptions): APIPromise<t.UploadUrl>;
  /**
   * Get an attachment.
   * What it is, and a link to its bytes that needs no key and ends at `download_url_expires_at`.
   *
   * Needs the scope `attachments:read`.
   */
  get(attachmentId: string, options?: CallOptions): APIPromise<t.Attachment>;
  /**
   * Get the text of an attachment.
   * Whole pages from `page` on while they fit into `max_chars`; go on at `next_page`. A page that alone is longer is
   * cut, and goes on at its `next_offset`. Files are read behind the message: until then `text_status` is `pending`.
   *
   * Needs the scope `attachments:read`.
   */
  getText(attachmentId: string, params?: AttachmentsGetTextParams, options?: CallOptions): APIPromise<t.AttachmentText>;
}

export interface Auth {
  /**
   * Who is calling.
   * The key that made this request, its organization, scopes and implied environment.
   */
  me(options?: CallOptions): APIPromise<t.Me>;
}

export interface Deliveries {
  /**
   * Get a delivery.
   * With its request as it was sent last, the values of your own headers hidden, and the log of its attempts.
   *
   * Needs the scope `webhooks:read`.
   */
  get(deliveryId: string, options?: CallOptions): APIPromise<t.Delivery>;
  /**
   * Deliver once more.
   * Now, whatever became of it before: the same body and `webhook-id`, a new signature, all retries before it.
   *
   * Needs the scope `webhooks:write`.
   */
  redeliver(deliveryId: string, options?: CallOptions): APIPromise<t.Delivery>;
}

export interface DomainsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface DomainsCreateParams {
  domain: string;
  client_id?: string;
}

export interface DomainsUpdateParams {
  catch_all_inbox_id?: string | null;
  subdomains_enabled?: boolean;
  transport?: string | null;
}

export interface DomainsListReportsParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface DomainsGetReportsSummaryParams {
  /** How many days, today included. */
  window_days?: number;
}

export interface Domains {
  /**
   * List domains.
   * Newest first, each with its records as they were last seen.
   *
   * Needs the scope `domains:read`.
   */
  list(params?: DomainsListParams, options?: CallOptions): PagePromise<t.Domain>;
  /**
   * Add a domain.
   * Publish its `records`; the server looks for them at once and then for 72 hours, and tells by `domain.verified` or
   * `domain.failed`. The first on this server to prove a domain holds it.
   *
   * Needs the scope `domains:write`.
   */
  create(params: DomainsCreateParams, options?: CallOptions): APIPromise<t.Domain>;
  /**
   * Get a domain.
   * Needs the scope `domains:read`.
   */
  get(domainId: string, options?: CallOptions): APIPromise<t.Domain>;
  /**
   * Change a domain.
   * What is absent stays; null clears. Another `transport` may ask for other records: until they are published the
   * domain cannot send. Subdomains stay enabled (409) while inboxes stand on them.
   *
   * Needs the scope `domains:write`.
   */
  update(domainId: string, params?: DomainsUpdateParams, options?: CallOptions): APIPromise<t.Domain>;
  /**
   * Delete a domain.
   * Refused (409) while inboxes stand on it, which stay while mail of theirs is on its way out. Its keys go with it,
   * and anybody who proves the domain may have it next.
   *
   * Needs the scope `domains:write`.
   */
  delete(domainId: string, options?: CallOptions): APIPromise<void>;
  /**
   * List what DMARC reports say of a domain.
   * One row for each address that sent in the domain's name, the newest report first. Reports come by mail to the
   * address that the domain's DMARC record names; they are read and not kept as messages.
   *
   * Needs the scope `domains:read`.
   */
  listReports(domainId: string, params?: DomainsListReportsParams, options?: CallOptions): PagePromise<t.DmarcRow>;
  /**
   * Get what DMARC reports say of a domain, by day.
   * How many mails in the domain's name were seen, and how many of them DMARC passed.
   *
   * Needs the scope `domains:read`.
   */
  getReportsSummary(domainId: string, params?: DomainsGetReportsSummaryParams, options?: CallOptions): APIPromise<t.DmarcSummary>;
  /**
   * Rotate a domain's DKIM key.
   * Publish the new record beside the old one. The old key signs until the new one is seen; leave its record for the
   * seven days that it is still listed, for the mail that it signed.
   *
   * Needs the scope `domains:write`.
   */
  rotateDkim(domainId: string, options?: CallOptions): APIPromise<t.Domain>;
  /**
   * Look for a domain's records now.
   * Asks the DNS anew, past this server's cache, and answers with what it found. Also begins the search again for a
   * domain that has failed.
   *
   * Needs the scope `domains:write`.
   */
  verify(domainId: string, options?: CallOptions): APIPromise<t.Domain>;
  /**
   * Get a domain's records as a zone file.
   * For name servers that read BIND's format (RFC 1035).
   *
   * Needs the scope `domains:read`.
   */
  getZoneFile(domainId: string, options?: CallOptions): APIPromise<string>;
}

export interface DraftsUpdateParams {
  revision?: number | null;
  to?: string | t.AddressParam | Array<string | t.AddressParam> | null;
  cc?: string | t.AddressParam | Array<string | t.AddressParam> | null;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam> | null;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam> | null;
  subject?: string | null;
  text_body?: string | null;
  html_body?: string | null;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam> | null;
  headers?: Record<string, string> | null;
  labels?: string | Array<string> | null;
  send_at?: t.When | null;
  in_reply_to?: string | null;
  based_on?: string | Array<string> | null;
  unattended?: boolean | null;
  list_unsubscribe?: boolean | null;
  track_opens?: boolean | null;
}

export interface DraftsListRevisionsParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface DraftsSendParams {
  revision?: number;
}

export interface DraftsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface DraftsCreateParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
  in_reply_to?: string;
  client_id?: string;
}

export interface Drafts {
  /**
   * Get a draft.
   * As its newest revision is.
   *
   * Needs the scope `drafts:read`.
   */
  get(draftId: string, options?: CallOptions): APIPromise<t.Draft>;
  /**
   * Change a draft.
   * What is absent stays; null clears. Every change is a revision. One that is scheduled afterwards needs
   * `messages:send`.
   *
   * Needs the scope `drafts:write`.
   */
  update(draftId: string, params?: DraftsUpdateParams, options?: CallOptions): APIPromise<t.Draft>;
  /**
   * Delete a draft.
   * With its revisions and files. A scheduled one is not sent any more.
   *
   * Needs the scope `drafts:write`.
   */
  delete(draftId: string, options?: CallOptions): APIPromise<void>;
  /**
   * List a draft's revisions.
   * The draft as it was, newest first: who wrote each, and which fields `changed`.
   *
   * Needs the scope `drafts:read`.
   */
  listRevisions(draftId: string, params?: DraftsListRevisionsParams, options?: CallOptions): PagePromise<t.Revision>;
  /**
   * Send a draft.
   * Now, whatever `send_at` says. The draft is gone and the message is there, both or neither.
   *
   * Needs the scope `messages:send`.
   */
  send(draftId: string, params?: DraftsSendParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * List an inbox's drafts.
   * Newest first, bodies included: a page of long ones may hold fewer than `limit`.
   *
   * Needs the scope `drafts:read`.
   */
  list(inboxId: string, params?: DraftsListParams, options?: CallOptions): PagePromise<t.Draft>;
  /**
   * Create a draft.
   * Nothing leaves until it is sent. With `send_at` it is sent then, which needs `messages:send`.
   *
   * Needs the scope `drafts:write`.
   */
  create(inboxId: string, params?: DraftsCreateParams, options?: CallOptions): APIPromise<t.Draft>;
}

export interface EnvironmentsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface EnvironmentsCreateParams {
  name: string;
  slug: string;
  kind?: "dev" | "live" | "test";
  transport?: "direct" | "local" | "mailgun" | "postmark" | "sendgrid" | "ses" | "smtp";
  allowed_recipients?: string | Array<string>;
  retention_days?: number;
}

export interface EnvironmentsUpdateParams {
  name?: string;
  transport?: "direct" | "local" | "mailgun" | "postmark" | "sendgrid" | "ses" | "smtp";
  allowed_recipients?: string | Array<string> | null;
  send_paused?: boolean;
  retention_days?: number | null;
}

export interface Environments {
  /**
   * List environments.
   * Needs the scope `environments:read`.
   */
  list(params?: EnvironmentsListParams, options?: CallOptions): PagePromise<t.Environment>;
  /**
   * Create an environment.
   * Its `transport` is one that this server has.
   *
   * Needs the scope `environments:write`.
   */
  create(params: EnvironmentsCreateParams, options?: CallOptions): APIPromise<t.Environment>;
  /**
   * Get an environment.
   * Needs the scope `environments:read`.
   */
  get(environmentId: string, options?: CallOptions): APIPromise<t.Environment>;
  /**
   * Change an environment.
   * Mail that was submitted before goes by the transports that were chosen then.
   *
   * Needs the scope `environments:write`.
   */
  update(environmentId: string, params?: EnvironmentsUpdateParams, options?: CallOptions): APIPromise<t.Environment>;
  /**
   * Delete an empty environment.
   * Needs the scope `environments:write`.
   */
  delete(environmentId: string, options?: CallOptions): APIPromise<void>;
}

export interface EventsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** The id of the last event that you have. */
  after?: string;
  /** Only these types: repeated, or separated by commas. */
  types?: string | Array<string>;
  /** Only events about this inbox. */
  inbox_id?: string;
}

export interface Events {
  /**
   * Read the event log.
   * Always in log order, oldest first, in which nothing is ever skipped: go on later with the last id as `after`.
   *
   * An `after` that is unknown, another's or no longer kept is 410 `event_expired`, with the oldest id in `errors`.
   *
   * Needs the scope `events:read`.
   */
  list(params?: EventsListParams, options?: CallOptions): PagePromise<t.Event>;
  /**
   * Get an event.
   * The envelope, as webhooks and streams carry it.
   *
   * Needs the scope `events:read`.
   */
  get(eventId: string, options?: CallOptions): APIPromise<t.Event>;
}

export interface FilterRulesListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Only rules of this direction. */
  direction?: "receive" | "reply" | "send";
  /** Only those of this inbox alone. */
  inbox_id?: string;
}

export interface FilterRulesCreateParams {
  direction: "receive" | "reply" | "send";
  action: "allow" | "block";
  match_type: "address" | "domain" | "subdomain_wildcard";
  value: string;
  scope?: "environment" | "inbox" | "organization";
  environment_id?: string;
  inbox_id?: string;
  require_authentication?: boolean;
  reason?: string;
}

export interface FilterRulesTestParams {
  direction: "receive" | "reply" | "send";
  email: string;
  inbox_id?: string;
}

export interface FilterRulesUpdateParams {
  action?: "allow" | "block";
  match_type?: "address" | "domain" | "subdomain_wildcard";
  value?: string;
  require_authentication?: boolean;
  reason?: string | null;
}

export interface FilterRules {
  /**
   * List filter rules.
   * Those of this environment and of the organization, newest first.
   *
   * Needs the scope `filter_rules:read`.
   */
  list(params?: FilterRulesListParams, options?: CallOptions): PagePromise<t.FilterRule>;
  /**
   * Create a filter rule.
   * It holds from the next mail on. An allow rule shuts out everybody else: the answer's `warning` says so. 200 with
   * the one that stands when the same rule is made again.
   *
   * Needs the scope `filter_rules:write`.
   */
  create(params: FilterRulesCreateParams, options?: CallOptions): APIPromise<t.FilterRule>;
  /**
   * Ask what the filter rules say.
   * Whether an address may be written to, or received from, and which rule says so. Changes nothing.
   *
   * Needs the scope `filter_rules:read`.
   */
  test(params: FilterRulesTestParams, options?: CallOptions): APIPromise<t.FilterAnswer>;
  /**
   * Get a filter rule.
   * Needs the scope `filter_rules:read`.
   */
  get(ruleId: string, options?: CallOptions): APIPromise<t.FilterRule>;
  /**
   * Change a filter rule.
   * What is absent stays; null clears the reason. Where it holds and in which direction does not change.
   *
   * Needs the scope `filter_rules:write`.
   */
  update(ruleId: string, params?: FilterRulesUpdateParams, options?: CallOptions): APIPromise<t.FilterRule>;
  /**
   * Delete a filter rule.
   * With the last allow rule of a direction goes the list: everybody may again.
   *
   * Needs the scope `filter_rules:write`.
   */
  delete(ruleId: string, options?: CallOptions): APIPromise<void>;
}

export interface InboxesListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Begins a word of the address or display name. */
  q?: string;
}

export interface InboxesCreateParams {
  username?: string;
  domain?: string;
  display_name?: string;
  client_id?: string;
  metadata?: Record<string, string | number | boolean>;
}

export interface InboxesUpdateParams {
  display_name?: string | null;
  metadata?: Record<string, string | number | boolean> | null;
}

export interface InboxesGetDeliverabilityParams {
  /** How far back to look. */
  window_days?: number;
  /** What one entry of `series` stands for, in UTC. */
  interval?: "day" | "hour";
}

export interface Inboxes {
  /**
   * List or search inboxes.
   * Newest first. With `q`: those whose address or display name has a word that begins so, in order of that word.
   *
   * Needs the scope `inboxes:read`.
   */
  list(params?: InboxesListParams, options?: CallOptions): PagePromise<t.Inbox>;
  /**
   * Create an inbox.
   * An address that receives at once. Without a domain it stands on the server's shared one.
   *
   * Needs the scope `inboxes:write`.
   */
  create(params?: InboxesCreateParams, options?: CallOptions): APIPromise<t.Inbox>;
  /**
   * Get an inbox.
   * Needs the scope `inboxes:read`.
   */
  get(inboxId: string, options?: CallOptions): APIPromise<t.Inbox>;
  /**
   * Change an inbox.
   * What is absent stays; null clears. `metadata` is replaced whole.
   *
   * Needs the scope `inboxes:write`.
   */
  update(inboxId: string, params?: InboxesUpdateParams, options?: CallOptions): APIPromise<t.Inbox>;
  /**
   * Delete an inbox.
   * Its mail goes with it. The address is never given to anyone again.
   *
   * Needs the scope `inboxes:write`.
   */
  delete(inboxId: string, options?: CallOptions): APIPromise<void>;
  /**
   * Get an inbox's deliverability.
   * Score, rates and series of what this inbox sent. A few seconds behind.
   *
   * Needs the scope `metrics:read`.
   */
  getDeliverability(inboxId: string, params?: InboxesGetDeliverabilityParams, options?: CallOptions): APIPromise<t.Deliverability>;
  /**
   * Pause sending.
   * Nothing leaves from this inbox until it is resumed. It goes on receiving.
   *
   * Needs the scope `inboxes:write`.
   */
  pause(inboxId: string, options?: CallOptions): APIPromise<t.Inbox>;
  /**
   * Resume sending.
   * Needs the scope `inboxes:write`.
   */
  resume(inboxId: string, options?: CallOptions): APIPromise<t.Inbox>;
}

export interface LabelsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Only messages of this inbox. */
  inbox_id?: string;
}

export interface Labels {
  /**
   * List labels in use.
   * In alphabetical order, backwards unless `ascending=true`.
   *
   * Needs the scope `messages:read`.
   */
  list(params?: LabelsListParams, options?: CallOptions): PagePromise<t.Label>;
}

export interface LeasesClaimParams {
  limit?: number;
  lease_seconds?: number;
  filters?: t.FiltersParam;
}

export interface LeasesAckParams {
  labels?: string | Array<string>;
}

export interface LeasesExtendParams {
  lease_seconds: number;
}

export interface LeasesReleaseParams {
  delay_seconds?: number;
}

export interface Leases {
  /**
   * Claim messages.
   * The oldest received messages that nobody has and nobody has handled, yours until `leased_until`. Ack each when it
   * is handled; what you do not ack comes back to whoever claims next.
   *
   * Needs the scope `messages:write`.
   */
  claim(inboxId: string, params?: LeasesClaimParams, options?: CallOptions): APIPromise<t.Claim>;
  /**
   * Acknowledge a lease.
   * The message is handled and never claimed again. 409 `lease_lost` when the lease has ended.
   *
   * Needs the scope `messages:write`.
   */
  ack(leaseId: string, params?: LeasesAckParams, options?: CallOptions): APIPromise<t.Lease>;
  /**
   * Extend a lease.
   * It ends `lease_seconds` from now. 409 `lease_lost` when it has ended already.
   *
   * Needs the scope `messages:write`.
   */
  extend(leaseId: string, params: LeasesExtendParams, options?: CallOptions): APIPromise<t.Lease>;
  /**
   * Release a lease.
   * Gives the message back, at once or after `delay_seconds`; the attempt counts. 409 `lease_lost` when the lease has
   * ended.
   *
   * Needs the scope `messages:write`.
   */
  release(leaseId: string, params?: LeasesReleaseParams, options?: CallOptions): APIPromise<t.Lease>;
}

export interface MessagesListParams {
  inbox_id?: string;
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** All of these: repeated, or separated by commas. */
  labels?: string | Array<string>;
  /** The author's address. */
  from?: string;
  /** An address in to, cc or our own bcc. */
  to?: string;
  /** Words of the subject; the last may be a beginning. */
  subject?: string;
  /** Received or sent. */
  direction?: "inbound" | "outbound";
  /** The message's status. */
  status?: "bounced" | "cancelled" | "complained" | "delivered" | "failed" | "held" | "pending_approval" | "queued" | "received" | "rejected" | "scheduled" | "sending" | "sent" | "unknown";
  /** Only messages that are older than this moment. */
  before?: string;
  /** Only messages of this moment or later. */
  after?: string;
  /** With files, or without any. */
  has_attachments?: boolean;
  /** Only messages of this thread. */
  thread?: string;
}

export interface MessagesSendParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
  in_reply_to?: string;
}

export interface MessagesPreflightParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
  in_reply_to?: string;
}

export interface MessagesBatchGetParams {
  ids: string | Array<string>;
}

export interface MessagesBatchLabelsParams {
  ids: string | Array<string>;
  add?: string | Array<string>;
  remove?: string | Array<string>;
}

export interface MessagesApproveParams {
  revision: number;
  changes?: t.ChangesParam;
}

export interface MessagesListEventsParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface MessagesForwardParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
}

export interface MessagesAddLabelsParams {
  labels?: string | Array<string>;
}

export interface MessagesRemoveLabelsParams {
  labels?: string | Array<string>;
}

export interface MessagesGetRawParams {
  /** The bytes as received, without the lines that we put on top. */
  original?: boolean;
}

export interface MessagesRejectParams {
  note?: string;
}

export interface MessagesReplyParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
}

export interface MessagesReplyAllParams {
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  bcc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  labels?: string | Array<string>;
  send_at?: t.When;
  based_on?: string | Array<string>;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
  subject?: string;
}

export interface MessagesRescheduleParams {
  send_at: t.When;
}

export interface MessagesListRevisionsParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface Messages {
  /**
   * List an inbox's mail.
   * Newest first. Filters are joined by AND, and every one is served by an index.
   *
   * Needs the scope `messages:read`.
   */
  list(params?: MessagesListParams, options?: CallOptions): PagePromise<t.Message>;
  /**
   * Send a message.
   * Queued at once, or scheduled by `send_at`. Who is on the suppression list is left out and marked so.
   *
   * Needs the scope `messages:send`.
   */
  send(inboxId: string, params?: MessagesSendParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Ask what a send would meet.
   * Every check that it would meet, which policy or rule each is, and what to do. Sends nothing, writes nothing, and
   * fetches no `url`.
   *
   * Needs the scope `messages:send`.
   */
  preflight(inboxId: string, params?: MessagesPreflightParams, options?: CallOptions): APIPromise<t.Preflight>;
  /**
   * Get several messages.
   * As list rows, in the order asked. What is not there is left out.
   *
   * Needs the scope `messages:read`.
   */
  batchGet(params: MessagesBatchGetParams, options?: CallOptions): PagePromise<t.Message>;
  /**
   * Change the labels of several messages.
   * All of them or, when one is not there, none (404).
   *
   * Needs the scope `messages:write`.
   */
  batchLabels(params: MessagesBatchLabelsParams, options?: CallOptions): PagePromise<t.Message>;
  /**
   * Get a message.
   * With its texts and headers. `extracted_text` is what is new in it, without quoted history and signature;
   * `markdown_body` is what a person sees, for a model: nothing hidden, no pictures to fetch.
   *
   * Needs the scope `messages:read`.
   */
  get(messageId: string, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Delete a message.
   * With its bytes and files; a thread without messages goes too. 409 while the message is on its way out.
   *
   * Needs the scope `messages:write`.
   */
  delete(messageId: string, options?: CallOptions): APIPromise<void>;
  /**
   * Approve a message that waits.
   * As it is, or with `changes`. Everything that may have changed is asked again: what refuses a send keeps it
   * waiting. 409 `revision_conflict` when it says something else by now, `already_decided` for who comes second. Mail
   * that was withheld from an inbox becomes `received`.
   *
   * Needs the scope `drafts:approve`.
   */
  approve(messageId: string, params: MessagesApproveParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Cancel a message that waits.
   * Scheduled, queued, or held for a person; 409 once it has begun to leave.
   *
   * Needs the scope `messages:send`.
   */
  cancel(messageId: string, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Get one-time codes and links.
   * Codes to type, and links that sign in, verify or reset; surest first. Quoted history is not looked at.
   *
   * Needs the scope `messages:read`.
   */
  getCodes(messageId: string, options?: CallOptions): APIPromise<t.Codes>;
  /**
   * List a message's history.
   * Every change of every recipient's status, newest first.
   *
   * Needs the scope `messages:read`.
   */
  listEvents(messageId: string, params?: MessagesListEventsParams, options?: CallOptions): PagePromise<t.MessageEvent>;
  /**
   * Forward a message.
   * The whole original with its files, below what you write.
   *
   * Needs the scope `messages:send`.
   */
  forward(messageId: string, params?: MessagesForwardParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Add labels to a message.
   * In the body or as `?labels=a,b`. What stands already stays.
   *
   * Needs the scope `messages:write`.
   */
  addLabels(messageId: string, params?: MessagesAddLabelsParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Remove labels from a message.
   * In the body or as `?labels=a,b`. Removing `unread` marks it read; the server's other labels stay.
   *
   * Needs the scope `messages:write`.
   */
  removeLabels(messageId: string, params?: MessagesRemoveLabelsParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Get the mail itself.
   * RFC 5322, as received, below our Return-Path, Received and Authentication-Results; forged ones are left out.
   *
   * Needs the scope `messages:read`.
   */
  getRaw(messageId: string, params?: MessagesGetRawParams, options?: CallOptions): APIPromise<Uint8Array>;
  /**
   * Reject a message that waits.
   * It is not sent; mail that was withheld from an inbox stays away. The note says why.
   *
   * Needs the scope `drafts:approve`.
   */
  reject(messageId: string, params?: MessagesRejectParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Reply to a message.
   * To its author (Reply-To first), in its thread, with the original quoted.
   *
   * Needs the scope `messages:send`.
   */
  reply(messageId: string, params?: MessagesReplyParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Reply to everybody.
   * To its author, and in `cc` to everybody else who got it. More than 50 are refused: name them yourself.
   *
   * Needs the scope `messages:send`.
   */
  replyAll(messageId: string, params?: MessagesReplyAllParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * Choose another time.
   * Of a scheduled message; 409 for any other.
   *
   * Needs the scope `messages:send`.
   */
  reschedule(messageId: string, params: MessagesRescheduleParams, options?: CallOptions): APIPromise<t.Message>;
  /**
   * List the revisions of a message that waited.
   * What it said when it was written, and after each change of an approver, newest first.
   *
   * Needs the scope `messages:read`.
   */
  listRevisions(messageId: string, params?: MessagesListRevisionsParams, options?: CallOptions): PagePromise<t.MessageRevision>;
}

export interface MetricsGetDeliverabilityParams {
  /** Of this inbox alone. */
  inbox_id?: string;
  /** Of the inboxes that stand on this domain alone. */
  domain?: string;
  /** `organization`: of every environment that the key may use. */
  scope?: "environment" | "organization";
  /** How far back to look. */
  window_days?: number;
  /** What one entry of `series` stands for, in UTC. */
  interval?: "day" | "hour";
}

export interface Metrics {
  /**
   * Get deliverability.
   * Of the environment, or of an inbox, a domain or the whole organization. A key that is limited to inboxes sees the
   * numbers of those. A few seconds behind.
   *
   * Needs the scope `metrics:read`.
   */
  getDeliverability(params?: MetricsGetDeliverabilityParams, options?: CallOptions): APIPromise<t.Deliverability>;
}

export interface OrgListAuditLogParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface Org {
  /**
   * Read the audit log.
   * Access, settings, approvals, deletions: who, what, before and after. Nothing in it can be changed.
   *
   * Needs the scope `audit:read`.
   */
  listAuditLog(params?: OrgListAuditLogParams, options?: CallOptions): PagePromise<t.AuditEntry>;
}

export interface Organizations {
  /**
   * Usage of this month.
   * Needs the scope `usage:read`.
   */
  getUsage(options?: CallOptions): APIPromise<t.UsageReport>;
}

export interface PoliciesListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Only policies of this kind. */
  kind?: "approval" | "caps" | "flow" | "governance" | "loop" | "screening";
  /** Only those of this inbox alone. */
  inbox_id?: string;
}

export interface PoliciesCreateParams {
  name: string;
  kind: "approval" | "caps" | "flow" | "governance" | "loop" | "screening";
  scope?: "environment" | "inbox" | "organization";
  environment_id?: string;
  inbox_id?: string;
  enabled?: boolean;
  rules?: Record<string, boolean | number | string | Array<string> | null>;
}

export interface PoliciesUpdateParams {
  name?: string;
  enabled?: boolean;
  rules?: Record<string, boolean | number | string | Array<string> | null>;
}

export interface Policies {
  /**
   * List policies.
   * Those of this environment and of the organization, newest first.
   *
   * Needs the scope `policies:read`.
   */
  list(params?: PoliciesListParams, options?: CallOptions): PagePromise<t.Policy>;
  /**
   * Create a policy.
   * It holds from the next send on. The kinds and their rules: docs/guides/policies.md.
   *
   * Needs the scope `policies:write`.
   */
  create(params: PoliciesCreateParams, options?: CallOptions): APIPromise<t.Policy>;
  /**
   * Get a policy.
   * With every rule of its kind, those left out at creation included.
   *
   * Needs the scope `policies:read`.
   */
  get(policyId: string, options?: CallOptions): APIPromise<t.Policy>;
  /**
   * Change a policy.
   * What is absent stays; `rules` are replaced whole.
   *
   * Needs the scope `policies:write`.
   */
  update(policyId: string, params?: PoliciesUpdateParams, options?: CallOptions): APIPromise<t.Policy>;
  /**
   * Delete a policy.
   * What it made wait goes on waiting.
   *
   * Needs the scope `policies:write`.
   */
  delete(policyId: string, options?: CallOptions): APIPromise<void>;
}

export interface Realtime {
  /**
   * Take a WebSocket ticket.
   * For browsers: `/ws?token=<ticket>` lets one WebSocket in, once, within a minute.
   *
   * Needs the scope `events:read`.
   */
  createTicket(options?: CallOptions): APIPromise<t.Ticket>;
}

export interface RequestsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface Requests {
  /**
   * List API requests.
   * Method, path, status, duration and key of each request; never a body. Kept for days; up to a second behind.
   *
   * Needs the scope `audit:read`.
   */
  list(params?: RequestsListParams, options?: CallOptions): PagePromise<t.LoggedRequest>;
}

export interface SandboxAdvanceClockParams {
  advance_seconds?: number;
  to?: t.When;
}

export interface SandboxDeliverParams {
  inbox_id: string;
  raw?: string;
  raw_base64?: t.Octets;
  mail_from?: string;
  from_address?: string | t.AddressParam;
  to?: string | t.AddressParam | Array<string | t.AddressParam>;
  cc?: string | t.AddressParam | Array<string | t.AddressParam>;
  reply_to?: string | t.AddressParam | Array<string | t.AddressParam>;
  subject?: string;
  text_body?: string;
  html_body?: string;
  attachments?: t.AttachmentInParam | Array<t.AttachmentInParam>;
  headers?: Record<string, string>;
  in_reply_to?: string;
  automatic?: boolean;
  authentication?: t.ChosenAuthenticationParam;
}

export interface SandboxListOutboxParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface SandboxListPersonasParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface SandboxWritePersonaParams {
  email: string;
  name?: string;
  script: t.TurnParam | Array<t.TurnParam>;
  afterwards?: "repeat" | "restart" | "silence";
  authentication?: t.ChosenAuthenticationParam;
}

export interface Sandbox {
  /**
   * Read the environment's clock.
   * The wall's, but in a test environment whose clock was advanced.
   *
   * Needs the scope `environments:write`.
   */
  getClock(options?: CallOptions): APIPromise<t.Clock>;
  /**
   * Advance the environment's clock.
   * Of a test environment only, and forward only. What it has waiting becomes due that much sooner.
   *
   * Needs the scope `environments:write`.
   */
  advanceClock(params?: SandboxAdvanceClockParams, options?: CallOptions): APIPromise<t.Clock>;
  /**
   * Deliver a mail to an inbox.
   * As if it came from outside, at the environment's time. In a test environment only.
   *
   * Needs the scope `environments:write`.
   */
  deliver(params: SandboxDeliverParams, options?: CallOptions): APIPromise<t.Delivered>;
  /**
   * List captured mail.
   * What the local network kept instead of sending, newest first.
   *
   * Needs the scope `environments:write`.
   */
  listOutbox(params?: SandboxListOutboxParams, options?: CallOptions): PagePromise<t.Captured>;
  /**
   * List correspondents.
   * By address, descending; those of the environment and the built-in people of `sandbox.test`.
   *
   * Needs the scope `environments:write`.
   */
  listPersonas(params?: SandboxListPersonasParams, options?: CallOptions): PagePromise<t.Persona>;
  /**
   * Write a correspondent's script.
   * In a test environment. 200 where the address has one already: it is written anew.
   *
   * Needs the scope `environments:write`.
   */
  writePersona(params: SandboxWritePersonaParams, options?: CallOptions): APIPromise<t.Persona>;
}

export interface SearchQueryParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Words; `"a phrase"`, `or`, `-not`, `begin*`; the last is a beginning. */
  q: string;
  /** Only messages of this inbox. */
  inbox_id?: string;
  /** All of these: repeated, or separated by commas. */
  labels?: string | Array<string>;
  /** Only messages that are older than this moment. */
  before?: string;
  /** Only messages of this moment or later. */
  after?: string;
}

export interface Search {
  /**
   * Search mail.
   * In subjects, people and texts, newest first. `highlights` are HTML with `<mark>`, everything else escaped.
   *
   * Needs the scope `search:read`.
   */
  query(params: SearchQueryParams, options?: CallOptions): PagePromise<t.SearchResult>;
}

export interface SuppressionsListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface SuppressionsCreateParams {
  email: string;
  reason?: "manual";
}

export interface Suppressions {
  /**
   * List suppressed addresses.
   * Newest first.
   *
   * Needs the scope `suppressions:read`.
   */
  list(params?: SuppressionsListParams, options?: CallOptions): PagePromise<t.Suppression>;
  /**
   * Suppress an address.
   * Nothing is sent to it from this environment any more. 200 when it was on the list already.
   *
   * Needs the scope `suppressions:write`.
   */
  create(params: SuppressionsCreateParams, options?: CallOptions): APIPromise<t.Suppression>;
  /**
   * Get a suppressed address.
   * Which address, and why it is suppressed.
   *
   * Needs the scope `suppressions:read`.
   */
  get(suppressionId: string, options?: CallOptions): APIPromise<t.Suppression>;
  /**
   * Remove an address from the list.
   * It can be written to again.
   *
   * Needs the scope `suppressions:write`.
   */
  delete(suppressionId: string, options?: CallOptions): APIPromise<void>;
}

export interface ThreadsListParams {
  inbox_id?: string;
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** All of these: repeated, or separated by commas. */
  labels?: string | Array<string>;
}

export interface ThreadsGetContextParams {
  /** The whole `content` never costs more, fences included. */
  max_tokens?: number;
  /** `next_offset` of the answer before. */
  offset?: string;
  /** How `content` is written. */
  format?: "json" | "markdown";
  /** Hidden text too, in spans of its own. */
  hidden?: boolean;
}

export interface ThreadsAddLabelsParams {
  labels?: string | Array<string>;
}

export interface ThreadsRemoveLabelsParams {
  labels?: string | Array<string>;
}

export interface ThreadsListMessagesParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface Threads {
  /**
   * List an inbox's threads.
   * By last activity; with `labels` those that have all of them, by their newest message with one.
   *
   * Needs the scope `threads:read`.
   */
  list(params?: ThreadsListParams, options?: CallOptions): PagePromise<t.Thread>;
  /**
   * Get a thread.
   * With its first 50 messages, oldest first. `messages_next_page_token` goes on at
   * `/threads/{id}/messages?ascending=true`.
   *
   * Needs the scope `threads:read`.
   */
  get(threadId: string, options?: CallOptions): APIPromise<t.Thread>;
  /**
   * Delete a thread.
   * With all its messages. 409 while one of them is on its way out.
   *
   * Needs the scope `threads:write`.
   */
  delete(threadId: string, options?: CallOptions): APIPromise<void>;
  /**
   * Read a thread for a model.
   * The newest messages that fit into `max_tokens`, in the order they were written, each fenced off with the answer's
   * `nonce`. Quotes of earlier messages are left out; `omitted` tells what is missing, `next_offset` leads on to it.
   *
   * Needs the scope `threads:read`.
   */
  getContext(threadId: string, params?: ThreadsGetContextParams, options?: CallOptions): APIPromise<t.Context>;
  /**
   * Add labels to a thread.
   * To every message that the thread has now. A thread's labels are those of its messages.
   *
   * Needs the scope `threads:write`.
   */
  addLabels(threadId: string, params?: ThreadsAddLabelsParams, options?: CallOptions): APIPromise<t.Thread>;
  /**
   * Remove labels from a thread.
   * From every message of it. Removing `unread` marks the whole thread read.
   *
   * Needs the scope `threads:write`.
   */
  removeLabels(threadId: string, params?: ThreadsRemoveLabelsParams, options?: CallOptions): APIPromise<t.Thread>;
  /**
   * List a thread's mail.
   * Newest first; `ascending=true` reads it as it was written.
   *
   * Needs the scope `threads:read`.
   */
  listMessages(threadId: string, params?: ThreadsListMessagesParams, options?: CallOptions): PagePromise<t.Message>;
}

export interface WaitsCreateParams {
  from?: string;
  subject?: string;
  text?: string;
  label?: string;
  has_code?: boolean;
  exclusive?: boolean;
  deadline?: t.When;
}

export interface WaitsGetParams {
  /** Seconds to wait for its end; 0 answers at once, as it is. */
  timeout?: number;
}

export interface Waits {
  /**
   * Arm a wait.
   * Arm it before you cause the mail: whatever is received from then on may match, whether or not anybody polls.
   *
   * Needs the scope `messages:read`.
   */
  create(inboxId: string, params?: WaitsCreateParams, options?: CallOptions): APIPromise<t.Wait>;
  /**
   * Wait for a message.
   * Answers at once when the wait has ended, else when it ends, else after `timeout` seconds with status `armed`:
   * then ask again. Any process answers, and nothing is lost between two requests.
   *
   * Needs the scope `messages:read`.
   */
  get(waitId: string, params?: WaitsGetParams, options?: CallOptions): APIPromise<t.Wait>;
  /**
   * Cancel a wait.
   * Whoever polls it is answered with status `cancelled`. A wait that has ended stays as it ended.
   *
   * Needs the scope `messages:read`.
   */
  delete(waitId: string, options?: CallOptions): APIPromise<void>;
}

export interface WebhooksListParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
}

export interface WebhooksCreateParams {
  url: string;
  event_types?: string | Array<string>;
  inbox_ids?: string | Array<string>;
  headers?: Record<string, string>;
  client_id?: string;
  description?: string;
  enabled?: boolean;
}

export interface WebhooksUpdateParams {
  url?: string;
  event_types?: string | Array<string> | null;
  inbox_ids?: string | Array<string> | null;
  headers?: Record<string, string> | null;
  description?: string | null;
  enabled?: boolean;
}

export interface WebhooksListDeliveriesParams {
  /** Rows a page. */
  limit?: number;
  /** `next_page_token` of the page before. */
  page_token?: string;
  /** Oldest first. */
  ascending?: boolean;
  /** Only deliveries that stand so. */
  status?: "cancelled" | "failed" | "pending" | "succeeded";
}

export interface WebhooksReplayParams {
  since: t.When;
  until?: t.When;
  status?: "all" | "failed";
}

export interface WebhooksTestParams {
  event_type?: string;
}

export interface Webhooks {
  /**
   * List webhook endpoints.
   * Newest first. Secrets and header values are never shown again.
   *
   * Needs the scope `webhooks:read`.
   */
  list(params?: WebhooksListParams, options?: CallOptions): PagePromise<t.WebhookEndpoint>;
  /**
   * Create a webhook endpoint.
   * Events that happen from now on are POSTed to `url`, signed with `secret`, which stands in this answer alone.
   *
   * 2xx within 30 seconds is success. Anything else is tried again for about five hours.
   *
   * Needs the scope `webhooks:write`.
   */
  create(params: WebhooksCreateParams, options?: CallOptions): APIPromise<t.WebhookEndpoint>;
  /**
   * Get a webhook endpoint.
   * Needs the scope `webhooks:read`.
   */
  get(webhookId: string, options?: CallOptions): APIPromise<t.WebhookEndpoint>;
  /**
   * Change a webhook endpoint.
   * What is absent stays; null clears. `headers` is replaced whole. `enabled: true` begins the count of failures
   * again; deliveries that fell due while it was disabled are `cancelled` and can be replayed.
   *
   * Needs the scope `webhooks:write`.
   */
  update(webhookId: string, params?: WebhooksUpdateParams, options?: CallOptions): APIPromise<t.WebhookEndpoint>;
  /**
   * Delete a webhook endpoint.
   * Nothing that still waits is delivered, and its log of deliveries goes with it.
   *
   * Needs the scope `webhooks:write`.
   */
  delete(webhookId: string, options?: CallOptions): APIPromise<void>;
  /**
   * List deliveries of a webhook endpoint.
   * Newest first, as long as deliveries are kept.
   *
   * Needs the scope `webhooks:read`.
   */
  listDeliveries(webhookId: string, params?: WebhooksListDeliveriesParams, options?: CallOptions): PagePromise<t.Delivery>;
  /**
   * Deliver the events of a time again.
   * Events of `since` to `until`: with `status: failed` those that did not arrive (failed or cancelled), with `all`
   * every one that the endpoint asks for, also from before it existed. At most 10,000 a call, oldest first.
   *
   * Needs the scope `webhooks:write`.
   */
  replay(webhookId: string, params: WebhooksReplayParams, options?: CallOptions): APIPromise<t.Replayed>;
  /**
   * Rotate the secret of a webhook endpoint.
   * The new secret stands in this answer alone. The one before signs on beside it until
   * `previous_secret_expires_at`; at most three secrets sign at once.
   *
   * Needs the scope `webhooks:write`.
   */
  rotateSecret(webhookId: string, options?: CallOptions): APIPromise<t.WebhookEndpoint>;
  /**
   * Send a test event.
   * An example of `event_type` with `test: true` in its data, to this endpoint alone, also while it is disabled.
   * Follow it at `GET /deliveries/{id}`; it does not appear in the event log.
   *
   * Needs the scope `webhooks:write`.
   */
  test(webhookId: string, params?: WebhooksTestParams, options?: CallOptions): APIPromise<t.Delivery>;
}

/** What every client has. */
export interface Resources {
  apiKeys: ApiKeys;
  attachments: Attachments;
  auth: Auth;
  deliveries: Deliveries;
  domains: Domains;
  drafts: Drafts;
  environments: Environments;
  events: Events;
  filterRules: FilterRules;
  inboxes: Inboxes;
  labels: Labels;
  leases: Leases;
  messages: Messages;
  metrics: Metrics;
  org: Org;
  organizations: Organizations;
  policies: Policies;
  realtime: Realtime;
  requests: Requests;
  sandbox: Sandbox;
  search: Search;
  suppressions: Suppressions;
  threads: Threads;
  waits: Waits;
  webhooks: Webhooks;
}
