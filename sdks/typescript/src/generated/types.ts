// Written by sdks/generate from openapi.json. Do not edit.

/** A moment in RFC 3339: a Date will do. */
export type When = Date | string;
/** Base64: octets will do. */
export type Octets = Uint8Array | string;

/** Who did it (SPEC 22 Actor). `id` is encoded; a system actor has none. */
export interface Actor {
  type: string;
  id?: string | null;
  name?: string | null;
}

/** A mailbox (RFC 5322 3.4): `email` has its domain as A-label in lower case; `name` is the display name. */
export interface Address {
  email: string;
  name?: string | null;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  kind: "dev" | "live" | "test" | (string & {});
  scopes: Array<string>;
  environment_ids: Array<string>;
  inbox_ids: Array<string>;
  status: "active" | "expired" | "revoked" | (string & {});
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  created_by: Actor;
  created_at: string;
  key?: string | null;
}

export interface Attachment {
  id: string;
  message_id: string;
  filename: string;
  mime_type: string;
  declared_mime_type: string | null;
  size: number;
  sha256: string;
  disposition: "attachment" | "inline" | (string & {});
  content_id: string | null;
  flags: Array<string>;
  text_status: string;
  download_url?: string;
  download_url_expires_at?: string;
}

/** `page_count`: the file's own; null until it is read. `truncated`: the file's text goes on where reading ended, or the page shown goes on at `next_offset`. `failure`: why there is none. */
export interface AttachmentText {
  attachment_id: string;
  text_status: "failed" | "none" | "pending" | "ready" | (string & {});
  failure: "cpu" | "crash" | "damaged" | "deadline" | "encrypted" | "memory" | "missing" | "too_large" | (string & {}) | null;
  pages: Array<FilePage>;
  page_count: number | null;
  truncated: boolean;
  next_page: number | null;
  next_offset: number | null;
}

export interface Attempt {
  number: number;
  at: string;
  duration_ms: number;
  status: number | null;
  error: "blocked_address" | "dns" | "reset" | "timeout" | "tls" | (string & {}) | null;
  headers: Array<Header>;
  body: string;
}

/** Who did what to what; `before` and `after` as the API showed the target. */
export interface AuditEntry {
  id: string;
  at: string;
  actor: Actor;
  ip: string | null;
  action: string;
  target: string;
  before: Record<string, any> | null;
  after: Record<string, any> | null;
  hash?: string | null;
  previous_hash?: string | null;
}

/** `checked_by`: `agentpost`, or the provider whose verdict it is; null: nobody checked. `author_domain`: From's; `dkim_domain`: whose signature passed; `policy`: what DMARC of the author asks for; `arc_sealer`: the listed sealer whose word stands in for a DMARC that fails here. */
export interface Authentication {
  spf: string;
  dkim: string;
  dmarc: string;
  arc: string;
  aligned_domain?: string | null;
  checked_by?: string | null;
  author_domain?: string | null;
  dkim_domain?: string | null;
  policy?: string | null;
  arc_sealer?: string | null;
}

/** A message that was kept here instead of being sent. `GET /messages/{message_id}` has all of it. */
export interface Captured {
  id: string;
  message_id: string;
  recipients: Array<string>;
  captured_at: string;
  message: CapturedSummary;
}

/** What a list of mail shows of a message. */
export interface CapturedSummary {
  inbox_id: string;
  thread_id: string;
  subject: string;
  from_address: Address;
  preview: string;
  has_attachments: boolean;
  size: number;
}

/** One thing that was looked at (SPEC 22, preflight). */
export interface Check {
  name: string;
  passed: boolean;
  policy_id?: string | null;
  rule_id?: string | null;
  message: string;
  fix?: string;
}

/** What the checks of the mail's origin shall have said. */
export interface ChosenAuthentication {
  spf?: "fail" | "neutral" | "none" | "pass" | "permerror" | "softfail" | "temperror" | (string & {});
  dkim?: "fail" | "none" | "pass" | "permerror" | "temperror" | (string & {});
  dmarc?: "fail" | "none" | "pass" | "permerror" | "temperror" | (string & {});
  arc?: "fail" | "none" | "pass" | (string & {});
}

