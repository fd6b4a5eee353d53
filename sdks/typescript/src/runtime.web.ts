/** What browsers, workers and edge runtimes have instead of Node's own modules. */
import type { Sending } from "./runtime.js";

export const webCrypto: Crypto = globalThis.crypto;

export async function readFile(path: string | URL): Promise<Blob> {
  throw new TypeError(`There are no files here: give ${String(path)} as a File or Blob.`);
}

/** Sends a body and tells how far it is. Only XMLHttpRequest tells; where there is none, fetch sends in silence. */
export function send(url: string, { fetch, body, onBytes, ...init }: Sending): Promise<Response> {
  if (typeof XMLHttpRequest === "undefined") return fetch(url, { ...init, body });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(init.method, url);
    request.responseType = "text";
    for (const [name, value] of Object.entries(init.headers)) request.setRequestHeader(name, value);
    const abort = () => request.abort();
    request.upload.onprogress = (event) => onBytes(event.loaded);
    request.onabort = () => reject(init.signal.reason);
    request.onerror = () => reject(new TypeError("The request failed."));
    request.onload = () => {
      const lines = request.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean);
      const headers = lines.map((line) => line.split(/:\s*(.*)/s).slice(0, 2) as [string, string]);
      // It has followed redirects; as everywhere else, one is no answer.
      const status = request.responseURL === new URL(url, globalThis.location?.href).href ? request.status : 302;
      resolve(new Response(request.responseText || null, { status, headers }));
    };
    request.onloadend = () => init.signal.removeEventListener("abort", abort);
    init.signal.addEventListener("abort", abort);
    if (init.signal.aborted) reject(init.signal.reason);
    else request.send(body);
  });
}
