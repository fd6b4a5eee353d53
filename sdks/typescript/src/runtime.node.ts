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

/** Sends a body and tells how far it is: the stream is counted as it is taken. */
export function send(url: string, { fetch, body, onBytes, ...init }: Sending): Promise<Response> {
  const whole = new Response(body);
  const type = whole.headers.get("Content-Type");
  const headers = { ...(type && { "Content-Type": type }), ...init.headers };
  return fetch(url, { ...init, headers, body: counted(whole.body!, onBytes), duplex: "half" } as RequestInit);
}

const STEP = 65536;

function counted(stream: ReadableStream<Uint8Array>, onBytes: (sent: number) => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let chunk: Uint8Array = new Uint8Array();
  let [at, sent] = [0, 0];
  return new ReadableStream(
    {
      async pull(controller) {
        while (at >= chunk.length) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          [chunk, at] = [value, 0];
        }
        const part = chunk.subarray(at, at + STEP);
        at += part.length;
        controller.enqueue(part);
        onBytes((sent += part.length));
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
