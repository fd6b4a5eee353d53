/** What Node and Deno have that browsers have not. */
import { webcrypto } from "node:crypto";
import * as fs from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sending } from "./runtime.js";

export const webCrypto = webcrypto as unknown as Crypto;

/** A file by its path. It is read as it is sent; Node before 19.8 reads it at once. */
export async function readFile(path: string | URL): Promise<Blob> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const blob = fs.openAsBlob ? await fs.openAsBlob(file) : new Blob([await fs.promises.readFile(file)]);
  return Object.assign(blob, { name: basename(file) });
}

/** Sends a body and tells how far it is: the stream is counted as it is read. */
export function send(url: string, { fetch, body, onBytes, ...init }: Sending): Promise<Response> {
  const whole = new Response(body);
  let sent = 0;
  const counted = whole.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        onBytes((sent += chunk.byteLength));
      },
    }),
  );
  const type = whole.headers.get("Content-Type");
  // Stores that are given a signed PUT want its length; a form's is not known before its end.
  const length = body instanceof Blob ? { "Content-Length": String(body.size) } : {};
  const headers = { ...(type && { "Content-Type": type }), ...length, ...init.headers };
  return fetch(url, { ...init, headers, body: counted, duplex: "half" } as RequestInit);
}
