// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type {
  ApprovalStatus,
  Container,
  ContainerStatus,
  DeletedContainer,
  FileToSend,
  MediaUrl,
  Uploads,
} from "./types.js";

export interface ContentCreateTextParams {
  /** The project's id. */
  projectId: string;
  /** The text that goes with it. */
  caption: string;
  /** The first comment below the post; null: none. */
  firstComment?: string | null;
}

export interface ContentListParams {
  /** The project's id. */
  projectId: string;
  /** Only those with this status. */
  status?: ContainerStatus;
  /** Only containers with this approval. */
  approvalStatus?: ApprovalStatus;
  /** Not before this time; with `Z` or an offset. */
  since?: string | Date;
  /** Not after this time; with `Z` or an offset. */
  until?: string | Date;
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface ContentGetParams {
  /** The container's id. */
  containerId: string;
}

export interface ContentUpdateParams {
  /** The container's id. */
  containerId: string;
  /** The text that goes with it. */
  caption?: string;
  /** The first comment below the post; null: none. */
  firstComment?: string | null;
}

export interface ContentDeleteParams {
  /** The container's id. */
  containerId: string;
}

export interface ContentCreateFromUrlsParams {
  /** The project's id. */
  projectId: string;
  /** The items to fetch, in order: 1–10. */
  media: MediaUrl[];
  /** The text that goes with it. */
  caption?: string;
  /** The first comment below the post; null: none. */
  firstComment?: string | null;
}

export interface ContentCreateUploadsParams {
  /** The project's id. */
  projectId: string;
  /** The files you are going to send, in order: 1–10. */
  files: FileToSend[];
  /** The text that goes with it. */
  caption?: string;
  /** The first comment below the post; null: none. */
  firstComment?: string | null;
}

export interface ContentFinalizeUploadParams {
  /** The container's id. */
  containerId: string;
}

/** Containers: media and words, made once and published to many accounts. */
export class ContentCalls {
  constructor(protected readonly client: Client) {}

  /**
   * Make a container from uploaded files (multipart) or from text (JSON).
   *
   * `POST /v1/projects/{projectId}/content`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  createText(params: ContentCreateTextParams, options?: WriteOptions): Promise<Container> {
    const { projectId, ...body } = params;
    return this.client.request(
      "POST",
      path`/v1/projects/${projectId}/content`,
      { body: { kind: "text", ...body }, options },
    );
  }

  /**
   * List a project's containers, newest first.
   *
   * `GET /v1/projects/{projectId}/content`, scope `content:read`.
   * Its own errors: `NOT_FOUND`.
   */
  list(params: ContentListParams, options?: RequestOptions): Pages<Container> {
    const { projectId, ...query } = params;
    return this.client.list(path`/v1/projects/${projectId}/content`, { query, options });
  }

  /**
   * Return a container.
   *
   * `GET /v1/content/{containerId}`, scope `content:read`.
   * Its own errors: `NOT_FOUND`.
   */
  get(params: ContentGetParams, options?: RequestOptions): Promise<Container> {
    const { containerId } = params;
    return this.client.request("GET", path`/v1/content/${containerId}`, { options });
  }

  /**
   * Change caption or first comment; posts already queued keep what they were scheduled with.
   *
   * `PATCH /v1/content/{containerId}`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  update(params: ContentUpdateParams, options?: WriteOptions): Promise<Container> {
    const { containerId, ...body } = params;
    return this.client.request("PATCH", path`/v1/content/${containerId}`, { body, options });
  }

  /**
   * Delete a container none of whose posts is on its way.
   *
   * `DELETE /v1/content/{containerId}`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `LIVE_POSTS`.
   */
  delete(params: ContentDeleteParams, options?: WriteOptions): Promise<DeletedContainer> {
    const { containerId } = params;
    return this.client.request("DELETE", path`/v1/content/${containerId}`, { options });
  }

  /**
   * Make a container whose media is fetched from addresses.
   *
   * `POST /v1/projects/{projectId}/content/upload`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  createFromUrls(params: ContentCreateFromUrlsParams, options?: WriteOptions): Promise<Container> {
    const { projectId, ...body } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/content/upload`, { body, options });
  }

  /**
   * Make a container and the links its files are to be sent to.
   *
   * `POST /v1/projects/{projectId}/content/uploads`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  createUploads(params: ContentCreateUploadsParams, options?: WriteOptions): Promise<Uploads> {
    const { projectId, ...body } = params;
    return this.client.request("POST", path`/v1/projects/${projectId}/content/uploads`, { body, options });
  }

  /**
   * Complete a container with what was sent for it.
   *
   * `POST /v1/content/{containerId}/finalize-upload`, scope `content:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`, `UPLOAD_INCOMPLETE`.
   * Subcodes of `CONFLICT`: `NO_UPLOAD_AWAITED`.
   */
  finalizeUpload(params: ContentFinalizeUploadParams, options?: WriteOptions): Promise<Container> {
    const { containerId } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/finalize-upload`, { options });
  }
}
