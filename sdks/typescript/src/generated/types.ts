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
  /** The project's id. */
  projectId: string | null;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** What the account is called on its platform. */
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
  /** The account's id. */
  socialAccountId: string;
  /** How it stands. */
  status: AccountStatus;
  /**
   * How the token stands: `valid`, `expiring`, `expired`, `refused`, `unreadable`, `missing` or `unlimited`.
   */
  token: "expired" | "expiring" | "missing" | "refused" | "unlimited" | "unreadable" | "valid";
  /** Until when the token is good; null: without end, or not known. Layers renews it before. */
  tokenExpiresAt: string | null;
  /** By then a person must have reconnected the account; null: Layers renews it by itself. */
  reconnectBefore: string | null;
  /** When a post of it last came out; null: never. */
  lastPublishedAt: string | null;
  /** How many posts the platform still takes today; null: it has no cap. */
  postsLeftToday: number | null;
  /** The same for each mode with a cap. */
  postsLeftTodayByMode: Record<string, number>;
  /** How many posts wait for this account. */
  postsWaiting: number;
  /** Until when the account keeps still, at the platform's wish; null: it does not. */
  holdUntil: string | null;
}

/**
 * A person must reconnect the account: now (`reauth_required`), or by `reconnectBefore` (still `connected`).
 */
export interface AccountNeedsReauthData {
  /** The project's id. */
  projectId: string | null;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** Why the account must be reconnected. */
  reason: string | null;
  /** How it stands. */
  status: string;
  /** By then a person must have reconnected the account; null: Layers renews it by itself. */
  reconnectBefore?: string;
}

/** The account was disconnected. */
export interface AccountRevokedData {
  /** The project's id. */
  projectId: string | null;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How many queued posts were canceled with it. */
  canceledScheduledPosts: number;
}

/** A key, without its secret. */
export interface ApiKey {
  /** The key's id. */
  apiKeyId: string;
  /** A name for people. */
  name: string;
  /** `test` or `live`. */
  environment: string;
  /** How the key begins, to recognise it by. */
  prefix: string;
  /** What the key may do; `*`: everything. */
  scopes: string[];
  /** `standard`, `pilot`, `partner` or `unlimited`: how much it may ask a minute. */
  rateLimitTier: RateLimitTier;
  /** Hosts to which people may be sent back after a consent. */
  returnHosts: string[];
  /** `active`, `expired` or `killed`. */
  status: "active" | "expired" | "killed";
  /** When it was made. */
  createdAt: string;
  /** Until when it is good; null: it does not end. */
  expiresAt: string | null;
  /** When it was killed; null: it was not. */
  killedAt: string | null;
  /** When it was last used, to the minute or so; null: never. */
  lastUsedAt: string | null;
}

/** A project's approval policy. */
export interface ApprovalPolicy {
  /** The project's id. */
  projectId: string;
  /** Whether new containers wait for approval. */
  requiresApproval: boolean;
  /** After so many approved containers new ones are free; 0 or null: all wait. */
  firstNPostsBlocked: number | null;
  /** After this time a waiting container is approved by itself, such as `PT36H`; null: never. */
  autoApproveAfter: string | null;
  /** When it last changed. */
  updatedAt: string;
}

/** Answer of approve. */
export interface Approved {
  /** Its id. */
  id: string;
  /** `not_required`, `pending`, `approved` or `rejected`. */
  approvalStatus: ApprovalStatus;
  /** When it was approved. */
  approvedAt: string;
  /** Who approved it: `api_key_…`, or the timer. */
  approvedBy: string;
  /** What became of the intent that waited. Absent: none did. */
  pendingSchedulePromotion?: Promotion;
}

/** Answer of `DELETE /v1/projects/:id`. */
export interface ArchivedProject {
  /** Its id. */
  id: string;
  /** How it stands. */
  status: string;
  /** When it was archived; null: it is not. */
  archivedAt: string;
  /** How many queued posts were canceled with it. */
  canceledScheduledPosts: number;
}

