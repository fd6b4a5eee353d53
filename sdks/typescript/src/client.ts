/** One request: its key, its retries, its time limit, its answer. Knows no endpoint. */
import { send, webCrypto } from "#runtime";
import { ApiError, LayersError, NetworkError, AnswerTimeoutError, UnexpectedAnswerError } from "./errors.js";
import { ERRORS } from "./generated/errors.js";
import { type Page, Pages } from "./pages.js";

/** How to reach an installation. */
export interface ClientOptions {
  /** `lp_…`; else LAYERS_API_KEY. null, in a page that Layers itself serves: the session of the browser speaks. */
  apiKey?: string | null;
  /**
   * Such as `https://layers.example.com`; else LAYERS_BASE_URL, else `http://127.0.0.1:8787`. With `apiKey: null` it may
   * be "": where the page is from.
   */
  baseUrl?: string;
  /** Milliseconds one try may take; 60,000. Infinity: no limit. An upload may take longer, as long as bytes go out. */
  timeout?: number;
  /** How often a request is sent again after a lost answer, 408, 429 or 5xx; 4. */
  maxRetries?: number;
  /** Another fetch than the runtime's own. */
  fetch?: typeof fetch;
}

/** What any call may be given. */
export interface RequestOptions {
  /** Ends the call: it throws the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds one try may take. */
  timeout?: number;
  /** How often it is sent again after a lost answer, 408, 429 or 5xx. */
  maxRetries?: number;
}

/** What a call that changes something may be given. */
export interface WriteOptions extends RequestOptions {
  /** The same key with the same input does the work once, for 24 hours. One is made where none is given. */
  idempotencyKey?: string;
}

/** How far an upload is. */
export interface Progress {
  /** Bytes that have gone out. */
  sent: number;
  /** Bytes of all files. */
  total: number;
}

/** What a request carries. */
export interface Carried {
  query?: object | undefined;
  body?: object | undefined;
  options?: WriteOptions | undefined;
}

interface Attempt {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | FormData | Blob;
  onBytes?: (sent: number) => void;
}

interface Patience {
  timeout: number;
  maxRetries: number;
  signal?: AbortSignal | undefined;
}

const LONGEST_WAIT = 60_000;
/** What timers can count to. They take more for nothing at all. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Sends requests to one installation as one caller. */
export class Client {
  readonly baseUrl: string;
  // Private, so that nothing that prints a client prints the key.
  readonly #identity: Record<string, string>;
  readonly #fetch: typeof fetch;
  readonly #patience: Patience;

  constructor(options: ClientOptions = {}) {
    const apiKey = options.apiKey === undefined ? fromEnvironment("LAYERS_API_KEY") : options.apiKey;
    if (!apiKey && apiKey !== null) throw new TypeError("No API key: give apiKey, or set LAYERS_API_KEY.");
    const baseUrl = options.baseUrl ?? (fromEnvironment("LAYERS_BASE_URL") || "http://127.0.0.1:8787");
    const isHere = apiKey === null && baseUrl === "";
    if (!isHere && !/^https?:\/\/[^/]/.test(baseUrl)) {
      throw new TypeError(`baseUrl must be an address (https://…), got ${baseUrl}.`);
    }
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    // A form of another site can send the session's cookie, but never this header.
    this.#identity = apiKey === null ? { "X-Layers-Session": "1" } : { Authorization: `Bearer ${apiKey}` };
    this.#fetch = options.fetch ?? ((...all) => globalThis.fetch(...all));
    this.#patience = { timeout: options.timeout ?? 60_000, maxRetries: options.maxRetries ?? 4 };
  }

  /** Sends a request until it is answered for good; returns the answer's JSON. */
  request<T>(method: string, path: string, { query, body, options }: Carried = {}): Promise<T> {
    const headers: Record<string, string> = {};
    // Some proxies refuse a DELETE with a body, so it has one only if there is something to say.
    const silent = body === undefined || (method === "DELETE" && Object.keys(body).length === 0);
    if (!silent) headers["Content-Type"] = "application/json";
    const json = silent ? {} : { body: JSON.stringify(body) };
    return this.#patiently<T>({ method, url: this.#url(path, query), headers, ...json }, options);
  }

