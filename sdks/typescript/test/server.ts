/** A server on loopback that answers as a test says, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
}

export interface Server {
  baseUrl: string;
  asked: Asked[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** `reply` returning nothing leaves the request without an answer. */
export async function serve(reply: (asked: Asked) => Reply | undefined): Promise<Server> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The caller has gone.
    }
    const { method = "", url = "", headers } = request;
    const now = { method, url, headers, body: Buffer.concat(chunks) };
    asked.push(now);
    const said = reply(now);
    if (!said) return;
    response.writeHead(said.status ?? 200, said.headers);
    response.end(said.text ?? JSON.stringify(said.json ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** A refusal as the API words it. */
export function refusal(status: number, code: string, details?: object): Reply {
  return { status, json: { error: { code, message: "No.", requestId: "req_1", details } } };
}