/** One media item. `url` is signed and expires. */
export interface Asset {
  /** Its id. */
  id: string;
  /** `video` or `image`. */
  kind: string;
  /** A signed link to the bytes, good for at least an hour. */
  url: string;
  /** What it is by its bytes, whatever it was called. */
  mimeType: string;
  /** In pixels; null: not known. */
  width: number | null;
  /** In pixels; null: not known. */
  height: number | null;
  /** How long it lasts, in milliseconds; null: it does not. */
  durationMs: number | null;
  /** How many bytes it has. */
  sizeBytes: number;
  /** The SHA-256 of the bytes, in hex. */
  sha256: string;
}

/** One line of the audit log. */
export interface AuditEvent {
  /** The event's id. */
  eventId: string;
  /** What it tells of. */
  eventType: string;
  /** When it happened. */
  occurredAt: string;
  /** The request it came from, as in `X-Request-Id`; null where a timer or a worker acted. */
  requestId: string | null;
  /** The organisation's id. */
  organizationId: string;
  /** The project it happened in; null: in none. */
  projectId: string | null;
  /** The key that did it; null: none did. */
  apiKeyId: string | null;
  /** Who did it: `api_key_…`, a worker or a timer. */
  actor: string;
  /** What there is to say of it; the keys depend on the type. */
  data: Record<string, unknown>;
}

/** Answer of oauth-url and reauth-url. */
export interface AuthorizeUrl {
  /** Send the person here, within ten minutes. */
  authorizeUrl: string;
  /** Names this consent; ask for it with `GET /v1/social/oauth-status/:state`. */
  state: string;
  /** Until when the person must have consented. */
  expiresAt: string;
}

/** Answer of cancel. */
export interface Canceled {
  /** Its id. */
  id: string;
  /** How it stands. */
  status: PostStatus;
  /** When it was canceled; null: it was not. */
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
  /** Whether a person can connect an account by consent. */
  consent: boolean;
  /** The account's server where a platform has many, or the door where it has several. */
  service: "none" | "one_of" | "optional" | "required";
  /** What `service` of a consent may be; none named: it is not needed. */
  services: string[];
  /**
   * What the platform gave you, by name; which names it takes is on the platforms' page. With a test key:
   * `{"handle": "…"}`.
   */
  credential: Record<string, string>;
}

/** A container. */
export interface Container {
  /** Its id. */
  id: string;
  /** The project's id. */
  projectId: string;
  /** How it stands. */
  status: ContainerStatus;
  /** `video`, `image`, `carousel` or `text`. */
  kind: string;
  /** The text that goes with it. */
  caption: string;
  /** The first comment below the post; null: none. */
  firstComment: string | null;
  /** The media, in order. */
  assets: Asset[];
  /** `not_required`, `pending`, `approved` or `rejected`. */
  approvalStatus: ApprovalStatus;
  /** The intent that waits for approval; null: none does. */
  pendingSchedule: PendingSchedule | null;
  /** By platform and mode: whether the container fits, and why not. */
  platformFit: Record<string, Record<string, Fit>>;
  /** When it was made. */
  createdAt: string;
  /** When its media was ready; null before. */
  completedAt: string | null;
  /** When it failed; null: it did not. */
  failedAt: string | null;
  /** Why its media could not be had, with `code`, `message` and `retryable`; null: nothing went wrong. */
  lastError: Record<string, unknown> | null;
}

/** Somebody, or the project's timer, approved the container. */
export interface ContentApprovedData {
  /** The project's id. */
  projectId: string | null;
  /** The container's id. */
  containerId: string;
  /** Who approved it: `api_key_…`, or the timer. */
  approvedBy: string;
  /** The remark on the decision; null: none. */
  note: string | null;
}

export interface ContentApprovedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "content.approved";
  /** When it happened. */
  createdAt: string;
  data: ContentApprovedData;
}

/** The container can be published. */
export interface ContentCompletedData {
  /** The project's id. */
  projectId: string | null;
  /** The container's id. */
  containerId: string;
  /** `video`, `image`, `carousel` or `text`. */
  kind: string;
  /** How many media items it has. */
  assets: number;
}

