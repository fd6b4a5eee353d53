// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type {
  AccountHealth,
  AccountStatus,
  AuthorizeUrl,
  OAuthStatus,
  RevokedAccount,
  SocialAccount,
} from "./types.js";

export interface SocialConnectAccountParams {
  /** The project's id. */
  projectId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /**
   * What the platform gave you, by name; which names it takes is on the platforms' page. With a test key:
   * `{"handle": "…"}`.
   */
  credential: Record<string, string>;
}

export interface SocialListAccountsParams {
  /** The project's id. */
  projectId: string;
  /** A platform's name, as `GET /v1/platforms` lists it. */
  platform?: string;
  /** Only those with this status. */
  status?: AccountStatus;
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface SocialUpdateAccountParams {
  /** The social account's id. */
  accountId: string;
  /** Options that posts of this account have unless their target says otherwise. */
  postDefaults: Record<string, unknown>;
}

export interface SocialDisconnectAccountParams {
  /** The social account's id. */
  accountId: string;
}

export interface SocialCreateOauthUrlParams {
  /** The project's id. */
  projectId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /**
   * Where the person goes afterwards. Its host must be on the key's `returnHosts`; on a test key loopback
   * will do.
   */
  returnUrl: string;
  /** The account's server where a platform has many, or the door where it has several. */
  service?: string | null;
}

export interface SocialCreateReauthUrlParams {
  /** The project's id. */
  projectId: string;
  /** The account's id. */
  socialAccountId: string;
  /**
   * Where the person goes afterwards. Its host must be on the key's `returnHosts`; on a test key loopback
   * will do.
   */
  returnUrl: string;
}

export interface SocialGetOauthStatusParams {
  /** The `state` that oauth-url or reauth-url gave. */
  stateId: string;
}

export interface SocialGetAccountHealthParams {
  /** The social account's id. */
  accountId: string;
}

/** Accounts on platforms: connect them, look after them. */
export class Social {
  constructor(protected readonly client: Client) {}

  /**
   * Connect an account with a credential one already has.
   *
   * `POST /v1/projects/{projectId}/social-accounts`, scope `social:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  connectAccount(params: SocialConnectAccountParams, options?: WriteOptions): Promise<SocialAccount> {
    const { projectId, ...body } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/social-accounts`, { body, options });
  }

  /**
   * List a project's accounts, newest first.
   *
   * `GET /v1/projects/{projectId}/social-accounts`, scope `social:read`.
   * Its own errors: `NOT_FOUND`.
   */
  listAccounts(params: SocialListAccountsParams, options?: RequestOptions): Pages<SocialAccount> {
    const { projectId, ...query } = params;
    return this.client.list(path`/v1/projects/${projectId}/social-accounts`, { query, options });
  }

  /**
   * Set the options that targets of this account may leave out.
   *
   * `PATCH /v1/social-accounts/{accountId}`, scope `social:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  updateAccount(params: SocialUpdateAccountParams, options?: WriteOptions): Promise<SocialAccount> {
    const { accountId, ...body } = params;
    return this.client.request("PATCH", path`/v1/social-accounts/${accountId}`, { body, options });
  }

  /**
   * Disconnect an account; its queued posts are canceled in the same transaction.
   *
   * `DELETE /v1/social-accounts/{accountId}`, scope `social:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  disconnectAccount(params: SocialDisconnectAccountParams, options?: WriteOptions): Promise<RevokedAccount> {
    const { accountId } = params;
    return this.client.request("DELETE", path`/v1/social-accounts/${accountId}`, { options });
  }

  /**
   * Say where a person consents to connect an account.
   *
   * `POST /v1/projects/{projectId}/social/oauth-url`, scope `social:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`, `RETURN_URL_NOT_ALLOWED`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  createOauthUrl(params: SocialCreateOauthUrlParams, options?: WriteOptions): Promise<AuthorizeUrl> {
    const { projectId, ...body } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/social/oauth-url`, { body, options });
  }

  /**
   * Say where a person consents to reconnect an account; it keeps its id.
   *
   * `POST /v1/projects/{projectId}/social/reauth-url`, scope `social:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`, `RETURN_URL_NOT_ALLOWED`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  createReauthUrl(params: SocialCreateReauthUrlParams, options?: WriteOptions): Promise<AuthorizeUrl> {
    const { projectId, ...body } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/social/reauth-url`, { body, options });
  }

  /**
   * Say how an authorization of this key stands.
   *
   * `GET /v1/social/oauth-status/{stateId}`, scope `social:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getOauthStatus(params: SocialGetOauthStatusParams, options?: RequestOptions): Promise<OAuthStatus> {
    const { stateId } = params;
    return this.client.request("GET", path`/v1/social/oauth-status/${stateId}`, { options });
  }

  /**
   * Say how an account is doing.
   *
   * `GET /v1/social-accounts/{accountId}/health`, scope `social:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getAccountHealth(params: SocialGetAccountHealthParams, options?: RequestOptions): Promise<AccountHealth> {
    const { accountId } = params;
    return this.client.request("GET", path`/v1/social-accounts/${accountId}/health`, { options });
  }
}
