// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions } from "../client.js";
import type { Pages } from "../pages.js";
import type { AuditEvent } from "./types.js";

export interface AuditListParams {
  /** Only events of this type. Several may be given, repeated or parted by commas. */
  eventType?: string | Array<string>;
  /** The project's id. */
  projectId?: string;
  /** The key's id. */
  apiKeyId?: string;
  /** Not before this time; with `Z` or an offset. */
  since?: string | Date;
  /** Not after this time; with `Z` or an offset. */
  until?: string | Date;
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

/** What was done, by whom. */
export class Audit {
  constructor(protected readonly client: Client) {}

  /**
   * List what was done in this environment, newest first.
   *
   * `GET /v1/audit-log`, scope `audit:read`.
   */
  list(params: AuditListParams = {}, options?: RequestOptions): Pages<AuditEvent> {
    return this.client.list("/v1/audit-log", { query: params, options });
  }
}
