/**
 * What can go wrong, by `code`.
 *
 *     LayersError
 *       ApiError                 the API refused; ValidationError, ConflictError, … are kinds of it, one for each code
 *       UnexpectedAnswerError    UNEXPECTED_ANSWER: something answered that is not Layers
 *       NetworkError             NETWORK: no connection, or it broke before the answer was whole
 *         AnswerTimeoutError    ANSWER_TIMEOUT: no answer in time
 *       WaitTimeoutError         WAIT_TIMEOUT: a post was not done in time
 *       WebhookSignatureError    WEBHOOK_SIGNATURE: a webhook that is not genuine, or too old
 *
 * A call that its caller's `signal` ends throws the signal's reason instead.
 */
import type { ScheduledPost } from "./generated/types.js";

/** What all errors of this library are. */
export abstract class LayersError extends Error {
  abstract readonly code: string;
  /** The answer's status, if there was an answer. */
  declare readonly status?: number;
  /** Names the request in the server's logs. */
  declare readonly requestId?: string;
  /** What the request's key was: sent again with the same one, it is done once. */
  declare idempotencyKey?: string;
  /** Milliseconds the answer asks to wait. */
  declare readonly retryAfter?: number;

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return false;
  }
}

/** What an answer says apart from code and message. */
export interface Refusal<Details> {
  status: number;
  requestId: string;
  details: Details;
  retryAfter?: number | undefined;
}

/** The API refused. A code that this version does not know is an ApiError and no kind of it. */
export class ApiError<Code extends string = string, Details extends object = object> extends LayersError {
  override name = "ApiError";
  override readonly status: number;
  override readonly requestId: string;
  /** What goes with the code. */
  readonly details: Details;

  constructor(
    readonly code: Code,
    message: string,
    { status, requestId, details, retryAfter }: Refusal<Details>,
  ) {
    super(message);
    this.status = status;
    this.requestId = requestId;
    this.details = details;
    set(this, { retryAfter });
  }

  override get retryable(): boolean {
    if (this.status === 408 || this.status === 429) return true;
    if (this.status >= 500) return this.code !== "KILL_SWITCH";
    return "subcode" in this.details && this.details.subcode === "IDEMPOTENCY_IN_FLIGHT";
  }
}

/** Something answered that is not Layers: a proxy, or another server. */
export class UnexpectedAnswerError extends LayersError {
  override name = "UnexpectedAnswerError";
  readonly code = "UNEXPECTED_ANSWER";

  constructor(
    what: string,
    override readonly status: number,
    /** How the answer begins. */
    readonly body: string,
    retryAfter?: number,
  ) {
    super(`${what} was answered with ${status} and something that is not Layers' own. Is baseUrl right?`);
    set(this, { retryAfter });
  }

  override get retryable(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** No whole answer came. Whether the request was carried out is unknown; its `idempotencyKey` makes it safe to repeat. */
export class NetworkError extends LayersError {
  override name = "NetworkError";
  readonly code: string = "NETWORK";

  override get retryable(): boolean {
    return true;
  }
}

/** No answer came in time. */
export class AnswerTimeoutError extends NetworkError {
  override name = "AnswerTimeoutError";
  override readonly code = "ANSWER_TIMEOUT";
}

/** A post was not done in time. It goes on. */
export class WaitTimeoutError extends LayersError {
  override name = "WaitTimeoutError";
  readonly code = "WAIT_TIMEOUT";

  constructor(
    message: string,
    /** The post as it was last. */
    readonly post: ScheduledPost,
  ) {
    super(message);
  }
}

/** A webhook whose signature is missing, wrong or too old. Answer 400 and do nothing. */
export class WebhookSignatureError extends LayersError {
  override name = "WebhookSignatureError";
  readonly code = "WEBHOOK_SIGNATURE";
}

/** Set what there is: what is not should not be shown as undefined. */
function set(error: LayersError, fields: Partial<LayersError>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) Object.assign(error, { [name]: value });
  }
}
