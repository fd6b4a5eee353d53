export { Client, type ClientOptions, type Progress, type RequestOptions, type WriteOptions } from "./client.js";
export {
  ApiError,
  LayersError,
  NetworkError,
  AnswerTimeoutError,
  UnexpectedAnswerError,
  WaitTimeoutError,
  WebhookSignatureError,
} from "./errors.js";
export { Events, EventStream, type StreamedType, type StreamOptions, type StreamParams } from "./events.js";
export type { FileData, FileGiven } from "./files.js";
export * from "./generated/apiKeys.js";
export * from "./generated/approval.js";
export * from "./generated/audit.js";
export type * from "./generated/content.js";
export * from "./generated/errors.js";
export * from "./generated/platforms.js";
export * from "./generated/projects.js";
export type * from "./generated/publishing.js";
export * from "./generated/social.js";
export type * from "./generated/types.js";
export type * from "./generated/webhooks.js";
export {
  Content,
  Layers,
  Publishing,
  type UploadOptions,
  type UploadParams,
  type WaitOptions,
  Webhooks,
} from "./layers.js";
export { type Page, Pages } from "./pages.js";
export { type GivenHeaders, verify, type VerifyOptions } from "./verify.js";
