/** Whether a webhook comes from Layers. Needs no client and no key: `import { verify } from "@layers/sdk"`. */
import { webCrypto } from "#runtime";
import { WebhookSignatureError } from "./errors.js";
import type { WebhookEvent } from "./generated/types.js";

/** Headers as a Request, Node's http or a plain object has them. */
export type GivenHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** How strict to be. */
export interface VerifyOptions {
  /** How many seconds old, or ahead of this clock, a signature may be; 300. */
  tolerance?: number;
}

/**
 * Check a webhook's signature and return its event; throws WebhookSignatureError.
 *
 * `payload` is the body as it came, not parsed: a byte's difference is a wrong signature. Several secrets may be given,
 * while one replaces another. Where both families of headers are there, both must be right.
 */
export async function verify(
  payload: string | Uint8Array | ArrayBuffer,
  headers: GivenHeaders,
  secret: string | readonly string[],
  { tolerance = 300 }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const body = typeof payload === "string" ? utf8(payload) : new Uint8Array(payload);
  const secrets = typeof secret === "string" ? [secret] : secret;
  if (secrets.includes("")) throw new TypeError("There is no secret: give the endpoint's, whsec_….");
  const families = [ours(headers), standard(headers)].filter((family) => family !== undefined);
  if (families.length === 0) throw new WebhookSignatureError("The webhook is not signed.");
  for (const signed of families) {
    if (!(Math.abs(Date.now() / 1000 - Number(signed.at)) <= tolerance)) {
      throw new WebhookSignatureError(`The webhook was signed more than ${tolerance} s ago, or a clock is wrong.`);
    }
    if (!(await fits(signed, body, secrets))) {
      throw new WebhookSignatureError("The webhook was not signed with this secret.");
    }
  }
  return JSON.parse(new TextDecoder().decode(body)) as WebhookEvent;
}

/** Whether one of the signatures is of one of the secrets. `subtle.verify` compares in constant time. */
async function fits(signed: Signed, body: Uint8Array, secrets: readonly string[]): Promise<boolean> {
  const message = joined(utf8(signed.before), body);
  for (const secret of secrets) {
    const key = await webCrypto.subtle.importKey("raw", signed.key(secret), HMAC, false, ["verify"]);
    for (const signature of signed.signatures) {
      if (await webCrypto.subtle.verify("HMAC", key, signature, message)) return true;
    }
  }
  return false;
}

const HMAC = { name: "HMAC", hash: "SHA-256" };

interface Signed {
  at: string;
  /** What stands before the body in the signed message. */
  before: string;
  signatures: Bytes[];
  key: (secret: string) => Bytes;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** `X-Layers-Signature: t=<unix>,v1=<hex>`, more `v1=` while secrets are rotated. The key is the whole secret. */
function ours(headers: GivenHeaders): Signed | undefined {
  const line = valueOf(headers, "x-layers-signature");
  if (line === undefined) return undefined;
  const parts = line.split(",").map((part) => part.trim());
  const at = parts.find((part) => /^t=\d+$/.test(part))?.slice(2) ?? "NaN";
  const signatures = parts.filter((part) => /^v1=([0-9a-f]{2})+$/.test(part)).map((part) => hex(part.slice(3)));
  return { at, before: `${at}.`, signatures, key: utf8 };
}

/** The headers of https://www.standardwebhooks.com. The key is what the secret's base64 says. */
function standard(headers: GivenHeaders): Signed | undefined {
  const [id, at, line] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => valueOf(headers, name));
  if (id === undefined || at === undefined || line === undefined) return undefined;
  const signatures = line
    .split(" ")
    .filter((part) => /^v1,[A-Za-z0-9+/]+=*$/.test(part))
    .flatMap((part) => base64(part.slice(3)) ?? []);
  return { at, before: `${id}.${at}.`, signatures, key: secretBytes };
}

function valueOf(headers: GivenHeaders, name: string): string | undefined {
  if (typeof headers["get"] === "function") return (headers as Headers).get(name) ?? undefined;
  const found = Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof found === "object" ? found[0] : (found as string | undefined);
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
const hex = (text: string): Bytes => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function base64(text: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function secretBytes(secret: string): Bytes {
  const bytes = base64(secret.replace(/^whsec_/, ""));
  if (!bytes?.length) throw new TypeError("This is no secret of a webhook endpoint (whsec_…).");
  return bytes;
}

function joined(first: Bytes, second: Uint8Array): Bytes {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