/** What a claim got: nothing when nothing is to be had now. */
export interface Claim {
  data: Array<Lease>;
}

/** The time in an environment. `under_way`: mail and drafts that are due and not done; 0: all has come to rest. */
export interface Clock {
  environment_id: string;
  now: string;
  offset_seconds: number;
  under_way: number;
}

/** `value` is exactly what is to be typed or opened. `domain`: a link's, as registered (`example.co.uk`). */
export interface Code {
  kind: "link" | "otp" | (string & {});
  value: string;
  confidence: number;
  purpose: "other" | "reset" | "sign_in" | "verify" | (string & {});
  where: "html_body" | "subject" | "text_body" | (string & {});
  domain?: string | null;
}

/** Surest first, at most 20. */
export interface Codes {
  data: Array<Code>;
}

/** `tokens` counts the whole `content`. `nonce` marks the fences of this answer and no other. */
export interface Context {
  thread_id: string;
  format: "json" | "markdown" | (string & {});
  content: string;
  tokens: number;
  max_tokens: number;
  tokenizer: string;
  nonce: string;
  truncated: boolean;
  next_offset: string | null;
  spans: Array<Span>;
  omitted: Array<Omitted>;
}

/** `limit` and `percentage` are null where nothing limits the counter. */
export interface Counted {
  current: number;
  limit: number | null;
  percentage: number | null;
}

/** Numbers of a window, counted when they were told: a bounce of today may be of yesterday's mail. */
export interface Deliverability {
  score: number | null;
  band: "critical" | "excellent" | "good" | "warning" | (string & {}) | null;
  sent: number;
  bounce_rate: number;
  complaint_rate: number;
  window_days: number;
  series: Array<Moment>;
}

/** Where it will stand: `GET /messages/{message_id}` has it as soon as it is read. */
export interface Delivered {
  message_id: string;
  inbox_id: string;
  received_at: string;
}

/** One event on its way to one endpoint. */
export interface Delivery {
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  status: "cancelled" | "failed" | "pending" | "succeeded" | (string & {});
  attempts: number;
  next_attempt_at: string | null;
  response_status: number | null;
  created_at: string;
  finished_at: string | null;
  request?: DeliveryRequest;
  attempt_log?: Array<Attempt>;
}

/** The request as it was made last, or would be made now. */
export interface DeliveryRequest {
  url: string;
  headers: Array<Header>;
  body: string | null;
}

/** Reports that begin on one day (UTC), added up. Numbers are mails. */
export interface DmarcDay {
  at: string;
  messages: number;
  passed: number;
  dkim_passed: number;
  spf_passed: number;
  quarantined: number;
  rejected: number;
}

/** What one report says of one address that sent in the domain's name. */
export interface DmarcRow {
  org_name: string;
  report_id: string;
  email: string | null;
  authenticated_domain: string | null;
  begins_at: string;
  ends_at: string;
  received_at: string;
  policy: string | null;
  source_ip: string;
  count: number;
  disposition: "none" | "quarantine" | "reject" | (string & {});
  dkim: "fail" | "pass" | (string & {});
  spf: "fail" | "pass" | (string & {});
  header_from: string;
}

export interface DmarcSummary {
  window_days: number;
  messages: number;
  passed: number;
  series: Array<DmarcDay>;
}

/** One record to publish, and what stands in the DNS in its place. */
export interface DnsRecord {
  type: "CNAME" | "MX" | "TXT" | (string & {});
  name: string;
  value: string;
  priority: number | null;
  ttl: number;
  purpose: "dkim" | "dmarc" | "mail_from" | "mx" | "ownership" | "spf" | (string & {});
  required: boolean;
  status: "failed" | "pending" | "verified" | (string & {});
  found: Array<string>;
}

