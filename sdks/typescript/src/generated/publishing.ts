// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type {
  Canceled,
  PostStatus,
  Queued,
  Rescheduled,
  ScheduledPost,
  Story,
  Target,
  Verdict,
} from "./types.js";

export interface PublishNowParams {
  /** The container's id. */
  containerId: string;
  /**
   * Where the container goes: 1–50. All are checked before anything is written; one that is wrong refuses
   * all.
   */
  targets: Target[];
}

export interface ScheduleParams {
  /** The container's id. */
  containerId: string;
  /**
   * When to publish, with `Z` or an offset. Up to five minutes ago goes out at once; up to 400 days ahead.
   */
  scheduledFor: string | Date;
  /**
   * Where the container goes: 1–50. All are checked before anything is written; one that is wrong refuses
   * all.
   */
  targets: Target[];
}

export interface ValidateParams {
  /** The container's id. */
  containerId: string;
  /**
   * Where the container goes: 1–50. All are checked before anything is written; one that is wrong refuses
   * all.
   */
  targets: Target[];
  /** As for schedule. Without it, the question is what publish would say. */
  scheduledFor?: string | Date | null;
}

export interface GetScheduledPostParams {
  /** The scheduled post's id. */
  postId: string;
}

export interface CancelParams {
  /** The scheduled post's id. */
  postId: string;
  /** Why, in your words. Kept in the audit log. */
  reason?: string | null;
}

export interface GetScheduledPostEventsParams {
  /** The scheduled post's id. */
  postId: string;
}

export interface ListScheduledPostsParams {
  /** The project's id. */
  projectId: string;
  /** Only those with this status. Several may be given, repeated or parted by commas. */
  status?: PostStatus | Array<PostStatus>;
  /** Only posts of this account. */
  socialAccountId?: string;
  /** A platform's name, as `GET /v1/platforms` lists it. */
  platform?: string;
  /** The container's id. */
  containerId?: string;
  /** Not before this time; with `Z` or an offset. */
  since?: string | Date;
  /** Not after this time; with `Z` or an offset. */
  until?: string | Date;
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface RescheduleParams {
  /** The scheduled post's id. */
  postId: string;
  /** The new time, with `Z` or an offset, at least 30 seconds ahead. */
  scheduledFor: string | Date;
}

export interface RetryParams {
  /** The scheduled post's id. */
  postId: string;
  /**
   * Yes, this again: the same container to the same account in the same mode within ten minutes of another
   * live post is refused without it.
   */
  allowDuplicate?: boolean;
}

export interface ResolveParams {
  /** The scheduled post's id. */
  postId: string;
  /** What you saw on the platform: `published`, or `not_published`; then the post can be retried. */
  outcome: "not_published" | "published";
  /** The platform's id of the post, if you have it. */
  externalId?: string | null;
  /** Where the post can be seen, if you have it. */
  externalUrl?: string | null;
}

/** Publish now or at a time, and follow each post to its end. */
export class PublishingCalls {
  constructor(protected readonly client: Client) {}

  /**
   * Publish a container immediately: schedule, with `scheduledFor` set to now.
   *
   * `POST /v1/content/{containerId}/publish`, scope `publish:write`.
   * Its own errors: `APPROVAL_REQUIRED`, `CONFLICT`, `CONTENT_REJECTED`, `CREDENTIAL_INVALID`,
   * `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`, `PROJECT_ARCHIVED`,
   * `SCHEDULED_POST_ID_TAKEN`.
   */
  publishNow(params: PublishNowParams, options?: WriteOptions): Promise<Queued> {
    const { containerId, ...body } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/publish`, { body, options });
  }

  /**
   * Publish a container at a time; 202 while it waits for approval.
   *
   * `POST /v1/content/{containerId}/schedule`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `CONTENT_REJECTED`, `CREDENTIAL_INVALID`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`, `PROJECT_ARCHIVED`,
   * `SCHEDULED_POST_ID_TAKEN`.
   */
  schedule(params: ScheduleParams, options?: WriteOptions): Promise<Queued> {
    const { containerId, ...body } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/schedule`, { body, options });
  }

  /**
   * Say what publish or schedule would say; nothing is written.
   *
   * `POST /v1/content/{containerId}/validate`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  validate(params: ValidateParams, options?: WriteOptions): Promise<Verdict> {
    const { containerId, ...body } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/validate`, { body, options });
  }

  /**
   * Return a scheduled post.
   *
   * `GET /v1/scheduled-posts/{postId}`, scope `publish:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getScheduledPost(params: GetScheduledPostParams, options?: RequestOptions): Promise<ScheduledPost> {
    const { postId } = params;
    return this.client.request("GET", path`/v1/scheduled-posts/${postId}`, { options });
  }

  /**
   * Cancel a post unless something irreversible was sent.
   *
   * `DELETE /v1/scheduled-posts/{postId}`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  cancel(params: CancelParams, options?: WriteOptions): Promise<Canceled> {
    const { postId, ...body } = params;
    return this.client.request("DELETE", path`/v1/scheduled-posts/${postId}`, { body, options });
  }

  /**
   * Return what happened to a post, step by step.
   *
   * `GET /v1/scheduled-posts/{postId}/events`, scope `publish:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getScheduledPostEvents(params: GetScheduledPostEventsParams, options?: RequestOptions): Promise<Story> {
    const { postId } = params;
    return this.client.request("GET", path`/v1/scheduled-posts/${postId}/events`, { options });
  }

  /**
   * List a project's posts, newest scheduledFor first.
   *
   * `GET /v1/projects/{projectId}/scheduled-posts`, scope `publish:read`.
   * Its own errors: `NOT_FOUND`.
   */
  listScheduledPosts(params: ListScheduledPostsParams, options?: RequestOptions): Pages<ScheduledPost> {
    const { projectId, ...query } = params;
    return this.client.list(path`/v1/projects/${projectId}/scheduled-posts`, { query, options });
  }

  /**
   * Move a queued post.
   *
   * `POST /v1/scheduled-posts/{postId}/reschedule`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  reschedule(params: RescheduleParams, options?: WriteOptions): Promise<Rescheduled> {
    const { postId, ...body } = params;
    return this.client.request("POST", path`/v1/scheduled-posts/${postId}/reschedule`, { body, options });
  }

  /**
   * Try a failed post again.
   *
   * `POST /v1/scheduled-posts/{postId}/retry`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `CONTENT_REJECTED`, `CREDENTIAL_INVALID`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `CONTAINER_DELETED`, `CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`,
   * `OUTCOME_UNKNOWN`, `PROJECT_ARCHIVED`.
   */
  retry(params: RetryParams, options?: WriteOptions): Promise<ScheduledPost> {
    const { postId, ...body } = params;
    return this.client.request("POST", path`/v1/scheduled-posts/${postId}/retry`, { body, options });
  }

  /**
   * Settle an unknown outcome by what a person saw on the platform.
   *
   * `POST /v1/scheduled-posts/{postId}/resolve`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  resolve(params: ResolveParams, options?: WriteOptions): Promise<ScheduledPost> {
    const { postId, ...body } = params;
    return this.client.request("POST", path`/v1/scheduled-posts/${postId}/resolve`, { body, options });
  }
}
