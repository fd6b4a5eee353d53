// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type { ApiKey, DeletedKey, RateLimitTier, ShownKey, Whoami } from "./types.js";

export interface ApiKeyListParams {
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface ApiKeyCreateParams {
  /** A name for people. */
  name: string;
  /** What the key may do; `*`: everything. */
  scopes: string[];
  /** How much it may ask a minute. Without it, as much as the key that makes it. */
  rateLimitTier?: RateLimitTier | null;
  /** Hosts to which people may be sent back after a consent. */
  returnHosts?: string[];
  /** When the key ends; null: never. */
  expiresAt?: string | Date | null;
}

export interface ApiKeyRotateParams {
  /** The key's id. */
  apiKeyId: string;
}

export interface ApiKeyKillParams {
  /** The key's id. */
  apiKeyId: string;
}

export interface ApiKeyDeleteParams {
  /** The key's id. */
  apiKeyId: string;
}

/** Keys, their scopes and limits. */
export class ApiKeys {
  constructor(protected readonly client: Client) {}

  /**
   * Say whose key this is and what it may do.
   *
   * `GET /v1/whoami`.
   */
  whoami(options?: RequestOptions): Promise<Whoami> {
    return this.client.request("GET", "/v1/whoami", { options });
  }

  /**
   * List the keys of this environment, newest first.
   *
   * `GET /v1/api-keys`, scope `keys:read`.
   */
  list(params: ApiKeyListParams = {}, options?: RequestOptions): Pages<ApiKey> {
    return this.client.list("/v1/api-keys", { query: params, options });
  }

  /**
   * Make a key that may do no more than the one that makes it. The secret is shown this once.
   *
   * `POST /v1/api-keys`, scope `keys:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`.
   */
  create(params: ApiKeyCreateParams, options?: WriteOptions): Promise<ShownKey> {
    return this.client.request("POST", "/v1/api-keys", { body: params, options });
  }

  /**
   * Give a key a new secret; the old one is dead at once.
   *
   * `POST /v1/api-keys/{apiKeyId}/rotate`, scope `keys:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  rotate(params: ApiKeyRotateParams, options?: WriteOptions): Promise<ShownKey> {
    const { apiKeyId } = params;
    return this.client.request("POST", path`/v1/api-keys/${apiKeyId}/rotate`, { options });
  }

  /**
   * Disable a key; its next request is refused.
   *
   * `POST /v1/api-keys/{apiKeyId}/kill`, scope `keys:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  kill(params: ApiKeyKillParams, options?: WriteOptions): Promise<ApiKey> {
    const { apiKeyId } = params;
    return this.client.request("POST", path`/v1/api-keys/${apiKeyId}/kill`, { options });
  }

  /**
   * Retire a key for good.
   *
   * `DELETE /v1/api-keys/{apiKeyId}`, scope `keys:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  delete(params: ApiKeyDeleteParams, options?: WriteOptions): Promise<DeletedKey> {
    const { apiKeyId } = params;
    return this.client.request("DELETE", path`/v1/api-keys/${apiKeyId}`, { options });
  }
}