export interface Domain {
  id: string;
  environment_id: string;
  domain: string;
  client_id: string | null;
  status: "failed" | "pending" | "verified" | "verifying" | (string & {});
  can_send: boolean;
  can_receive: boolean;
  transport: string | null;
  catch_all_inbox_id: string | null;
  subdomains_enabled: boolean;
  records: Array<DnsRecord>;
  failure: string | null;
  last_checked_at: string | null;
  next_check_at: string | null;
  verified_at: string | null;
  created_at: string;
}

/** What may become a message. `send_at` set: it is sent then. */
export interface Draft {
  thread_id: string | null;
  in_reply_to: string | null;
  subject: string;
  to_addresses: Array<Address>;
  cc_addresses: Array<Address>;
  bcc_addresses: Array<Address>;
  reply_to_addresses: Array<Address>;
  text_body: string | null;
  html_body: string | null;
  attachments_meta: Array<DraftFile>;
  headers: Record<string, string>;
  labels: Array<string>;
  send_at: string | null;
  based_on: Array<string>;
  unattended: boolean;
  list_unsubscribe: boolean;
  track_opens: boolean;
  id: string;
  environment_id: string;
  inbox_id: string;
  client_id: string | null;
  revision: number;
  status: "failed" | "open" | "scheduled" | "sending" | (string & {});
  failure: DraftFailure | null;
  created_by: Actor;
  created_at: string;
  updated_at: string;
}

/** Why a scheduled draft was not sent, or not yet: what a send by hand would have been answered. */
export interface DraftFailure {
  code: string;
  detail: string;
  fix: string;
  at: string;
}

/** A file of a draft. `key` names it when the draft is changed. */
export interface DraftFile {
  key: string;
  filename: string;
  mime_type: string;
  size: number;
}

/** What SMTP said, whatever the headers say. What ingest keeps beside it for the trace is not shown. */
export interface Envelope {
  mail_from: string;
  rcpt_to: Array<string>;
  source: string;
  client_ip?: string | null;
  helo?: string | null;
  tls?: boolean;
}

export interface Environment {
  id: string;
  name: string;
  slug: string;
  kind: "dev" | "live" | "test" | (string & {});
  is_default: boolean;
  transport: string;
  allowed_recipients: Array<string>;
  send_paused: boolean;
  retention_days: number | null;
  clock_offset_seconds: number;
  created_at: string;
}

/** Something that happened. `data` depends on the type and is passed on as it was stored, unread. */
export interface Event {
  id: string;
  type: string;
  timestamp: string;
  org_id: string;
  env_id: string;
  /** An object; its fields depend on the type. */
  data: any;
}

export interface FileMeta {
  key: string;
  filename: string;
  mime_type: string;
  size: number;
}

/** A page of a PDF, a slide, a sheet; of other files a piece of at most 10,000 characters. */
export interface FilePage {
  page: number;
  text: string;
}

export interface FilterAnswer {
  allowed: boolean;
  rule: FilterRule | null;
  reason: string;
}

export interface FilterRule {
  id: string;
  scope: "environment" | "inbox" | "organization" | (string & {});
  environment_id: string | null;
  inbox_id: string | null;
  direction: "receive" | "reply" | "send" | (string & {});
  action: "allow" | "block" | (string & {});
  match_type: "address" | "domain" | "subdomain_wildcard" | (string & {});
  value: string;
  require_authentication: boolean;
  reason: string | null;
  created_at: string;
  warning?: string;
}

export interface Header {
  name: string;
  value: string;
}

/** HTML: the text escaped, the found words in `<mark>`. */
export interface Highlights {
  subject: string;
  text: string;
}

/** Why a message waits for a person, and what was decided. */
export interface Hold {
  reason: "approval" | "flow" | "loop" | "screening" | (string & {});
  policy_id?: string | null;
  revision?: number;
  expires_at?: string | null;
  on_expiry?: "reject" | "send" | (string & {});
  decided_by?: Actor | null;
  decided_at?: string | null;
  note?: string | null;
}

