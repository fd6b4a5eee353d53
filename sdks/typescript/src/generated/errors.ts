// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import { ApiError } from "../errors.js";
import type { Issue, PendingSchedule } from "./types.js";

export interface ApprovalRequiredDetails {
  containerId: string;
  approvalStatus: "pending";
  pendingSchedule: PendingSchedule;
}

/** The container waits for approval; `details.pendingSchedule` shows the intent that was kept. */
export class ApprovalRequiredError extends ApiError<"APPROVAL_REQUIRED", ApprovalRequiredDetails> {
  override name = "ApprovalRequiredError";
}

export interface ConflictDetails {
  subcode?: string;
  status?: string;
  approvalStatus?: string;
  scheduledPostIds?: string[];
}

/** The thing is in a state that forbids this; `details.subcode` tells which where a call has several. */
export class ConflictError extends ApiError<"CONFLICT", ConflictDetails> {
  override name = "ConflictError";
}

/** A person rejected the container. */
export class ContentRejectedError extends ApiError<"CONTENT_REJECTED"> {
  override name = "ContentRejectedError";
}

export interface CredentialInvalidDetails {
  socialAccountId: string;
  status: "reauth_required" | "disconnected";
}

/** The target account is disconnected or must be reconnected. */
export class CredentialInvalidError extends ApiError<"CREDENTIAL_INVALID", CredentialInvalidDetails> {
  override name = "CredentialInvalidError";
}

/** A change was asked for with a browser's session, and not by the dashboard of this installation. */
export class ForbiddenOriginError extends ApiError<"FORBIDDEN_ORIGIN"> {
  override name = "ForbiddenOriginError";
}

export interface ForbiddenScopeDetails {
  requiredScope: string;
}

/** The key lacks the scope named in `details.requiredScope`. */
export class ForbiddenScopeError extends ApiError<"FORBIDDEN_SCOPE", ForbiddenScopeDetails> {
  override name = "ForbiddenScopeError";
}

/** Too many headers, or too long ones. */
export class HeadersTooLargeError extends ApiError<"HEADERS_TOO_LARGE"> {
  override name = "HeadersTooLargeError";
}

/** The Idempotency-Key was used before with another body. */
export class IdempotencyConflictError extends ApiError<"IDEMPOTENCY_CONFLICT"> {
  override name = "IdempotencyConflictError";
}

/** A bug of ours; the message never leaks internals. */
export class InternalError extends ApiError<"INTERNAL"> {
  override name = "InternalError";
}

export interface KillSwitchDetails {
  scope: "key" | "organization";
}

/** The key or its organisation was disabled. */
export class KillSwitchError extends ApiError<"KILL_SWITCH", KillSwitchDetails> {
  override name = "KillSwitchError";
}

/** What was sent is not HTTP, or hides where a request ends; the connection is closed. */
export class MalformedRequestError extends ApiError<"MALFORMED_REQUEST"> {
  override name = "MalformedRequestError";
}

/** The path exists, the method does not. */
export class MethodNotAllowedError extends ApiError<"METHOD_NOT_ALLOWED"> {
  override name = "MethodNotAllowedError";
}

/** No such thing for this caller. */
export class NotFoundError extends ApiError<"NOT_FOUND"> {
  override name = "NotFoundError";
}

/** More bytes than allowed. */
export class PayloadTooLargeError extends ApiError<"PAYLOAD_TOO_LARGE"> {
  override name = "PayloadTooLargeError";
}

/** The range asked for lies outside; `Content-Range` tells the size. */
export class RangeNotSatisfiableError extends ApiError<"RANGE_NOT_SATISFIABLE"> {
  override name = "RangeNotSatisfiableError";
}

export interface RateLimitedDetails {
  endpointClass: "read-light" | "write-light";
  limit: number;
}

/** Too many requests; see Retry-After. */
export class RateLimitedError extends ApiError<"RATE_LIMITED", RateLimitedDetails> {
  override name = "RateLimitedError";
}

/** The request arrived too slowly; the connection is closed. */
export class RequestTimeoutError extends ApiError<"REQUEST_TIMEOUT"> {
  override name = "RequestTimeoutError";
}

export interface ReturnUrlNotAllowedDetails {
  returnHosts: string[];
}

/** The host of an OAuth return address is not on the key's list. */
export class ReturnUrlNotAllowedError extends ApiError<"RETURN_URL_NOT_ALLOWED", ReturnUrlNotAllowedDetails> {
  override name = "ReturnUrlNotAllowedError";
}

/** No, malformed, unknown or retired key. */
export class UnauthenticatedError extends ApiError<"UNAUTHENTICATED"> {
  override name = "UnauthenticatedError";
}

/**
 * The database or the media store is away, or the disk is full; nothing is known to have happened, so repeat
 * with the same Idempotency-Key.
 */
export class UnavailableError extends ApiError<"UNAVAILABLE"> {
  override name = "UnavailableError";
}

/** A Content-Type or Content-Encoding the route does not take. */
export class UnsupportedMediaTypeError extends ApiError<"UNSUPPORTED_MEDIA_TYPE"> {
  override name = "UnsupportedMediaTypeError";
}

export interface UploadIncompleteDetails {
  assets: Record<string, unknown>[];
}

/** Not all bytes have arrived; `details.assets` names what is missing. */
export class UploadIncompleteError extends ApiError<"UPLOAD_INCOMPLETE", UploadIncompleteDetails> {
  override name = "UploadIncompleteError";
}

/** Path and query are longer than any address of the API. */
export class UriTooLongError extends ApiError<"URI_TOO_LONG"> {
  override name = "UriTooLongError";
}

export interface ValidationDetails {
  issues: Issue[];
}

/** The input is wrong; `details.issues` lists every fault at once, up to a thousand. */
export class ValidationError extends ApiError<"VALIDATION", ValidationDetails> {
  override name = "ValidationError";
}

/** The class of each code. */
export const ERRORS = {
  APPROVAL_REQUIRED: ApprovalRequiredError,
  CONFLICT: ConflictError,
  CONTENT_REJECTED: ContentRejectedError,
  CREDENTIAL_INVALID: CredentialInvalidError,
  FORBIDDEN_ORIGIN: ForbiddenOriginError,
  FORBIDDEN_SCOPE: ForbiddenScopeError,
  HEADERS_TOO_LARGE: HeadersTooLargeError,
  IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
  INTERNAL: InternalError,
  KILL_SWITCH: KillSwitchError,
  MALFORMED_REQUEST: MalformedRequestError,
  METHOD_NOT_ALLOWED: MethodNotAllowedError,
  NOT_FOUND: NotFoundError,
  PAYLOAD_TOO_LARGE: PayloadTooLargeError,
  RANGE_NOT_SATISFIABLE: RangeNotSatisfiableError,
  RATE_LIMITED: RateLimitedError,
  REQUEST_TIMEOUT: RequestTimeoutError,
  RETURN_URL_NOT_ALLOWED: ReturnUrlNotAllowedError,
  UNAUTHENTICATED: UnauthenticatedError,
  UNAVAILABLE: UnavailableError,
  UNSUPPORTED_MEDIA_TYPE: UnsupportedMediaTypeError,
  UPLOAD_INCOMPLETE: UploadIncompleteError,
  URI_TOO_LONG: UriTooLongError,
  VALIDATION: ValidationError,
} as const;
