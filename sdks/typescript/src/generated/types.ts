// Written by generate.py from openapi.json. Change the API, then run `make docs`.

export type PostStatus = "canceled" | "draft_in_inbox" | "failed" | "published" | "publishing" | "queued";

export type ContainerStatus = "canceled" | "completed" | "failed" | "generating" | "queued";

export type ApprovalStatus = "approved" | "not_required" | "pending" | "rejected";

export type AccountStatus = "connected" | "disconnected" | "reauth_required";

export type RateLimitTier = "partner" | "pilot" | "standard" | "unlimited";

export type DeliveryStatus = "delivered" | "failed" | "pending";

export type EventType =
  | "content.approved"
  | "content.completed"
  | "content.failed"
  | "content.rejected"
  | "post.canceled"
  | "post.draft_ready"
  | "post.failed"
  | "post.late"
  | "post.published"
  | "post.scheduled"
  | "social_account.connected"
  | "social_account.needs_reauth"
  | "social_account.revoked"
  | "test.ping";

/** The account was connected, or connected again. */
export interface AccountConnectedData {
  projectId: string | null;
  socialAccountId: string;
  platform: string;
  handle: string;
  /** Posts that waited for the reconnect and go out now. */
  releasedScheduledPosts: number;
}

/**
 * Answer of `GET /v1/social-accounts/:id/health`.
 *
 * `reconnectBefore`: by then a person must have reconnected the account; until then Layers renews tokens by
 * itself.
 * `postsLeftToday` is of the modes that publish, `postsLeftTodayByMode` of each with a cap; null: there is
 * none.
 */
export interface AccountHealth {
  socialAccountId: string;
  status: AccountStatus;
  token: "expired" | "expiring" | "missing" | "refused" | "unlimited" | "unreadable" | "valid";
  tokenExpiresAt: string | null;
  reconnectBefore: string | null;
  lastPublishedAt: string | null;
  postsLeftToday: number | null;
  postsLeftTodayByMode: Record<string, number>;
  postsWaiting: number;
  holdUntil: string | null;
}

/**
 * A person must reconnect the account: now (`reauth_required`), or by `reconnectBefore` (still `connected`).
 */
export interface AccountNeedsReauthData {
  projectId: string | null;
  socialAccountId: string;
  platform: string;
  reason: string | null;
  status: string;
  reconnectBefore?: string;
}

/** The account was disconnected. */
export interface AccountRevokedData {
  projectId: string | null;
  socialAccountId: string;
  platform: string;
  canceledScheduledPosts: number;
}

/** A key, without its secret. */
export interface ApiKey {
  apiKeyId: string;
  name: string;
  environment: string;
  /** How the key begins, to recognise it by. */
  prefix: string;
  scopes: string[];
  rateLimitTier: RateLimitTier;
  returnHosts: string[];
  status: "active" | "expired" | "killed";
  createdAt: string;
  expiresAt: string | null;
  killedAt: string | null;
  lastUsedAt: string | null;
}

/** A project's approval policy. */
export interface ApprovalPolicy {
  projectId: string;
  requiresApproval: boolean;
  firstNPostsBlocked: number | null;
  autoApproveAfter: string | null;
  updatedAt: string;
}

/** Answer of approve. */
export interface Approved {
  id: string;
  approvalStatus: ApprovalStatus;
  approvedAt: string;
  approvedBy: string;
  pendingSchedulePromotion?: Promotion;
}

/** Answer of `DELETE /v1/projects/:id`. */
export interface ArchivedProject {
  id: string;
  status: string;
  archivedAt: string;
  canceledScheduledPosts: number;
}

/** One media item. `url` is signed and expires. */
export interface Asset {
  id: string;
  kind: string;
  url: string;
  mimeType: string;
  width: number | null;
  height: number | null;
  durationMs: number | null;
  sizeBytes: number;
  sha256: string;
}

/** One line of the audit log. */
export interface AuditEvent {
  eventId: string;
  eventType: string;
  occurredAt: string;
  requestId: string | null;
  organizationId: string;
  projectId: string | null;
  apiKeyId: string | null;
  actor: string;
  data: Record<string, unknown>;
}

/** Answer of oauth-url and reauth-url. */
export interface AuthorizeUrl {
  authorizeUrl: string;
  state: string;
  expiresAt: string;
}