export interface Inbox {
  id: string;
  environment_id: string;
  email: string;
  username: string;
  domain: string;
  display_name: string | null;
  client_id: string | null;
  metadata: Record<string, string | number | boolean>;
  send_paused: boolean;
  pause_reason: "bounce_rate" | "complaint_rate" | "governance" | "kill_switch" | "manual" | (string & {}) | null;
  paused_at: string | null;
  created_at: string;
  updated_at: string;
}

/** A label in use. `guarded` ones are set by the server only. */
export interface Label {
  name: string;
  guarded: boolean;
}

/** `leased_until` of a released one is when its message may be claimed again. */
export interface Lease {
  lease_id: string;
  message: Message;
  attempt: number;
  leased_until: string;
  status: "acked" | "expired" | "leased" | "released" | (string & {});
}

/** One API request: never its body, never a secret. */
export interface LoggedRequest {
  id: string;
  at: string;
  method: string;
  path: string;
  status: number;
  duration_ms: number;
  key_id: string | null;
  environment_id: string | null;
  ip: string | null;
  user_agent: string | null;
}

/** Who the bearer is (`GET /auth/me`). */
export interface Me {
  type: "key" | "user" | (string & {});
  organization_id: string;
  key: ApiKey | null;
  user?: null;
  environment_id: string | null;
  scopes: Array<string>;
  role?: null;
}

/** The texts and headers are left out of list rows. */
export interface Message {
  id: string;
  environment_id: string;
  inbox_id: string;
  thread_id: string;
  direction: "inbound" | "outbound" | (string & {});
  status: string;
  message_id_header: string;
  wire_message_ids: Array<string>;
  in_reply_to: string | null;
  references: Array<string>;
  subject: string;
  from_address: Address;
  to_addresses: Array<Address>;
  cc_addresses: Array<Address>;
  bcc_addresses: Array<Address>;
  reply_to_addresses: Array<Address>;
  preview: string;
  labels: Array<string>;
  has_attachments: boolean;
  attachments: Array<Attachment>;
  size: number;
  envelope: Envelope | null;
  recipients: Array<Recipient>;
  authentication: Authentication | null;
  trust: string;
  flags: Array<string>;
  parse_status: string;
  loop_class: string;
  spam_score: number | null;
  screening: Screening | null;
  hold: Hold | null;
  based_on: Array<string>;
  send_at: string | null;
  created_at: string;
  sent_at: string | null;
  received_at: string | null;
  text_body?: string | null;
  html_body?: string | null;
  markdown_body?: string | null;
  extracted_text?: string | null;
  extracted_html?: string | null;
  headers?: Array<Header>;
}

/** One step of an outbound message's history. */
export interface MessageEvent {
  id: string;
  type: string;
  recipient: string | null;
  at: string;
  transport: string | null;
  attempt: number | null;
  bounce_type: "permanent" | "transient" | "undetermined" | (string & {}) | null;
  smtp_code: number | null;
  enhanced_code: string | null;
  detail: string | null;
}

/** What a held mail said. `changed` names the fields in which it differs from the revision before. */
export interface MessageRevision {
  revision: number;
  changed: Array<string>;
  author: Actor;
  created_at: string;
  subject: string;
  to_addresses: Array<Address>;
  cc_addresses: Array<Address>;
  bcc_addresses: Array<Address>;
  reply_to_addresses: Array<Address>;
  text_body: string | null;
  html_body: string | null;
  attachments_meta: Array<FileMeta>;
  headers: Record<string, string>;
  send_at: string | null;
  unattended: boolean;
  list_unsubscribe: boolean;
  track_opens: boolean;
}

/** One hour or day of the series; `at` is when it begins (UTC). */
export interface Moment {
  at: string;
  sent: number;
  delivered: number;
  bounced: number;
  hard_bounced: number;
  complained: number;
}

/** What does not stand in `content`, and why. */
export interface Omitted {
  message_id: string;
  reason: "budget" | "duplicate_quote" | "file" | "held" | "hidden" | (string & {});
}

