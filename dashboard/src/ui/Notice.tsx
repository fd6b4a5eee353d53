import { ValidationError } from "@layers/sdk";
import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { isRefusal } from "../api";

const ICONS = { trouble: CircleAlert, care: TriangleAlert, good: CircleCheck, info: Info };

interface NoticeProps {
  tone?: keyof typeof ICONS;
  children: ComponentChildren;
}

/** Something to know, where it matters. */
export function Notice({ tone = "info", children }: NoticeProps) {
  const Icon = ICONS[tone];
  return (
    <div class="notice" data-tone={tone} role={tone === "trouble" ? "alert" : undefined}>
      <Icon size={16} aria-hidden />
      <div>{children}</div>
    </div>
  );
}

/** What went wrong, in the API's own words: the message, each issue with its path, and the request's id. */
export function Trouble({ fault, children }: { fault: unknown; children?: ComponentChildren }) {
  if (fault === undefined || fault === null) return null;
  const requestId = isRefusal(fault) ? fault.requestId : undefined;
  const issues = fault instanceof ValidationError ? (fault.details.issues ?? []) : [];
  return (
    <Notice tone="trouble">
      {fault instanceof Error ? fault.message : String(fault)}
      {issues.length > 1 && (
        <ul>
          {issues.map(({ path, message }) => (
            <li key={path + message}>
              {path && <code>{path}</code>} {message}
            </li>
          ))}
        </ul>
      )}
      {children}
      {requestId && <span class="request">{requestId}</span>}
    </Notice>
  );
}