export interface ContentCompletedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "content.completed";
  /** When it happened. */
  createdAt: string;
  data: ContentCompletedData;
}

/** The container came to nothing. */
export interface ContentFailedData {
  /** The project's id. */
  projectId: string | null;
  /** The container's id. */
  containerId: string;
  /** Why it failed. */
  error: Record<string, unknown>;
}

export interface ContentFailedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "content.failed";
  /** When it happened. */
  createdAt: string;
  data: ContentFailedData;
}

/** Somebody rejected the container. */
export interface ContentRejectedData {
  /** The project's id. */
  projectId: string | null;
  /** The container's id. */
  containerId: string;
  /** Who rejected it: `api_key_…`. */
  rejectedBy: string;
  /** Why, as it was given. */
  reason: string;
}

export interface ContentRejectedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "content.rejected";
  /** When it happened. */
  createdAt: string;
  data: ContentRejectedData;
}

/**
 * Something about the container changed that no other event tells: its words, a kept intent; or it was
 * deleted.
 */
export interface ContentUpdatedData {
  /** The project's id. */
  projectId: string | null;
  /** The container's id. */
  containerId: string;
}

export interface ContentUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  /** What happened. */
  type: "content.updated";
  /** When it happened. */
  createdAt: string;
  data: ContentUpdatedData;
}

/** Posts an account may make in any 24 hours, in all of `modes` together. */
export interface DailyCap {
  /** At most so many. */
  posts: number;
  /** The modes that count together. */
  modes: string[];
  /** Where the limit was read. */
  source: string;
  /** When it was read. */
  checked: string;
}

/** Answer of `DELETE /v1/content/:id`. */
export interface DeletedContainer {
  /** Its id. */
  id: string;
  /** When it was deleted. */
  deletedAt: string;
}

/** Answer of `DELETE /v1/webhook-endpoints/:id`. */
export interface DeletedEndpoint {
  /** Its id. */
  id: string;
  /** `true`. */
  deleted: boolean;
}

/** A key that is no more. */
export interface DeletedKey {
  /** The key's id. */
  apiKeyId: string;
  /** When it was deleted. */
  deletedAt: string;
}

/** One try: the answer's status and the beginning of its body, or what went wrong. */
export interface DeliveryTry {
  /** When. */
  at: string;
  /** How long the answer took, in milliseconds. */
  durationMs: number;
  /** The answer's status; null: there was none. */
  status: number | null;
  /** How the answer begins; null: there was none. */
  response: string | null;
  /** What went wrong before there was an answer; null: nothing. */
  error: string | null;
}

/** How dispatch is doing. */
export interface Dispatch {
  /** `ok`, or what is wrong. */
  status: string;
  /** How long the oldest due post has waited. */
  lagSeconds: number;
  /** When the oldest due post was due; null: none is. */
  oldestDueAt: string | null;
  /** How many workers live. */
  workers: number;
  /** When a post was last begun; null: never. */
  lastDispatchAt: string | null;
}

/** One file a caller is going to send. */
export interface FileToSend {
  /** What it is called. The bytes decide what it is. */
  filename: string;
  /** What it is, such as `video/mp4`. The bytes decide. */
  contentType: string;
  /** How many bytes it has. */
  sizeBytes: number;
}

/** Whether a container fits one mode of one platform, and if not, why. */
export interface Fit {
  /** Whether it fits. */
  fits: boolean;
  /** Why it does not fit, one sentence each. */
  problems: string[];
  /** What Layers changes on the way out because the platform demands it. */
  changes: string[];
}

/** A media item to save. `url` is signed and expires. */
export interface HandoffMedia {
  /** A signed link to the bytes, to save them. */
  url: string;
  /** What it is by its bytes, whatever it was called. */
  mimeType: string;
}

/** One fault: where (`targets[0].mode`), in words, and a stable code. */
export interface Issue {
  /** Which field, such as `targets[0].mode`. */
  path: string;
  /** What is wrong or what happened, for people. */
  message: string;
  /** What it is, for programs; stable. */
  code: string;
}