/** Answer of cancel. */
export interface Canceled {
  id: string;
  status: PostStatus;
  canceledAt: string;
}

/**
 * How an account is connected.
 *
 * `consent`: by `oauth-url`, whose `service` is the account's server (`required`, `optional`) or the way that
 * consent
 * goes (`one_of`, from `services`). `credential`: the fields of a credential one may connect with, and what
 * each is.
 */
export interface Connecting {
  consent: boolean;
  service: "none" | "one_of" | "optional" | "required";
  services: string[];
  credential: Record<string, string>;
}

/** A container. */
export interface Container {
  id: string;
  projectId: string;
  status: ContainerStatus;
  kind: string;
  caption: string;
  firstComment: string | null;
  assets: Asset[];
  approvalStatus: ApprovalStatus;
  pendingSchedule: PendingSchedule | null;
  platformFit: Record<string, Record<string, Fit>>;
  createdAt: string;
  completedAt: string | null;
  failedAt: string | null;
  lastError: Record<string, unknown> | null;
}

/** Somebody, or the project's timer, approved the container. */
export interface ContentApprovedData {
  projectId: string | null;
  containerId: string;
  approvedBy: string;
  note: string | null;
}

export interface ContentApprovedEvent {
  /** The same at every try. */
  id: string;
  type: "content.approved";
  createdAt: string;
  data: ContentApprovedData;
}

/** The container can be published. */
export interface ContentCompletedData {
  projectId: string | null;
  containerId: string;
  kind: string;
  /** How many media items it has. */
  assets: number;
}

export interface ContentCompletedEvent {
  /** The same at every try. */
  id: string;
  type: "content.completed";
  createdAt: string;
  data: ContentCompletedData;
}

/** The container came to nothing. */
export interface ContentFailedData {
  projectId: string | null;
  containerId: string;
  error: Record<string, unknown>;
}

export interface ContentFailedEvent {
  /** The same at every try. */
  id: string;
  type: "content.failed";
  createdAt: string;
  data: ContentFailedData;
}

/** Somebody rejected the container. */
export interface ContentRejectedData {
  projectId: string | null;
  containerId: string;
  rejectedBy: string;
  reason: string;
}

export interface ContentRejectedEvent {
  /** The same at every try. */
  id: string;
  type: "content.rejected";
  createdAt: string;
  data: ContentRejectedData;
}

/**
 * Something about the container changed that no other event tells: its words, a kept intent; or it was
 * deleted.
 */
export interface ContentUpdatedData {
  projectId: string | null;
  containerId: string;
}

export interface ContentUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  type: "content.updated";
  createdAt: string;
  data: ContentUpdatedData;
}

/** Posts an account may make in any 24 hours, in all of `modes` together. */
export interface DailyCap {
  posts: number;
  modes: string[];
  source: string;
  checked: string;
}

/** Answer of `DELETE /v1/content/:id`. */
export interface DeletedContainer {
  id: string;
  deletedAt: string;
}

/** Answer of `DELETE /v1/webhook-endpoints/:id`. */
export interface DeletedEndpoint {
  id: string;
  deleted: boolean;
}

/** A key that is no more. */
export interface DeletedKey {
  apiKeyId: string;
  deletedAt: string;
}

/** One try: the answer's status and the beginning of its body, or what went wrong. */
export interface DeliveryTry {
  at: string;
  durationMs: number;
  status: number | null;
  response: string | null;
  error: string | null;
}

/** How dispatch is doing. */
export interface Dispatch {
  status: string;
  lagSeconds: number;
  oldestDueAt: string | null;
  workers: number;
  lastDispatchAt: string | null;
}

/** One file a caller is going to send. */
export interface FileToSend {
  filename: string;
  contentType: string;
  sizeBytes: number;
}

/** Whether a container fits one mode of one platform, and if not, why. */
export interface Fit {
  fits: boolean;
  problems: string[];
  /** What Layers changes on the way out because the platform demands it. */
  changes: string[];
}

/** A media item to save. `url` is signed and expires. */
export interface HandoffMedia {
  url: string;
  mimeType: string;
}

/** One fault: where (`targets[0].mode`), in words, and a stable code. */
export interface Issue {
  path: string;
  message: string;
  code: string;
}