/** A correspondent of this environment, or one of the built-in people of `sandbox.test`. */
export interface Persona {
  email: string;
  name: string | null;
  built_in: boolean;
  script: Array<Turn>;
  afterwards: "repeat" | "restart" | "silence" | (string & {});
  authentication: ChosenAuthentication | null;
  created_at: string | null;
  updated_at: string | null;
}

/** `rules` by kind: docs/guides/policies.md. The strictest of organization, environment and inbox holds. */
export interface Policy {
  id: string;
  name: string;
  kind: "approval" | "caps" | "flow" | "governance" | "loop" | "screening" | (string & {});
  scope: "environment" | "inbox" | "organization" | (string & {});
  environment_id: string | null;
  inbox_id: string | null;
  enabled: boolean;
  rules: Record<string, boolean | number | string | Array<string> | null>;
  created_at: string;
  updated_at: string;
}

/** What a send would meet now. Between asking and sending things may change: a cap may fill. */
export interface Preflight {
  outcome: "hold" | "reject" | "send" | (string & {});
  checks: Array<Check>;
  recipients: Array<PreflightRecipient>;
}

export interface PreflightRecipient {
  email: string;
  outcome: "blocked" | "send" | "suppressed" | (string & {});
}

/** Whom an outbound message went to, and how far it got. */
export interface Recipient {
  email: string;
  kind: "bcc" | "cc" | "to" | (string & {});
  status: string;
  detail: string | null;
  suppression_reason: string | null;
  updated_at: string;
}

export interface Replayed {
  queued: number;
}

/** A draft as it was. `changed`: the fields in which it differs from the revision before; none for the first. */
export interface Revision {
  thread_id: string | null;
  in_reply_to: string | null;
  subject: string;
  to_addresses: Array<Address>;
  cc_addresses: Array<Address>;
  bcc_addresses: Array<Address>;
  reply_to_addresses: Array<Address>;
  text_body: string | null;
  html_body: string | null;
  attachments_meta: Array<DraftFile>;
  headers: Record<string, string>;
  labels: Array<string>;
  send_at: string | null;
  based_on: Array<string>;
  unattended: boolean;
  list_unsubscribe: boolean;
  track_opens: boolean;
  revision: number;
  changed: Array<string>;
  author: Actor;
  created_at: string;
}

export interface Screening {
  score: number;
  verdict: "hold" | "label" | "pass" | (string & {});
  detector: string;
  factors: Array<ScreeningFactor>;
}

export interface ScreeningFactor {
  name: string;
  weight: number;
  where: string;
}

export interface SearchResult {
  message: Message;
  highlights: Highlights;
}

/** `content[start:end]` is of this origin. `sender` is who sent the message that holds it, whatever it quotes. */
export interface Span {
  start: number;
  end: number;
  message_id: string;
  attachment_id: string | null;
  page: number | null;
  kind: "attachment" | "hidden" | "new" | "quoted" | (string & {});
  sender: string;
  direction: "inbound" | "outbound" | (string & {});
  trust: string;
}

/** An address that this environment does not write to. */
export interface Suppression {
  id: string;
  environment_id: string;
  email: string;
  reason: "bounce" | "complaint" | "manual" | "provider" | "unsubscribe" | (string & {});
  message_id: string | null;
  detail: string | null;
  created_at: string;
}

/** `direction`, `trust`, `authentication` and `flags` are those of the last message, whose `preview` it shows. `messages` and its page token are left out of list rows. */
export interface Thread {
  id: string;
  environment_id: string;
  inbox_id: string;
  subject: string;
  participants: Array<Address>;
  message_count: number;
  last_message_id: string | null;
  last_message_at: string;
  labels: Array<string>;
  preview: string;
  direction: "inbound" | "outbound" | (string & {});
  trust: string;
  authentication: Authentication | null;
  flags: Array<string>;
  has_attachments: boolean;
  created_at: string;
  messages?: Array<Message>;
  messages_next_page_token?: string | null;
}

/** Lets one WebSocket in, once, where no header can be set: `/ws?token=<ticket>`. */
export interface Ticket {
  ticket: string | null;
  expires_at: string;
}