/** Why the last try did not succeed, and whether Layers goes on trying. */
export interface LastError {
  /** What it is, for programs; stable. */
  code: string;
  /** What is wrong or what happened, for people. */
  message: string;
  /** The platform's own word for it; null: it gave none. */
  platformCode: string | null;
  /** Whether Layers goes on trying by itself. */
  retryable: boolean;
  /** When. */
  at: string;
}

/** What a media item must be. `remadeFrom`: other types that Layers turns into JPEG. */
export interface MediaLimits {
  /** The types it takes. */
  mimeTypes: string[];
  /** Types that Layers turns into one it takes. */
  remadeFrom: string[];
  /** At most so many bytes. */
  maxBytes: number;
  /** From and to, in seconds. */
  seconds: number[] | null;
  /** From and to, in pixels, of each side. */
  sidePx: number[] | null;
  /** From and to, in pixels. */
  widthPx: number[] | null;
  /** At most so many pixels in all. */
  maxPixels: number | null;
  /** From and to: width by height. */
  ratio: number[] | null;
  /** From and to, in frames a second. */
  frameRate: number[] | null;
  /** The codecs it takes; none named: any. */
  codecs: string[] | null;
  /** Where the limit was read. */
  source: string;
  /** When it was read. */
  checked: string;
}

/** Where one item is fetched from. */
export interface MediaUrl {
  /** Where the item is fetched from: `https` and public. */
  url: string;
}

/**
 * One mode. `kinds`: least and most items of each kind of content. `handoff`: a person posts it there by
 * hand.
 */
export interface PlatformMode {
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** What it is, for people. */
  about: string;
  /** How a post of this mode ends when all is well. */
  endsIn: string;
  /** Where a person posts it by hand, as the platform has no inbox; null: nobody has to. */
  handoff: string | null;
  /** The kinds of container it takes, each with the least and the most media items. */
  kinds: Record<string, number[]>;
  /** Of which kinds a carousel may be. */
  carouselOf: string[];
  /** The caption's limits by kind of container; null: it has none. */
  caption: Record<string, TextLimits | null>;
  /** The first comment's limits; null: it has none. */
  firstComment: TextLimits | null;
  /** The limits of each kind of item. */
  media: Record<string, MediaLimits>;
  /** What `platformOptions` may hold, by name. */
  options: Record<string, PlatformOption>;
}

/** Answer of `GET /v1/social/oauth-status/:state`. */
export interface OAuthStatus {
  /** Names this consent; ask for it with `GET /v1/social/oauth-status/:state`. */
  state: string;
  /** How it stands. */
  status: "completed" | "failed" | "pending";
  /** Until when the person must have consented. */
  expiresAt: string;
  /** The account's id. */
  socialAccountId?: string;
  /** All accounts that came of one consent. */
  socialAccountIds?: string[];
  /** Why it came to nothing, with `code` and `message`. */
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
  /** The JSON type. */
  type: string;
  /** What it is, for people. */
  about: string;
  /** The values allowed; null: any of the type. */
  choices: string[] | null;
  /** The smallest number; null: none. */
  least: number | null;
  /** Whether it is a moment within the video. */
  inVideo: boolean;
  /** At most so many items. */
  mostItems: number | null;
  /** Whether there may be one for each media item. */
  perItem: boolean;
  /** The limits of its text. */
  text: TextLimits | null;
  /** The pattern it must match. */
  pattern: string | null;
  /** How its characters count within the caption; null: they do not. */
  inCaption: string | null;
  /** Options and values it excludes. */
  notWith: Record<string, string>;
  /** Where the limit was read. */
  source: string;
  /** When it was read. */
  checked: string;
}

/** The intent kept on a container that waits for approval. `scheduledFor` null: as soon as it is approved. */
export interface PendingSchedule {
  /** When the posts are to go out; null: as soon as the container is approved. */
  scheduledFor: string | null;
  /**
   * Where the container goes: 1–50. All are checked before anything is written; one that is wrong refuses
   * all.
   */
  targets: Target[];
  /** When it was made. */
  createdAt: string;
}