/** Why the last try did not succeed, and whether Layers goes on trying. */
export interface LastError {
  code: string;
  message: string;
  platformCode: string | null;
  retryable: boolean;
  at: string;
}

/** What a media item must be. `remadeFrom`: other types that Layers turns into JPEG. */
export interface MediaLimits {
  mimeTypes: string[];
  remadeFrom: string[];
  maxBytes: number;
  seconds: number[] | null;
  sidePx: number[] | null;
  widthPx: number[] | null;
  maxPixels: number | null;
  ratio: number[] | null;
  frameRate: number[] | null;
  codecs: string[] | null;
  source: string;
  checked: string;
}

/** Where one item is fetched from. */
export interface MediaUrl {
  url: string;
}

/**
 * One mode. `kinds`: least and most items of each kind of content. `handoff`: a person posts it there by
 * hand.
 */
export interface PlatformMode {
  mode: string;
  about: string;
  endsIn: string;
  handoff: string | null;
  kinds: Record<string, number[]>;
  carouselOf: string[];
  caption: Record<string, TextLimits | null>;
  firstComment: TextLimits | null;
  media: Record<string, MediaLimits>;
  options: Record<string, PlatformOption>;
}

/** Answer of `GET /v1/social/oauth-status/:state`. */
export interface OAuthStatus {
  state: string;
  status: "completed" | "failed" | "pending";
  expiresAt: string;
  socialAccountId?: string;
  socialAccountIds?: string[];
  error?: Record<string, unknown>;
}

/**
 * One field of `platformOptions`.
 *
 * `perItem`: one text for each media item. `inVideo`: milliseconds within the video. `text`: bounds each
 * text.
 * `inCaption`: the unit in which the text counts as part of the caption. `notWith`: values of other options
 * that
 * exclude it.
 */
export interface PlatformOption {
  type: string;
  about: string;
  choices: string[] | null;
  least: number | null;
  inVideo: boolean;
  mostItems: number | null;
  perItem: boolean;
  text: TextLimits | null;
  pattern: string | null;
  inCaption: string | null;
  notWith: Record<string, string>;
  source: string;
  checked: string;
}

/** The intent kept on a container that waits for approval. `scheduledFor` null: as soon as it is approved. */
export interface PendingSchedule {
  scheduledFor: string | null;
  targets: Target[];
  createdAt: string;
}

/** A test, sent by `POST /v1/webhook-endpoints/:id/test`. */
export interface PingData {
  projectId: string | null;
  webhookEndpointId: string;
}

/** One platform. `ownLimits`: servers may set others; an account's own hold then. */
export interface Platform {
  platform: string;
  title: string;
  ownLimits: boolean;
  connect: Connecting;
  dailyCaps: DailyCap[];
  modes: PlatformMode[];
}

/** Every platform. */
export interface PlatformList {
  items: Platform[];
}

/** The post was withdrawn before anything irreversible was sent. */
export interface PostCanceledData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
  reason: string | null;
  /** Who: `api_key_…`. */
  by: string;
}

export interface PostCanceledEvent {
  /** The same at every try. */
  id: string;
  type: "post.canceled";
  createdAt: string;
  data: PostCanceledData;
}

/** A person has to finish the post: in the platform's inbox (`externalId`), or at `handoffUrl`. */
export interface PostDraftReadyData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
  externalId?: string;
  handoffUrl?: string;
  caption?: string;
  firstComment?: string | null;
  media?: HandoffMedia[];
}

export interface PostDraftReadyEvent {
  /** The same at every try. */
  id: string;
  type: "post.draft_ready";
  createdAt: string;
  data: PostDraftReadyData;
}

/** The post as it is now. */
export interface PostEventData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
}

/** The post will not be tried again by itself. */
export interface PostFailedData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
  error: LastError;
}

export interface PostFailedEvent {
  /** The same at every try. */
  id: string;
  type: "post.failed";
  createdAt: string;
  data: PostFailedData;
}

/** The post has been due for five minutes and still waits for its turn; it goes out all the same. */
export interface PostLateData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
  secondsAfterDue: number;
}

export interface PostLateEvent {
  /** The same at every try. */
  id: string;
  type: "post.late";
  createdAt: string;
  data: PostLateData;
}

/** The post is public. */
export interface PostPublishedData {
  projectId: string | null;
  scheduledPostId: string;
  containerId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  scheduledFor: string;
  externalId: string | null;
  externalUrl: string | null;
}

