// Written by generate.py from openapi.json. Change the API, then run `make docs`.
import type { Client, RequestOptions, WriteOptions } from "../client.js";
import { path } from "../path.js";
import type { ApprovalPolicy, Approved, Rejected, Withdrawn } from "./types.js";

export interface ApprovalGetPolicyParams {
  /** The project's id. */
  projectId: string;
}

export interface ApprovalUpdatePolicyParams {
  /** The project's id. */
  projectId: string;
  /** Whether new containers wait for approval. */
  requiresApproval?: boolean;
  /** After so many approved containers new ones are free; 0 or null: all wait. */
  firstNPostsBlocked?: number | null;
  /** After this time a waiting container is approved by itself, such as `PT36H`; null: never. */
  autoApproveAfter?: string | null;
}

export interface ApprovalApproveParams {
  /** The container's id. */
  containerId: string;
  /** A remark on the decision. Kept in the audit log. */
  note?: string | null;
}

export interface ApprovalRejectParams {
  /** The container's id. */
  containerId: string;
  /** Why, in your words. Kept in the audit log. */
  reason: string;
}

export interface ApprovalWithdrawPendingScheduleParams {
  /** The container's id. */
  containerId: string;
}

/** Who lets a container out. */
export class Approval {
  constructor(protected readonly client: Client) {}

  /**
   * Return the approval policy.
   *
   * `GET /v1/projects/{projectId}/approval-policy`, scope `projects:read`.
   * Its own errors: `NOT_FOUND`.
   */
  getPolicy(params: ApprovalGetPolicyParams, options?: RequestOptions): Promise<ApprovalPolicy> {
    const { projectId } = params;
    return this.client.request("GET", path`/v1/projects/${projectId}/approval-policy`, { options });
  }

  /**
   * Change the approval policy.
   *
   * `PATCH /v1/projects/{projectId}/approval-policy`, scope `projects:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `PROJECT_ARCHIVED`.
   */
  updatePolicy(params: ApprovalUpdatePolicyParams, options?: WriteOptions): Promise<ApprovalPolicy> {
    const { projectId, ...body } = params;
    return this.client.request("PATCH", path`/v1/projects/${projectId}/approval-policy`, { body, options });
  }

  /**
   * Approve a container; an intent kept on it is released.
   *
   * `POST /v1/content/{containerId}/approve`, scope `content:approve`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `CONTAINER_NOT_COMPLETED`.
   */
  approve(params: ApprovalApproveParams, options?: WriteOptions): Promise<Approved> {
    const { containerId, ...body } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/approve`, { body, options });
  }

  /**
   * Reject a container for good.
   *
   * `POST /v1/content/{containerId}/reject`, scope `content:approve`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   * Subcodes of `CONFLICT`: `CONTAINER_NOT_COMPLETED`.
   */
  reject(params: ApprovalRejectParams, options?: WriteOptions): Promise<Rejected> {
    const { containerId, ...body } = params;
    return this.client.request("POST", path`/v1/content/${containerId}/reject`, { body, options });
  }

  /**
   * Withdraw the intent kept on a container that waits for approval.
   *
   * `DELETE /v1/content/{containerId}/pending-schedule`, scope `publish:write`.
   * Its own errors: `CONFLICT`, `FORBIDDEN_ORIGIN`, `NOT_FOUND`.
   */
  withdrawPendingSchedule(
    params: ApprovalWithdrawPendingScheduleParams,
    options?: WriteOptions,
  ): Promise<Withdrawn> {
    const { containerId } = params;
    return this.client.request("DELETE", path`/v1/content/${containerId}/pending-schedule`, { options });
  }
}
