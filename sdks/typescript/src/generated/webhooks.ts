// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import type { Pages } from "../pages.js";
import { path } from "../path.js";
import type {
  DeletedEndpoint,
  DeliveryStatus,
  EventType,
  RotatedSecret,
  WebhookDelivery,
  WebhookEndpoint,
} from "./types.js";

export interface WebhookCreateEndpointParams {
  /** Where events are sent: `https` and public. */
  url: string;
  /** What it listens for. */
  events: EventType[];
  /** A remark for people. */
  description?: string | null;
  /** Only what happens in this project; null: in all. */
  projectId?: string | null;
}

export interface WebhookListEndpointsParams {
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface WebhookGetEndpointParams {
  /** The webhook endpoint's id. */
  endpointId: string;
}

export interface WebhookUpdateEndpointParams {
  /** The webhook endpoint's id. */
  endpointId: string;
  /** Where events are sent: `https` and public. */
  url?: string;
  /** What it listens for. */
  events?: EventType[];
  /** A remark for people. */
  description?: string | null;
  /** Only what happens in this project; null: in all. */
  projectId?: string | null;
  /** `paused`: events are kept for it. `active`: it hears them, in order. */
  status?: "active" | "paused";
}

export interface WebhookDeleteEndpointParams {
  /** The webhook endpoint's id. */
  endpointId: string;
}

export interface WebhookRotateSecretParams {
  /** The webhook endpoint's id. */
  endpointId: string;
}

export interface WebhookTestEndpointParams {
  /** The webhook endpoint's id. */
  endpointId: string;
}

export interface WebhookListDeliveriesParams {
  /** The webhook endpoint's id. */
  endpointId: string;
  /** Only those with this status. */
  status?: DeliveryStatus;
  /** `nextCursor` of the page before, as it was given, with the same query. */
  cursor?: string;
  /** How many items at most. */
  limit?: number;
}

export interface WebhookReplayDeliveryParams {
  /** The delivery's id. */
  deliveryId: string;
}

/** Be told instead of asking. */
export class WebhooksCalls {
  constructor(protected readonly client: Client) {}

  /**
   * Make an endpoint; its secret is shown this once.
   *
   * `POST /v1/webhook-endpoints`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`.
   */
  createEndpoint(params: WebhookCreateEndpointParams, options?: WriteOptions): Promise<WebhookEndpoint> {
    return this.client.request("POST", "/v1/webhook-endpoints", { body: params, options });
  }

  /**
   * List endpoints, newest first.
   *
   * `GET /v1/webhook-endpoints`, scope `webhooks:read`.
   */
  listEndpoints(params: WebhookListEndpointsParams = {}, options?: RequestOptions): Pages<WebhookEndpoint> {
    return this.client.list("/v1/webhook-endpoints", { query: params, options });
  }

  /**
   * Return an endpoint.
   *
   * `GET /v1/webhook-endpoints/{endpointId}`, scope `webhooks:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getEndpoint(params: WebhookGetEndpointParams, options?: RequestOptions): Promise<WebhookEndpoint> {
    const { endpointId } = params;
    return this.client.request("GET", path`/v1/webhook-endpoints/${endpointId}`, { options });
  }

  /**
   * Change an endpoint, pause it, or make it active again.
   *
   * `PATCH /v1/webhook-endpoints/{endpointId}`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  updateEndpoint(params: WebhookUpdateEndpointParams, options?: WriteOptions): Promise<WebhookEndpoint> {
    const { endpointId, ...body } = params;
    return this.client.request("PATCH", path`/v1/webhook-endpoints/${endpointId}`, { body, options });
  }

  /**
   * Delete an endpoint and its deliveries.
   *
   * `DELETE /v1/webhook-endpoints/{endpointId}`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  deleteEndpoint(params: WebhookDeleteEndpointParams, options?: WriteOptions): Promise<DeletedEndpoint> {
    const { endpointId } = params;
    return this.client.request("DELETE", path`/v1/webhook-endpoints/${endpointId}`, { options });
  }

  /**
   * Give an endpoint a new secret; the one before signs on for a day.
   *
   * `POST /v1/webhook-endpoints/{endpointId}/rotate-secret`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `TOO_MANY_SECRETS`.
   */
  rotateSecret(params: WebhookRotateSecretParams, options?: WriteOptions): Promise<RotatedSecret> {
    const { endpointId } = params;
    return this.client.request("POST", path`/v1/webhook-endpoints/${endpointId}/rotate-secret`, { options });
  }

  /**
   * Send a `test.ping`, whether or not the endpoint asked for it; it is tried once.
   *
   * `POST /v1/webhook-endpoints/{endpointId}/test`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `ENDPOINT_PAUSED`.
   */
  testEndpoint(params: WebhookTestEndpointParams, options?: WriteOptions): Promise<WebhookDelivery> {
    const { endpointId } = params;
    return this.client.request("POST", path`/v1/webhook-endpoints/${endpointId}/test`, { options });
  }

  /**
   * List what an endpoint was told or is to be told, newest first; kept for 30 days.
   *
   * `GET /v1/webhook-endpoints/{endpointId}/deliveries`, scope `webhooks:read`.
   * Its own errors: `NOT_FOUND`.
   */
  listDeliveries(params: WebhookListDeliveriesParams, options?: RequestOptions): Pages<WebhookDelivery> {
    const { endpointId, ...query } = params;
    return this.client.list(path`/v1/webhook-endpoints/${endpointId}/deliveries`, { query, options });
  }

  /**
   * Deliver an event once more, under the same event id.
   *
   * `POST /v1/webhook-deliveries/{deliveryId}/replay`, scope `webhooks:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `DELIVERY_IN_HAND`, `ENDPOINT_PAUSED`.
   */
  replayDelivery(params: WebhookReplayDeliveryParams, options?: WriteOptions): Promise<WebhookDelivery> {
    const { deliveryId } = params;
    return this.client.request("POST", path`/v1/webhook-deliveries/${deliveryId}/replay`, { options });
  }
}