export interface PostPublishedEvent {
  /** The same at every try. */
  id: string;
  type: "post.published";
  createdAt: string;
  data: PostPublishedData;
}

export interface PostScheduledEvent {
  /** The same at every try. */
  id: string;
  type: "post.scheduled";
  createdAt: string;
  data: PostEventData;
}

/**
 * Something about the post changed that no other event tells: it is being published, is tried again later,
 * has
 * another time. Read it anew.
 */
export interface PostUpdatedData {
  projectId: string | null;
  scheduledPostId: string;
}

export interface PostUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  type: "post.updated";
  createdAt: string;
  data: PostUpdatedData;
}

/** A project. */
export interface Project {
  id: string;
  name: string;
  timezone: string;
  customerExternalId: string | null;
  metadata: Record<string, unknown>;
  publishLeadSeconds: number;
  status: "active" | "archived" | "erased" | "erasing";
  createdAt: string;
  updatedAt: string;
  archivedAt: string | null;
  erasedAt: string | null;
}

/** What became of a kept intent when its container was approved. */
export interface Promotion {
  status: "failed" | "ok";
  scheduledPostIds?: string[];
  error?: Record<string, unknown>;
}

/** Answer of publish and schedule. */
export interface Queued {
  scheduledPostIds: string[];
  gateStatus: "blocked_on_approval" | "queued";
  scheduledFor: string;
}

/** Answer of reject. */
export interface Rejected {
  id: string;
  approvalStatus: ApprovalStatus;
  rejectedAt: string;
  rejectedBy: string;
  reason: string;
}

/** What happened since `lastEventId` cannot be told: read everything anew. What follows is whole. */
export interface ReloadData {
  projectId: string | null;
  reason: "too_many" | "unknown_event";
}

export interface ReloadEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  type: "reload";
  createdAt: string;
  data: ReloadData;
}

/** Answer of reschedule. */
export interface Rescheduled {
  id: string;
  status: PostStatus;
  scheduledFor: string;
  updatedAt: string;
}

/** Answer of `DELETE /v1/social-accounts/:id`. */
export interface RevokedAccount {
  socialAccountId: string;
  status: AccountStatus;
  disconnectedReason: string;
  canceledScheduledPosts: number;
  disconnectedAt: string;
}

/** Answer of `POST …/rotate-secret`; until then the secret before signs as well. */
export interface RotatedSecret {
  id: string;
  secret: string;
  previousSecretValidUntil: string;
}

/** A post on its way to one account. */
export interface ScheduledPost {
  id: string;
  containerId: string;
  projectId: string;
  socialAccountId: string;
  platform: string;
  mode: string;
  status: PostStatus;
  caption: string;
  firstComment: string | null;
  externalId: string | null;
  externalUrl: string | null;
  scheduledFor: string;
  attemptedAt: string | null;
  publishedAt: string | null;
  canceledAt: string | null;
  attempts: number;
  nextAttemptAt: string | null;
  lastError: LastError | null;
  createdAt: string;
  updatedAt: string;
}

/** What was sent with the payload at the last try. */
export interface SentRequest {
  url: string;
  headers: Record<string, string>;
}

/** For whom the session speaks, and until when at the latest. */
export interface Session {
  organizationId: string;
  organizationName: string;
  environment: string;
  scopes: string[];
  rateLimitTier: string;
  apiKeyId: string;
  endsAt: string;
}

/** A key with its secret, which is shown this once. */
export interface ShownKey {
  apiKey: ApiKey;
  key: string;
}

/** A connected account. */
export interface SocialAccount {
  socialAccountId: string;
  projectId: string;
  platform: string;
  handle: string;
  displayName: string;
  avatarUrl: string | null;
  status: AccountStatus;
  postDefaults: Record<string, unknown>;
  connectedAt: string;
  tokenExpiresAt: string | null;
  disconnectedReason?: string;
  disconnectedAt?: string;
}

export interface SocialAccountConnectedEvent {
  /** The same at every try. */
  id: string;
  type: "social_account.connected";
  createdAt: string;
  data: AccountConnectedData;
}

export interface SocialAccountNeedsReauthEvent {
  /** The same at every try. */
  id: string;
  type: "social_account.needs_reauth";
  createdAt: string;
  data: AccountNeedsReauthData;
}

