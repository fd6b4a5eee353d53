import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface FieldAttributes {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with it, in words. */
  issues?: readonly string[];
  /** Stands at the end of the label's line, such as a counter. */
  aside?: ComponentChildren;
  /** The input, given the attributes that tie it to label, hint and issues. */
  children: (attributes: FieldAttributes) => ComponentChildren;
}

export function Field({ label, hint, issues = [], aside, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <div class="label">
        <label for={id}>{label}</label>
        {aside}
      </div>
      {children({ id, "aria-describedby": `${id}-more`, "aria-invalid": issues.length > 0 })}
      <div id={`${id}-more`} hidden={!hint && issues.length === 0}>
        {issues.map((issue) => (
          <p key={issue} class="issue">
            {issue}
          </p>
        ))}
        {hint && <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}
