// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type { ArchivedProject, Project } from "./types.js";

export interface ProjectCreateParams {
  /** A name for people. */
  name: string;
  /** An IANA name, such as `Europe/Berlin`. */
  timezone: string;
  /** Your own id of the customer; null: none. */
  customerExternalId?: string | null;
  /** Whatever you want to keep with it, up to 8 KB. */
  metadata?: Record<string, unknown>;
  /** How many seconds publish waits, as a window to cancel in: 0–300. */
  publishLeadSeconds?: number;
}

export interface ProjectListParams {
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface ProjectGetParams {
  /** The project's id. */
  projectId: string;
}

export interface ProjectUpdateParams {
  /** The project's id. */
  projectId: string;
  /** A name for people. */
  name?: string;
  /** An IANA name, such as `Europe/Berlin`. */
  timezone?: string;
  /** Your own id of the customer; null: none. */
  customerExternalId?: string | null;
  /** Whatever you want to keep with it, up to 8 KB. */
  metadata?: Record<string, unknown>;
  /** How many seconds publish waits, as a window to cancel in: 0–300. */
  publishLeadSeconds?: number;
}

export interface ProjectArchiveParams {
  /** The project's id. */
  projectId: string;
}

export interface ProjectEraseParams {
  /** The project's id. */
  projectId: string;
}

/** A project holds the content and the accounts of one of your customers. */
export class Projects {
  constructor(protected readonly client: Client) {}

  /**
   * Make a project.
   *
   * `POST /v1/projects`, scope `projects:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`.
   */
  create(params: ProjectCreateParams, options?: WriteOptions): Promise<Project> {
    return this.client.request("POST", "/v1/projects", { body: params, options });
  }

  /**
   * List projects, newest first.
   *
   * `GET /v1/projects`, scope `projects:read`.
   */
  list(params: ProjectListParams = {}, options?: RequestOptions): Pages<Project> {
    return this.client.list("/v1/projects", { query: params, options });
  }

  /**
   * Return a project.
   *
   * `GET /v1/projects/{projectId}`, scope `projects:read`.
   * Its own errors: `NOT_FOUND`.
   */
  get(params: ProjectGetParams, options?: RequestOptions): Promise<Project> {
    const { projectId } = params;
    return this.client.request("GET", path`/v1/projects/${projectId}`, { options });
  }

  /**
   * Change a project.
   *
   * `PATCH /v1/projects/{projectId}`, scope `projects:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  update(params: ProjectUpdateParams, options?: WriteOptions): Promise<Project> {
    const { projectId, ...body } = params;
    return this.client.request("PATCH", path`/v1/projects/${projectId}`, { body, options });
  }

  /**
   * Archive a project; its queued posts are canceled.
   *
   * `DELETE /v1/projects/{projectId}`, scope `projects:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  archive(params: ProjectArchiveParams, options?: WriteOptions): Promise<ArchivedProject> {
    const { projectId } = params;
    return this.client.request("DELETE", path`/v1/projects/${projectId}`, { options });
  }

  /**
   * Erase an archived project for good, with all that was made in it; `status` tells how far it is.
   *
   * `POST /v1/projects/{projectId}/erase`, scope `projects:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `LIVE_POSTS`, `PROJECT_NOT_ARCHIVED`.
   */
  erase(params: ProjectEraseParams, options?: WriteOptions): Promise<Project> {
    const { projectId } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/erase`, { options });
  }
}
