/** The one door to the server: the public API, as whoever has signed in. */
import { Client, Layers, type LayersError, type Whoami } from "@layers/sdk";

const options = { apiKey: null, baseUrl: "" } as const;

export const layers = new Layers(options);
/** For what the SDK has no call of its own. */
export const client = new Client(options);

/** How one signs in: with an API key, or with the token of a link made by `layers dashboard link`. */
export type Credential = { key: string } | { link: string };

const SESSION = "/dashboard/session";

export const session = {
  /** Who has signed in. Throws UnauthenticatedError. */
  current: () => client.request<Whoami>("GET", SESSION),
  begin: (body: Credential) => client.request<Whoami>("POST", SESSION, { body }),
  /** Answered without a body, which no call of the API is. */
  end: () => fetch(SESSION, { method: "DELETE", headers: { "X-Layers-Session": "1" } }),
};

/** Where an asset is, seen from this page: its address names the server as the world knows it, we may be nearer. */
export function nearby(url: string): string {
  const { pathname, search } = new URL(url, location.href);
  return pathname.startsWith("/v1/assets/") ? pathname + search : url;
}

export function isRefusal(fault: unknown): fault is LayersError {
  return fault instanceof Error && "code" in fault;
}