/** A test, sent by `POST /v1/webhook-endpoints/:id/test`. */
export interface PingData {
  /** The project's id. */
  projectId: string | null;
  /** The endpoint's id. */
  webhookEndpointId: string;
}

/** One platform. `ownLimits`: servers may set others; an account's own hold then. */
export interface Platform {
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** The platform's name for people. */
  title: string;
  /** Whether servers of this platform set limits of their own, which then hold for their accounts. */
  ownLimits: boolean;
  connect: Connecting;
  /** How many posts an account may make in 24 hours. */
  dailyCaps: DailyCap[];
  /** The ways it takes posts. */
  modes: PlatformMode[];
}

/** Every platform. */
export interface PlatformList {
  /** What was found, in order. */
  items: Platform[];
}

/** The post was withdrawn before anything irreversible was sent. */
export interface PostCanceledData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** Why, as it was given; null: nobody said. */
  reason: string | null;
  /** Who: `api_key_…`. */
  by: string;
}

export interface PostCanceledEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.canceled";
  /** When it happened. */
  createdAt: string;
  data: PostCanceledData;
}

/** A person has to finish the post: in the platform's inbox (`externalId`), or at `handoffUrl`. */
export interface PostDraftReadyData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** The platform's id of the post; null while it has none. */
  externalId?: string;
  /** A signed link for the person who posts by hand; absent where the platform has an inbox. */
  handoffUrl?: string;
  /** The text that goes with it. */
  caption?: string;
  /** The first comment below the post; null: none. */
  firstComment?: string | null;
  /** The media to post, in order. */
  media?: HandoffMedia[];
}

export interface PostDraftReadyEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.draft_ready";
  /** When it happened. */
  createdAt: string;
  data: PostDraftReadyData;
}

/** The post as it is now. */
export interface PostEventData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
}

/** The post will not be tried again by itself. */
export interface PostFailedData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** Why it failed. */
  error: LastError;
}

export interface PostFailedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.failed";
  /** When it happened. */
  createdAt: string;
  data: PostFailedData;
}

/** The post has been due for five minutes and still waits for its turn; it goes out all the same. */
export interface PostLateData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** How long the post has been due. */
  secondsAfterDue: number;
}

export interface PostLateEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.late";
  /** When it happened. */
  createdAt: string;
  data: PostLateData;
}

/** The post is public. */
export interface PostPublishedData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
  /** The container's id. */
  containerId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** The platform's id of the post; null while it has none. */
  externalId: string | null;
  /** Where the post can be seen; null while it is nowhere, or where the platform names no address. */
  externalUrl: string | null;
}

export interface PostPublishedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.published";
  /** When it happened. */
  createdAt: string;
  data: PostPublishedData;
}

export interface PostScheduledEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "post.scheduled";
  /** When it happened. */
  createdAt: string;
  data: PostEventData;
}

/**
 * Something about the post changed that no other event tells: it is being published, is tried again later,
 * has
 * another time. Read it anew.
 */
export interface PostUpdatedData {
  /** The project's id. */
  projectId: string | null;
  /** The scheduled post's id. */
  scheduledPostId: string;
}

export interface PostUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  /** What happened. */
  type: "post.updated";
  /** When it happened. */
  createdAt: string;
  data: PostUpdatedData;
}

/** A project. */
export interface Project {
  /** Its id. */
  id: string;
  /** A name for people. */
  name: string;
  /** An IANA name, such as `Europe/Berlin`. */
  timezone: string;
  /** Your own id of the customer; null: none. */
  customerExternalId: string | null;
  /** What you keep with it. */
  metadata: Record<string, unknown>;
  /** How many seconds publish waits, as a window to cancel in: 0–300. */
  publishLeadSeconds: number;
  /** `active`, `archived`, `erasing` or `erased`. */
  status: "active" | "archived" | "erased" | "erasing";
  /** When it was made. */
  createdAt: string;
  /** When it last changed. */
  updatedAt: string;
  /** When it was archived; null: it is not. */
  archivedAt: string | null;
  /** When everything in it was gone; null: it is not. */
  erasedAt: string | null;
}

