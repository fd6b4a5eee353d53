/** The client, and what its calls have besides what the contract says. */
import {
  Client,
  type ClientOptions,
  type Progress,
  type RequestOptions,
  sleep,
  type WriteOptions,
} from "./client.js";
import { WaitTimeoutError } from "./errors.js";
import { Events } from "./events.js";
import { ApiKeys } from "./generated/apiKeys.js";
import { Approval } from "./generated/approval.js";
import { Audit } from "./generated/audit.js";
import { ContentCalls } from "./generated/content.js";
import { Platforms } from "./generated/platforms.js";
import { Projects } from "./generated/projects.js";
import { PublishingCalls } from "./generated/publishing.js";
import { Social } from "./generated/social.js";
import type { Container, PostStatus, ScheduledPost } from "./generated/types.js";
import { WebhooksCalls } from "./generated/webhooks.js";
import { type FileGiven, formOf } from "./files.js";
import { path } from "./path.js";
import { verify } from "./verify.js";

/**
 * Layers, for one API key.
 *
 *     const layers = new Layers(); // LAYERS_API_KEY, LAYERS_BASE_URL
 *     await layers.publishing.publishNow({ containerId, targets: [{ socialAccountId, mode: "direct_publish" }] });
 *
 * To bundle less, take a `Client` and the parts you call: `new Publishing(new Client())`.
 */
export class Layers {
  readonly publishing: Publishing;
  readonly content: Content;
  readonly approval: Approval;
  readonly projects: Projects;
  readonly social: Social;
  readonly platforms: Platforms;
  readonly webhooks: Webhooks;
  readonly events: Events;
  readonly apiKeys: ApiKeys;
  readonly audit: Audit;

  constructor(options: ClientOptions = {}) {
    const client = new Client(options);
    this.publishing = new Publishing(client);
    this.content = new Content(client);
    this.approval = new Approval(client);
    this.projects = new Projects(client);
    this.social = new Social(client);
    this.platforms = new Platforms(client);
    this.webhooks = new Webhooks(client);
    this.events = new Events(client);
    this.apiKeys = new ApiKeys(client);
    this.audit = new Audit(client);
  }
}

/** How long to wait for a post. */
export interface WaitOptions extends RequestOptions {
  /** Milliseconds to wait in all; ten minutes. One request may take as long as the client says. */
  timeout?: number;
}

const ENDS: readonly PostStatus[] = ["published", "draft_in_inbox", "failed", "canceled"];

/** Publish now or at a time, and follow each post to its end. */
export class Publishing extends PublishingCalls {
  /**
   * Wait until a post has come to its end, and return it: `published`, `draft_in_inbox`, `failed` or `canceled`.
   *
   * Throws WaitTimeoutError when that takes too long; the post goes on. Webhooks are cheaper where you can receive them.
   */
  async waitUntilDone(
    post: string | { id: string },
    { timeout = 600_000, ...options }: WaitOptions = {},
  ): Promise<ScheduledPost> {
    const postId = typeof post === "string" ? post : post.id;
    const until = Date.now() + timeout;
    for (let pause = 250; ; pause = Math.min(pause * 1.5, 5000)) {
      const found = await this.getScheduledPost({ postId }, options);
      if (ENDS.includes(found.status)) return found;
      if (Date.now() + pause > until) {
        throw new WaitTimeoutError(`${postId} is still ${found.status} after ${timeout} ms.`, found);
      }
      await sleep(pause, options.signal);
    }
  }
}

/** What to upload. */
export interface UploadParams {
  /** The project's id. */
  projectId: string;
  /** 1–10 files, in order: paths, Files, Blobs, bytes or streams. A stream is read into memory first. */
  files: FileGiven[];
  caption?: string;
  firstComment?: string;
}

/** What an upload may be given. */
export interface UploadOptions extends WriteOptions {
  /** Hears how far the upload is. After a lost connection it begins again. */
  onProgress?: (progress: Progress) => void;
}

/** Containers: media and words, made once and published to many accounts. */
export class Content extends ContentCalls {
  /**
   * Make a container from files.
   *
   * `POST /v1/projects/{projectId}/content`, scope `content:write`.
   */
  async upload(
    { projectId, files, ...words }: UploadParams,
    { onProgress, ...options }: UploadOptions = {},
  ): Promise<Container> {
    const { form, total } = await formOf(files, words);
    const onBytes = (sent: number) => onProgress?.({ sent: Math.min(sent, total), total });
    const container = await this.client.upload<Container>(path`/v1/projects/${projectId}/content`, form, onBytes, options);
    onProgress?.({ sent: total, total });
    return container;
  }
}

/** Be told instead of asking. */
export class Webhooks extends WebhooksCalls {
  /** Check a webhook's signature and return its event; throws WebhookSignatureError. */
  readonly verify = verify;
}
