// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions } from "../client.js";
import type { PlatformList } from "./types.js";

/** What each platform takes; the data that validates. */
export class Platforms {
  constructor(protected readonly client: Client) {}

  /**
   * List platforms, modes, media and text limits and options.
   *
   * `GET /v1/platforms`.
   */
  list(options?: RequestOptions): Promise<PlatformList> {
    return this.client.request("GET", "/v1/platforms", { options });
  }
}