/** What became of a kept intent when its container was approved. */
export interface Promotion {
  /** `ok`: the posts are queued. `failed`: they could not be; the approval stands and the intent is kept. */
  status: "failed" | "ok";
  /** The posts, in the order of the targets. */
  scheduledPostIds?: string[];
  /** Why not, like an error of publish. */
  error?: Record<string, unknown>;
}

/** Answer of publish and schedule. */
export interface Queued {
  /** The posts, in the order of the targets. */
  scheduledPostIds: string[];
  /**
   * `queued`: the posts are on their way. `blocked_on_approval`: the intent is kept until the container is
   * approved.
   */
  gateStatus: "blocked_on_approval" | "queued";
  /** When the posts go out. Of publish: now, and the project's `publishLeadSeconds`. */
  scheduledFor: string;
}

/** Answer of reject. */
export interface Rejected {
  /** Its id. */
  id: string;
  /** `not_required`, `pending`, `approved` or `rejected`. */
  approvalStatus: ApprovalStatus;
  /** When it was rejected. */
  rejectedAt: string;
  /** Who rejected it: `api_key_…`. */
  rejectedBy: string;
  /** Why, as it was given. */
  reason: string;
}

/** What happened since `lastEventId` cannot be told: read everything anew. What follows is whole. */
export interface ReloadData {
  /** The project's id. */
  projectId: string | null;
  /** Why, in your words. Kept in the audit log. */
  reason: "too_many" | "unknown_event";
}

export interface ReloadEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  /** What happened. */
  type: "reload";
  /** When it happened. */
  createdAt: string;
  data: ReloadData;
}

/** Answer of reschedule. */
export interface Rescheduled {
  /** Its id. */
  id: string;
  /** How it stands. */
  status: PostStatus;
  /** When it is to go out. */
  scheduledFor: string;
  /** When it last changed. */
  updatedAt: string;
}

/** Answer of `DELETE /v1/social-accounts/:id`. */
export interface RevokedAccount {
  /** The account's id. */
  socialAccountId: string;
  /** How it stands. */
  status: AccountStatus;
  /** Why it was disconnected. Absent: it is not. */
  disconnectedReason: string;
  /** How many queued posts were canceled with it. */
  canceledScheduledPosts: number;
  /** When it was disconnected. Absent: it is not. */
  disconnectedAt: string;
}

/** Answer of `POST …/rotate-secret`; until then the secret before signs as well. */
export interface RotatedSecret {
  /** Its id. */
  id: string;
  /** What its requests are signed with. Shown this once. */
  secret: string;
  /** Until then requests are signed with the secret before as well. */
  previousSecretValidUntil: string;
}

/** A post on its way to one account. */
export interface ScheduledPost {
  /** Its id. */
  id: string;
  /** The container's id. */
  containerId: string;
  /** The project's id. */
  projectId: string;
  /** The account's id. */
  socialAccountId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** How the platform takes it, such as `direct_publish`. */
  mode: string;
  /** How it stands. */
  status: PostStatus;
  /** The text that goes with it. */
  caption: string;
  /** The first comment below the post; null: none. */
  firstComment: string | null;
  /** The platform's id of the post; null while it has none. */
  externalId: string | null;
  /** Where the post can be seen; null while it is nowhere, or where the platform names no address. */
  externalUrl: string | null;
  /** When it is to go out. */
  scheduledFor: string;
  /** When the last try began; null before the first. */
  attemptedAt: string | null;
  /** When it was public or in the inbox; null before. */
  publishedAt: string | null;
  /** When it was canceled; null: it was not. */
  canceledAt: string | null;
  /** How often it was tried. */
  attempts: number;
  /** When it is tried next; null: at its time, or no more. */
  nextAttemptAt: string | null;
  /** Why the last try did not succeed; null: there was none, or it did. */
  lastError: LastError | null;
  /** When it was made. */
  createdAt: string;
  /** When it last changed. */
  updatedAt: string;
}