  /** Sends a form, which `onProgress` hears the progress of. */
  upload<T>(path: string, form: FormData, onBytes: (sent: number) => void, options?: WriteOptions): Promise<T> {
    const attempt = { method: "POST", url: this.#url(path), headers: {}, body: form, onBytes };
    return this.#patiently<T>(attempt, options);
  }

  /** A list that is read page by page. */
  list<T>(path: string, { query, options }: Carried): Pages<T> {
    return new Pages<T>((cursor) =>
      this.request<Page<T>>("GET", path, { query: cursor ? { ...query, cursor } : query, options }),
    );
  }

  /** Opens an answer that has no end, once, and without a time limit: whoever reads it opens it again. */
  open(path: string, query: object, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const all = { ...headers, ...this.#identity };
    return this.#fetch(this.#url(path, query), { headers: all, signal, redirect: "manual" });
  }

  #url(path: string, query: object = {}): string {
    const search = new URLSearchParams();
    for (const [name, given] of Object.entries(query)) {
      for (const value of Array.isArray(given) ? given : [given]) {
        if (value !== undefined && value !== null) {
          search.append(name, value instanceof Date ? value.toISOString() : String(value));
        }
      }
    }
    return `${this.baseUrl}${path}${String(search) && `?${search}`}`;
  }

  async #patiently<T>(attempt: Attempt, options: WriteOptions = {}): Promise<T> {
    const patience = { ...this.#patience, ...defined(options) };
    const headers: Record<string, string> = { ...attempt.headers, ...this.#identity };
    const idempotencyKey = attempt.method === "GET" ? undefined : options.idempotencyKey ?? newKey();
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    for (let tried = 0; ; tried++) {
      try {
        return await this.#once<T>({ ...attempt, headers }, patience);
      } catch (error) {
        if (!(error instanceof LayersError)) throw error;
        if (idempotencyKey !== undefined) error.idempotencyKey = idempotencyKey;
        const wait = waitAfter(error, tried);
        if (!error.retryable || tried >= patience.maxRetries || wait > LONGEST_WAIT) throw error;
        await sleep(wait, patience.signal);
      }
    }
  }

  async #once<T>(attempt: Attempt, { timeout, signal }: Patience): Promise<T> {
    signal?.throwIfAborted();
    const what = `${attempt.method} ${attempt.url}`;
    const limit = new TimeLimit(timeout, signal);
    try {
      const response = await this.#send(attempt, limit);
      return read<T>(what, response, await response.text());
    } catch (error) {
      if (error instanceof LayersError) throw error;
      if (signal?.aborted) throw signal.reason;
      if (limit.over) throw new AnswerTimeoutError(`${what} was not answered within ${timeout} ms.`);
      throw new NetworkError(`${what} was not answered: ${reasonOf(error)}`, { cause: error });
    } finally {
      limit.end();
    }
  }

  #send({ url, onBytes, body, ...init }: Attempt, limit: TimeLimit): Promise<Response> {
    // A redirect would turn a POST into a GET, which looks like success and does nothing.
    const all = { ...init, signal: limit.signal, redirect: "manual" as const };
    if (typeof body !== "object") return this.#fetch(url, { ...all, ...(body !== undefined && { body }) });
    const counted = (sent: number) => {
      limit.startAgain();
      onBytes?.(sent);
    };
    return send(url, { ...all, body, fetch: this.#fetch, onBytes: counted });
  }
}

/** Ends a try when its time is over or its caller says so. */
class TimeLimit {
  over = false;
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly timeout: number,
    private readonly caller: AbortSignal | undefined,
  ) {
    caller?.addEventListener("abort", this.#follow);
    this.startAgain();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  startAgain(): void {
    clearTimeout(this.#timer);
    if (this.timeout > LONGEST_TIMER) return;
    this.#timer = setTimeout(() => {
      this.over = true;
      this.#abort.abort();
    }, this.timeout);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.caller?.removeEventListener("abort", this.#follow);
  }

  readonly #follow = (): void => this.#abort.abort(this.caller?.reason);
}

export function read<T>(what: string, response: Response, text: string): T {
  const body = parsed(text);
  if (response.ok && body !== undefined) return body as T;
  const { error } = (body ?? {}) as { error?: Partial<Refused> };
  const retryAfter = milliseconds(response.headers.get("Retry-After"));
  if (response.ok || typeof error?.code !== "string") {
    throw new UnexpectedAnswerError(what, response.status, text.slice(0, 500), retryAfter);
  }
  const { code, message = "", requestId = "", details = {} } = error;
  const refusal = { status: response.status, requestId, details, retryAfter };
  if (Object.hasOwn(ERRORS, code)) {
    throw new ERRORS[code as keyof typeof ERRORS](code as never, message, refusal as never);
  }
  throw new ApiError(code, message, refusal);
}

interface Refused {
  code: string;
  message: string;
  requestId: string;
  details: object;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Retry-After is in seconds or a date (RFC 9110, 10.2.3). */
function milliseconds(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const wait = /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** What the server asks for and a little more, so that not all come back at once; else half a second, doubled each time. */
export function waitAfter(error: LayersError, tried: number): number {
  if (error.retryAfter !== undefined) return error.retryAfter + Math.random() * 250;
  return Math.min(8000, 500 * 2 ** tried) * (0.5 + Math.random() / 2);
}

export function sleep(duration: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, duration);
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}

/** Undici says "fetch failed" and keeps the reason in `cause`. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return [message ?? String(error), cause?.message || cause?.code].filter(Boolean).join(": ");
}

/** A random UUID; `crypto.randomUUID` is missing on pages that did not come by https. */
function newKey(): string {
  const bytes = webCrypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function fromEnvironment(name: string): string | undefined {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];
}
