/** What differs between Node and browsers: `#runtime` in package.json chooses the file that gives it. */

/** A request with a body whose bytes are counted as they go out. */
export interface Sending {
  fetch: typeof fetch;
  method: string;
  headers: Record<string, string>;
  body: FormData | Blob;
  signal: AbortSignal;
  redirect: "manual";
  /** Hears how many bytes have gone out so far. */
  onBytes: (sent: number) => void;
}