/** What was sent with the payload at the last try. */
export interface SentRequest {
  /** Where it was sent. */
  url: string;
  /** The headers it was sent with. */
  headers: Record<string, string>;
}

/** For whom the session speaks, and until when at the latest. */
export interface Session {
  /** The organisation's id. */
  organizationId: string;
  /** The organisation's name. */
  organizationName: string;
  /** `test` or `live`. */
  environment: string;
  /** What the key may do; `*`: everything. */
  scopes: string[];
  /** `standard`, `pilot`, `partner` or `unlimited`: how much it may ask a minute. */
  rateLimitTier: string;
  /** The key's id. */
  apiKeyId: string;
  /** Until when it lasts. */
  endsAt: string;
}

/** A key with its secret, which is shown this once. */
export interface ShownKey {
  /** The key, without its secret. */
  apiKey: ApiKey;
  /** The whole key. Shown this once; Layers keeps a hash. */
  key: string;
}

/** A connected account. */
export interface SocialAccount {
  /** The account's id. */
  socialAccountId: string;
  /** The project's id. */
  projectId: string;
  /** The platform's name, as `GET /v1/platforms` lists it. */
  platform: string;
  /** What the account is called on its platform. */
  handle: string;
  /** The name people see. */
  displayName: string;
  /** Its picture; null: none is known. */
  avatarUrl: string | null;
  /** `connected`, `reauth_required` (a person must consent again) or `disconnected`. */
  status: AccountStatus;
  /** Options that posts of this account have unless their target says otherwise. */
  postDefaults: Record<string, unknown>;
  /** When it was last connected. */
  connectedAt: string;
  /** Until when the token is good; null: without end, or not known. Layers renews it before. */
  tokenExpiresAt: string | null;
  /** Why it was disconnected. Absent: it is not. */
  disconnectedReason?: string;
  /** When it was disconnected. Absent: it is not. */
  disconnectedAt?: string;
}

export interface SocialAccountConnectedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "social_account.connected";
  /** When it happened. */
  createdAt: string;
  data: AccountConnectedData;
}

export interface SocialAccountNeedsReauthEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "social_account.needs_reauth";
  /** When it happened. */
  createdAt: string;
  data: AccountNeedsReauthData;
}

export interface SocialAccountRevokedEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "social_account.revoked";
  /** When it happened. */
  createdAt: string;
  data: AccountRevokedData;
}

/** Something about the account changed that no other event tells. */
export interface SocialAccountUpdatedData {
  /** The project's id. */
  projectId: string | null;
  /** The account's id. */
  socialAccountId: string;
}

export interface SocialAccountUpdatedEvent {
  /** Null for a hint that cannot be asked for again. */
  id: string | null;
  /** What happened. */
  type: "social_account.updated";
  /** When it happened. */
  createdAt: string;
  data: SocialAccountUpdatedData;
}

/** Answer of `GET /v1/scheduled-posts/:id/events`. */
export interface Story {
  /** What was found, in order. */
  items: StoryEvent[];
}

/** One step of what happened to a post. */
export interface StoryEvent {
  /** When. */
  at: string;
  /** What happened. */
  type: string;
  /** What is wrong or what happened, for people. */
  message: string;
  /** What there is to say of it; the keys depend on the type. */
  data: Record<string, unknown>;
}

/** Where a container goes, and how. */
export interface Target {
  /** The account to publish to, connected to the container's project. */
  socialAccountId: string;
  /** How: one of the platform's modes that takes the container's media. */
  mode: string;
  /** An id of your own for the post, unique in your organisation. Without it one is made. */
  scheduledPostId?: string | null;
  /** Another caption, for this target only. */
  captionOverride?: string | null;
  /** Another first comment, for this target only. */
  firstCommentOverride?: string | null;
  /**
   * What only this platform has; `GET /v1/platforms` lists the options of each mode. What is absent comes
   * from the account's `postDefaults`, else it is the most open choice the account offers.
   */
  platformOptions?: Record<string, unknown>;
  /**
   * Yes, this again: the same container to the same account in the same mode within ten minutes of another
   * live post is refused without it.
   */
  allowDuplicate?: boolean;
}