/** What a correspondent does about one mail. */
export interface Turn {
  do: "answer" | "attack" | "bounce" | "complain" | "out_of_office" | "silence" | "soft_bounce" | "timeout" | (string & {});
  after_seconds?: number;
  defer?: number;
  subject?: string | null;
  text_body?: string | null;
  html_body?: string | null;
}

/** Where to PUT the bytes, and the key to send them with. */
export interface UploadUrl {
  upload_url: string;
  method: string;
  headers: Record<string, string>;
  key: string;
  expires_at: string;
}

export interface UsageReport {
  period_start: string;
  period_end: string;
  messages_sent: Counted;
  messages_received: Counted;
  storage_bytes: Counted;
  api_calls: Counted;
  webhook_deliveries: Counted;
}

/** `message` is the whole message once the wait has matched, and null again when that was deleted; `codes` are what was found in it, surest first. */
export interface Wait {
  id: string;
  inbox_id: string;
  status: "armed" | "cancelled" | "expired" | "matched" | (string & {});
  from: string | null;
  subject: string | null;
  text: string | null;
  label: string | null;
  has_code: boolean | null;
  exclusive: boolean;
  deadline: string;
  matched_at: string | null;
  message: Message | null;
  codes: Array<Code>;
  created_at: string;
}

export interface WebhookEndpoint {
  id: string;
  environment_id: string;
  url: string;
  description: string | null;
  event_types: Array<string>;
  inbox_ids: Array<string>;
  enabled: boolean;
  disabled_reason: "failures" | "gone" | "manual" | (string & {}) | null;
  headers: Array<string>;
  client_id: string | null;
  consecutive_failures: number;
  last_success_at: string | null;
  created_at: string;
  updated_at: string;
  secret?: string | null;
  previous_secret_expires_at?: string;
}

/** A mailbox (RFC 5322 3.4): `email` has its domain as A-label in lower case; `name` is the display name. */
export interface AddressParam {
  email: string;
  name?: string | null;
}

/** A file to send: exactly one of `key` (of an upload), `content` (base64), `url` and `attachment_id`. */
export interface AttachmentInParam {
  key?: string | null;
  content?: Octets | null;
  url?: string | null;
  attachment_id?: string | null;
  filename?: string | null;
  mime_type?: string | null;
  inline?: boolean;
  content_id?: string | null;
}

/** Fields of a send, in the meaning that they have there: what is absent stays, and `text_body` and `html_body` are the whole of what goes out, quoted original included. Who changes one of two bodies says the other too, so that nobody reads what was taken out. */
export interface ChangesParam {
  to?: Array<string | AddressParam>;
  cc?: Array<string | AddressParam>;
  bcc?: Array<string | AddressParam>;
  reply_to?: Array<string | AddressParam>;
  subject?: string;
  text_body?: string | null;
  html_body?: string | null;
  attachments?: Array<AttachmentInParam>;
  headers?: Record<string, string>;
  send_at?: When | null;
  unattended?: boolean;
  list_unsubscribe?: boolean;
  track_opens?: boolean;
}

/** What the checks of the mail's origin shall have said. */
export interface ChosenAuthenticationParam {
  spf?: "fail" | "neutral" | "none" | "pass" | "permerror" | "softfail" | "temperror";
  dkim?: "fail" | "none" | "pass" | "permerror" | "temperror";
  dmarc?: "fail" | "none" | "pass" | "permerror" | "temperror";
  arc?: "fail" | "none" | "pass";
}

/** All must hold. */
export interface FiltersParam {
  label?: string | null;
  from?: string | null;
  subject?: string | null;
  thread_id?: string | null;
  unread?: boolean | null;
}

/** What a correspondent does about one mail. */
export interface TurnParam {
  do: "answer" | "attack" | "bounce" | "complain" | "out_of_office" | "silence" | "soft_bounce" | "timeout";
  after_seconds?: number;
  defer?: number;
  subject?: string | null;
  text_body?: string | null;
  html_body?: string | null;
}