export interface SocialAccountRevokedEvent {
  /** The same at every try. */
  id: string;
  type: "social_account.revoked";
  createdAt: string;
  data: AccountRevokedData;
}

/** Something about the account changed that no other event tells. */
export interface SocialAccountUpdatedData {
  projectId: string | null;
  socialAccountId: string;
}

export interface SocialAccountUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  type: "social_account.updated";
  createdAt: string;
  data: SocialAccountUpdatedData;
}

/** Answer of `GET /v1/scheduled-posts/:id/events`. */
export interface Story {
  items: StoryEvent[];
}

/** One step of what happened to a post. */
export interface StoryEvent {
  at: string;
  type: string;
  message: string;
  data: Record<string, unknown>;
}

/** Where a container goes, and how. */
export interface Target {
  socialAccountId: string;
  mode: string;
  scheduledPostId?: string | null;
  captionOverride?: string | null;
  firstCommentOverride?: string | null;
  platformOptions?: Record<string, unknown>;
  allowDuplicate?: boolean;
}

export interface TestPingEvent {
  /** The same at every try. */
  id: string;
  type: "test.ping";
  createdAt: string;
  data: PingData;
}

/** How long a text may be. */
export interface TextLimits {
  limit: number;
  unit: string;
  maxBytes: number | null;
  required: boolean;
  maxHashtags: number | null;
  maxMentions: number | null;
  source: string;
  checked: string;
}

/** Where and how one file is sent. `resumableUrl` is always our own and takes HEAD and PATCH as well. */
export interface Upload {
  assetId: string;
  uploadUrl: string;
  method: string;
  headers: Record<string, string>;
  expiresAt: string;
  resumableUrl: string;
}

/** Answer of `POST /v1/projects/:projectId/content/uploads`. */
export interface Uploads {
  containerId: string;
  uploads: Upload[];
}

/** Answer of validate. */
export interface Verdict {
  valid: boolean;
  issues: Issue[];
  gate: "open" | "pending" | "rejected";
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  id: string;
  webhookEndpointId: string;
  eventId: string;
  eventType: string;
  status: DeliveryStatus;
  attempts: number;
  nextAttemptAt: string | null;
  deliveredAt: string | null;
  createdAt: string;
  payload: WebhookEvent;
  request: SentRequest | null;
  tries: DeliveryTry[];
}

/** An endpoint; `failures` counts the tries in a row that failed. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  events: string[];
  description: string | null;
  projectId: string | null;
  status: "active" | "paused";
  pausedAt: string | null;
  failures: number;
  createdAt: string;
  updatedAt: string;
  /** Shown once, in the answer that made it. */
  secret?: string;
}

/** What the presented key is. */
export interface Whoami {
  organizationId: string;
  organizationName: string;
  environment: string;
  scopes: string[];
  rateLimitTier: string;
  apiKeyId: string;
}

/** Answer of `DELETE /v1/content/:id/pending-schedule`. */
export interface Withdrawn {
  id: string;
  pendingSchedule?: null;
}

/** What an endpoint receives. `type` tells which `data` it has. */
export type WebhookEvent =
  | ContentApprovedEvent
  | ContentCompletedEvent
  | ContentFailedEvent
  | ContentRejectedEvent
  | PostCanceledEvent
  | PostDraftReadyEvent
  | PostFailedEvent
  | PostLateEvent
  | PostPublishedEvent
  | PostScheduledEvent
  | SocialAccountConnectedEvent
  | SocialAccountNeedsReauthEvent
  | SocialAccountRevokedEvent
  | TestPingEvent;

/** What `GET /v1/events/stream` tells. `type` tells which `data` it has. */
export type StreamEvent =
  | ContentApprovedEvent
  | ContentCompletedEvent
  | ContentFailedEvent
  | ContentRejectedEvent
  | ContentUpdatedEvent
  | PostCanceledEvent
  | PostDraftReadyEvent
  | PostFailedEvent
  | PostLateEvent
  | PostPublishedEvent
  | PostScheduledEvent
  | PostUpdatedEvent
  | ReloadEvent
  | SocialAccountConnectedEvent
  | SocialAccountNeedsReauthEvent
  | SocialAccountRevokedEvent
  | SocialAccountUpdatedEvent;