export interface TestPingEvent {
  /** The same at every try. */
  id: string;
  /** What happened. */
  type: "test.ping";
  /** When it happened. */
  createdAt: string;
  data: PingData;
}

/** How long a text may be. */
export interface TextLimits {
  /** At most so many, counted in `unit`. */
  limit: number;
  /** What is counted. */
  unit: string;
  /** At most so many bytes. */
  maxBytes: number | null;
  /** Whether it must be there. */
  required: boolean;
  /** At most so many hashtags. */
  maxHashtags: number | null;
  /** At most so many mentions. */
  maxMentions: number | null;
  /** Where the limit was read. */
  source: string;
  /** When it was read. */
  checked: string;
}

/** Where and how one file is sent. `resumableUrl` is always our own and takes HEAD and PATCH as well. */
export interface Upload {
  /** The asset's id. */
  assetId: string;
  /** Send the bytes here, once. Whoever holds the link may send this one file; no key is needed. */
  uploadUrl: string;
  /** The method to send them with. */
  method: string;
  /** The headers to send with them. */
  headers: Record<string, string>;
  /** Until when it is good; null: it does not end. */
  expiresAt: string;
  /** Always at Layers itself: takes the bytes in pieces, and tells how many there are. */
  resumableUrl: string;
}

/** Answer of `POST /v1/projects/:projectId/content/uploads`. */
export interface Uploads {
  /** The container's id. */
  containerId: string;
  /** Where each file is sent, in the order given. */
  uploads: Upload[];
}

/** Answer of validate. */
export interface Verdict {
  /** Whether publish or schedule would take it. */
  valid: boolean;
  /** Everything that is wrong, as `details.issues` of a `VALIDATION`. */
  issues: Issue[];
  /** What approval says: `open`, `pending` (the intent would be kept) or `rejected`. */
  gate: "open" | "pending" | "rejected";
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  /** Its id. */
  id: string;
  /** The endpoint's id. */
  webhookEndpointId: string;
  /** The event's id. */
  eventId: string;
  /** What it tells of. */
  eventType: string;
  /** `pending`, `delivered` or `failed`. */
  status: DeliveryStatus;
  /** How often it was tried. */
  attempts: number;
  /** When it is tried next; null: at its time, or no more. */
  nextAttemptAt: string | null;
  /** When it was answered with 2xx; null: not yet. */
  deliveredAt: string | null;
  /** When it was made. */
  createdAt: string;
  /** What is sent. */
  payload: WebhookEvent;
  /** The last try's request; null before the first. */
  request: SentRequest | null;
  /** The last ten tries, the newest last. */
  tries: DeliveryTry[];
}

/** An endpoint; `failures` counts the tries in a row that failed. */
export interface WebhookEndpoint {
  /** Its id. */
  id: string;
  /** Its address. */
  url: string;
  /** What it listens for. */
  events: string[];
  /** A remark for people. */
  description: string | null;
  /** Only what happens in this project; null: in all. */
  projectId: string | null;
  /** `active` or `paused`. */
  status: "active" | "paused";
  /** When it was paused; null: it is not. */
  pausedAt: string | null;
  /** How many tries in a row have failed; at 20 it is paused. */
  failures: number;
  /** When it was made. */
  createdAt: string;
  /** When it last changed. */
  updatedAt: string;
  /** Shown once, in the answer that made it. */
  secret?: string;
}

/** What the presented key is. */
export interface Whoami {
  /** The organisation's id. */
  organizationId: string;
  /** The organisation's name. */
  organizationName: string;
  /** `test` or `live`. */
  environment: string;
  /** What the key may do; `*`: everything. */
  scopes: string[];
  /** `standard`, `pilot`, `partner` or `unlimited`: how much it may ask a minute. */
  rateLimitTier: string;
  /** The key's id. */
  apiKeyId: string;
}

/** Answer of `DELETE /v1/content/:id/pending-schedule`. */
export interface Withdrawn {
  /** Its id. */
  id: string;
  /** null: there is none any more. */
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
