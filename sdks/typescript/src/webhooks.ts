/**
 * Is a webhook delivery from our server, and what does it tell? Needs nothing else of this package.
 *
 *     import { unwrap } from "agentpost/webhooks";
 *     const event = await unwrap(body, headers, secret);
 *
 * Both of the server's schemes are read: Standard Webhooks (also under Svix's names) and `x-agentpost-signature`.
 * `body` is the request's raw text or octets: parsed and written again they are others.
 */

import type { Event } from "./generated/types.js";

export class SignatureInvalid extends Error {
  override name = "SignatureInvalid";
}

export interface UnwrapOptions {
  /** How far the delivery's time may lie from now; 300 by default. */
  toleranceSeconds?: number;
  /** Unix seconds. */
  now?: number;
}

type HeaderBag = Headers | Record<string, string | string[] | undefined>;

/** The event of an authentic delivery. Throws SignatureInvalid. While a secret is rotated, give both. */
export async function unwrap(
  body: string | Uint8Array,
  headers: HeaderBag,
  secret: string | string[],
  options: UnwrapOptions = {},
): Promise<Event> {
  const found = new Map<string, string>();
  const pairs = headers instanceof Headers ? headers : Object.entries(headers);
  for (const [name, value] of pairs) if (value !== undefined) found.set(name.toLowerCase(), String(value));
  const octets = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const secrets = [secret].flat().filter(Boolean);
  let matches = false;
  for (const prefix of ["webhook-", "svix-", "x-agentpost-"]) {
    const signatures = found.get(`${prefix}signature`);
    if (!signatures) continue;
    const plain = prefix[0] === "x";
    const at = moment(found.get(`${prefix}timestamp`), options);
    const head = plain ? `${at}.` : `${found.get(`${prefix}id`)}.${at}.`;
    for (const one of secrets)
      for (const given of signatures.split(plain ? "," : " ").slice(0, 16))
        // Every pair is compared, so that the time taken does not tell which one came close.
        if (await isSignedBy(one, plain, given.replace(/^v1,/, ""), head, octets)) matches = true;
    if (!matches) fail("no signature matches: is it this endpoint's secret, and the body's raw octets?");
    return JSON.parse(new TextDecoder().decode(octets));
  }
  return fail("the delivery is not signed");
}

function fail(message: string): never {
  throw new SignatureInvalid(message);
}

function moment(given = "", { toleranceSeconds = 300, now = Date.now() / 1000 }: UnwrapOptions): string {
  if (!/^\d{1,12}$/.test(given)) fail("the timestamp is not unix seconds");
  const age = now - Number(given);
  if (Math.abs(age) > toleranceSeconds) fail(age > 0 ? "the timestamp is too old" : "the timestamp is in the future");
  return given;
}

async function isSignedBy(secret: string, plain: boolean, signature: string, head: string, body: Uint8Array) {
  try {
    // biome-ignore lint: octets are octets
    const key: any = plain ? new TextEncoder().encode(secret) : fromBase64(secret.replace(/^whsec_/, ""));
    const given: any = plain ? fromHex(signature) : fromBase64(signature);
    const signed = new Uint8Array([...new TextEncoder().encode(head), ...body]);
    const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    return await crypto.subtle.verify("HMAC", imported, given, signed);
  } catch {
    return false;
  }
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const fromHex = (text: string) => {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error("not hex");
  return Uint8Array.from(text.match(/../g)!, (one) => Number.parseInt(one, 16));
};
